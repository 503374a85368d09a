/** The native format over parts; native.ts has its lines, and what reads them. */
import { endLine, rowHead, rowMiddle, snapshotLine, tableLine } from './native.ts';
import { isReport, objectWriter } from './parts.ts';
import type { Format } from './parts.ts';

export const nativeFormat = (): Format => ({
  wants: 'json',
  files: 'one',
  extension: '.ndjson',
  *snapshot({ head, tables }) {
    const { snapshotId } = head;
    yield snapshotLine(head);
    let count = 0;
    for (const { table, status, affected, rowCount, details, rows } of tables) {
      // What table_status says stands in the line of each table.
      if (table.name === 'table_status') continue;
      const look = { status, affected: isReport(table) ? [] : affected, rowCount };
      yield tableLine(table.name, snapshotId, look, isReport(table) ? null : details);
      const start = rowHead(head, table.name);
      const object = objectWriter(Object.keys(table.columns));
      for (const { id, json, cells } of rows) {
        count += 1;
        yield `${start}${id}${rowMiddle}${json ?? object(cells ?? [])}}\n`;
      }
    }
    yield endLine(snapshotId, count);
  },
});
