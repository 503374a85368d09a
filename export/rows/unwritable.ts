/** What no format can write: it is left out of an export, counted, and told. */
import { isTime } from '../../collector/time.ts';
import type { Db } from '../../store/database.ts';

/** A host with snapshots whose own time is no date. */
export interface Unwritable {
  readonly hostId: string;
  readonly collectedTime: number;
}

/** Of each host its first and its last snapshot: two looks into an index, however many there are. */
export const unwritableHosts = (db: Db): readonly Unwritable[] =>
  (
    db
      .prepare(
        'SELECT h.host_id AS hostId, (SELECT min(collected_time) FROM main._snapshot WHERE host = h.host) AS first, ' +
          '(SELECT max(collected_time) FROM main._snapshot WHERE host = h.host) AS last FROM main._host h ORDER BY h.host_id',
      )
      .all() as { readonly hostId: string; readonly first: number | null; readonly last: number | null }[]
  ).flatMap(({ hostId, first, last }) => {
    const odd = [first, last].find((time) => time !== null && !isTime(time));
    return odd === undefined || odd === null ? [] : [{ hostId, collectedTime: odd }];
  });
