/** Events for the HTTP Event Collector of Splunk: objects one after the other, which is how it takes a batch. */
import { objectWriter } from './parts.ts';
import type { Cell, Format } from './parts.ts';
import type { Table } from '../collector/table.ts';

/** 1 and 0 as true and false, where that is what they are. */
export const booleanWriter = (table: Table): ((cells: readonly Cell[]) => string) => {
  const names = Object.keys(table.columns);
  const isBoolean = Object.values(table.columns).map((column) => column.isBoolean === true);
  const write = objectWriter(names);
  return (cells) =>
    write(
      cells.map((cell, index) =>
        isBoolean[index] === true && cell !== null ? ((cell === 1) as unknown as Cell) : cell,
      ),
    );
};

export interface HecOptions {
  /** The index of Splunk; without it, the token decides. */
  readonly index?: string;
}

export const hecFormat = ({ index }: HecOptions = {}): Format => ({
  wants: 'cells',
  files: 'one',
  extension: '.json',
  *snapshot({ head, host, tables }) {
    const { hostname } = host;
    for (const { table, rows } of tables) {
      const start = JSON.stringify({
        time: head.collectedTime,
        host: typeof hostname === 'string' ? hostname : head.hostId,
        source: 'tokenquery',
        sourcetype: `tokenquery:${table.name}`,
        ...(index === undefined ? {} : { index }),
      }).slice(0, -1);
      const object = booleanWriter(table);
      const hostUuid = JSON.stringify(head.hostId);
      const level = head.redaction === null ? '' : `"redaction":${JSON.stringify(head.redaction)},`;
      const fields = `"fields":{"host_uuid":${hostUuid},"snapshot_id":"${head.snapshotId}",${level}"row_id":"`;
      for (const { id, change, cells } of rows) {
        // `host_id` is a column of every table.
        const event = `${object(cells ?? []).slice(0, -1)},"host_id":${hostUuid}}`;
        yield `${start},"event":${event},${fields}${id}"${change === null ? '' : `,"change":"${change}"`}}}\n`;
      }
    }
  },
});
