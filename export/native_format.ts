/** The native format over parts; native.ts has its lines, and what reads them. */
import { endLine, rowHead, rowMiddle, snapshotLine, tableLine } from './native.ts';
import { identities, isReport, objectWriter } from './parts.ts';
import type { Format, Head } from './parts.ts';

/** So many rows make a piece of text: a piece for each costs more than the row itself. */
const rowsAtOnce = 32;

/** Writes the rows of one table in one snapshot, out of the text of SQLite; in no generator, which is half as fast. */
const lineWriter = (head: Head, table: string): ((lines: readonly string[], from: number) => string) => {
  const identify = identities(head, table);
  const start = rowHead(head, table);
  return (lines, from) => {
    const end = Math.min(lines.length, from + rowsAtOnce);
    let text = '';
    for (let index = from; index < end; index += 1) {
      const line = lines[index] as string;
      const cut = line.indexOf('\n');
      text += `${start}${identify(line.slice(0, cut), null)}${rowMiddle}${line.slice(cut + 1)}}\n`;
    }
    return text;
  };
};

export const nativeFormat = (): Format => ({
  wants: 'json',
  files: 'one',
  extension: '.ndjson',
  *snapshot({ head, tables }) {
    const { snapshotId } = head;
    yield snapshotLine(head);
    let count = 0;
    for (const { table, status, affected, failed, rowCount, details, rows, lines } of tables) {
      // What table_status says stands in the line of each table.
      if (table.name === 'table_status') continue;
      const look = { status, affected: isReport(table) ? [] : affected, failed: failed ?? null, rowCount };
      let text = tableLine(table.name, snapshotId, look, isReport(table) ? null : details);
      const start = rowHead(head, table.name);
      count += rowCount;
      if (lines !== undefined) {
        const write = lineWriter(head, table.name);
        for (let from = 0; from < lines.length; from += rowsAtOnce) {
          yield text + write(lines, from);
          text = '';
        }
      } else {
        const object = objectWriter(Object.keys(table.columns));
        for (const { id, json, cells } of rows) {
          yield `${text}${start}${id}${rowMiddle}${json ?? object(cells ?? [])}}\n`;
          text = '';
        }
      }
      yield text;
    }
    yield endLine(snapshotId, count);
  },
});
