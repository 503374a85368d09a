/** Events for the HTTP Event Collector of Splunk: objects one after the other, which is how it takes a batch. */
import { booleanMembers, booleanWriter, hostIdMember, objectSql, renamedOf, rowTexts } from '../format.ts';
import type { Format, Renamed } from '../format.ts';
import type { Table } from '../../collector/table.ts';

/** The columns of a row in SQL, and `host_id`. */
const eventSql = (table: Table): string => objectSql([...booleanMembers(table), hostIdMember]);

/** Fields of an event are texts; what is not known has none. */
const fieldsOf = (renamed: Renamed): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(renamed).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
  );

export interface HecOptions {
  /** The index of Splunk; without it, the token decides. */
  readonly index?: string;
}

export const hecFormat = ({ index }: HecOptions = {}): Format => ({
  rowSql: eventSql,
  files: 'one',
  extension: '.json',
  *snapshot({ head, host, tables }) {
    const { hostname } = host;
    for (const exportTable of tables) {
      const { table } = exportTable;
      const start = JSON.stringify({
        time: head.collectedTime,
        host: typeof hostname === 'string' ? hostname : head.hostId,
        source: 'tokenquery',
        sourcetype: `tokenquery:${table.name}`,
        ...(index === undefined ? {} : { index }),
      }).slice(0, -1);
      const object = booleanWriter(table);
      const renamedIn = renamedOf(table);
      const hostUuid = JSON.stringify(head.hostId);
      const level = head.redaction === null ? '' : `"redaction":${JSON.stringify(head.redaction)},`;
      const fields = `"fields":{"host_uuid":${hostUuid},"snapshot_id":"${head.snapshotId}",${level}"row_id":"`;
      yield* rowTexts(
        exportTable,
        head,
        // `host_id` is a column of every table.
        (cells) => `${object(cells).slice(0, -1)},"host_id":${hostUuid}}`,
        (id, event, change, row) => {
          const renamed = renamedIn(row);
          const more = renamed === null ? '' : `,${JSON.stringify(fieldsOf(renamed)).slice(1, -1)}`;
          return `${start},"event":${event},${fields}${id}"${change === null ? '' : `,"change":"${change}"${more}`}}}\n`;
        },
      );
    }
  },
});
