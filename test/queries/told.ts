/** What exports with a cursor tell of the life of findings, one after the other. */
import { findingEventSnapshots } from '../../export/finding_events.ts';
import { findingEventsTable } from '../../export/finding_events_table.ts';
import type { ExportTable, Head } from '../../export/format.ts';
import { lastEvent, newEvents } from '../../export/seen_events.ts';
import type { SeenEvent } from '../../export/seen_events.ts';
import type { Store } from '../../store/store.ts';

const eventColumns = Object.keys(findingEventsTable.columns);

/** An event as an export tells it. */
interface Told {
  readonly id: string;
  readonly finding: string;
  readonly query: string;
  readonly event: string;
  readonly time: number;
  readonly state: string;
}

/** Reads on from where it was, as an export with a cursor does. */
export class Reader {
  readonly told: Told[] = [];
  #seen: SeenEvent | null = null;
  readonly #hostIds: readonly string[];

  constructor(hostIds: readonly string[]) {
    this.#hostIds = hostIds;
  }

  read(store: Store): void {
    const news = newEvents(store, this.#seen);
    this.#seen = lastEvent(store, news, this.#seen);
    const snapshots = this.#hostIds.map((hostId) => ({ head: { hostId } as Head, host: {} }));
    for (const {
      tables: [only],
    } of findingEventSnapshots(store, news, snapshots) as Iterable<{ tables: [ExportTable] }>)
      for (const { id, cells } of only.rows) {
        const of = (name: string) => String(cells[eventColumns.indexOf(name)]);
        const finding = `${of('query_name')} ${of('finding_id')}`;
        const time = Number(of('event_time'));
        this.told.push({
          ...{ id, finding, time, query: of('query_name') },
          ...{ event: of('event'), state: of('state') },
        });
      }
  }

  /** What stands, for whoever takes the last event of each finding by its time. */
  standing(): readonly string[] {
    return [...Map.groupBy(this.told, ({ finding }) => finding)]
      .filter(
        ([, events]) =>
          events.reduce((last, event) => (event.time >= last.time ? event : last)).state !== 'gone',
      )
      .map(([finding]) => finding)
      .toSorted();
  }
}

/** What stands by the findings of a store. */
export const standingIn = (store: Store): readonly string[] =>
  store.db
    .prepare("SELECT query_name || ' ' || finding_id FROM findings ORDER BY 1")
    .pluck()
    .all() as string[];
