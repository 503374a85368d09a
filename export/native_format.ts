/** The native format over parts; native.ts has its lines, and what reads them. */
import { endLine, rowHead, rowMiddle, snapshotLine, tableLine } from './native.ts';
import { quoteName, quoteText } from '../store/ddl.ts';
import { isReport, objectWriter, rowTexts } from './parts.ts';
import type { Format } from './parts.ts';
import type { Table } from '../collector/table.ts';

/** The columns of a row as they are, as a JSON object. */
export const columnsSql = ({ columns }: Table): string =>
  `json_object(${Object.keys(columns)
    .map((name) => `${quoteText(name)}, ${quoteName(name)}`)
    .join(', ')})`;

export const nativeFormat = (): Format => ({
  rowSql: columnsSql,
  files: 'one',
  extension: '.ndjson',
  *snapshot({ head, tables }) {
    const { snapshotId } = head;
    yield snapshotLine(head);
    let count = 0;
    for (const part of tables) {
      const { table, status, affected, failed, rowCount, details } = part;
      // What table_status says stands in the line of each table.
      if (table.name === 'table_status') continue;
      const look = { status, affected: isReport(table) ? [] : affected, failed: failed ?? null, rowCount };
      yield tableLine(table.name, snapshotId, look, isReport(table) ? null : details);
      count += rowCount;
      const start = rowHead(head, table.name);
      yield* rowTexts(
        part,
        head,
        objectWriter(Object.keys(table.columns)),
        (id, columns) => `${start}${id}${rowMiddle}${columns}}\n`,
      );
    }
    yield endLine(snapshotId, count);
  },
});
