/** The native format of an export; store/native/ has its lines, and what reads them. */
import { endLine, rowHead, rowMiddle, snapshotLine, tableLine } from '../../store/native/encode.ts';
import { columnsSql, isReport, objectWriter, rowTexts } from '../format.ts';
import type { Format } from '../format.ts';

export const nativeFormat = (): Format => ({
  rowSql: columnsSql,
  files: 'one',
  extension: '.ndjson',
  *snapshot({ head, tables }) {
    const { snapshotId } = head;
    yield snapshotLine(head);
    let count = 0;
    for (const exportTable of tables) {
      const { table, status, affected, failed, absent, rowCount, details } = exportTable;
      // What table_status says stands in the line of each table.
      if (table.name === 'table_status') continue;
      const observation = {
        status,
        affected: isReport(table) ? [] : affected,
        failed: failed ?? null,
        ...(absent === undefined ? {} : { absent }),
        rowCount,
      };
      yield tableLine(table.name, snapshotId, observation, isReport(table) ? null : details);
      count += rowCount;
      const start = rowHead(head, table.name);
      yield* rowTexts(
        exportTable,
        head,
        objectWriter(Object.keys(table.columns)),
        (id, columns) => `${start}${id}${rowMiddle}${columns}}\n`,
      );
    }
    yield endLine(snapshotId, count);
  },
});
