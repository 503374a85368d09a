/** The native format over parts; native.ts has its lines, and what reads them. */
import { endLine, rowHead, rowMiddle, snapshotLine, tableLine } from './native.ts';
import { identities, isReport, objectWriter } from './parts.ts';
import type { Format } from './parts.ts';

// A piece for each row costs more than the row itself.
const pieceCharacters = 16_384;

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
        const identify = identities(head, table.name);
        for (const line of lines) {
          const cut = line.indexOf('\n');
          text += `${start}${identify(line.slice(0, cut), null)}${rowMiddle}${line.slice(cut + 1)}}\n`;
          if (text.length < pieceCharacters) continue;
          yield text;
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
