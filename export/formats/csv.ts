/** CSV as RFC 4180 has it, one file for each table. */
import { csvCell, notCalculated } from '../cell.ts';
import { chunkCharacters, renamedOf } from '../format.ts';
import type { Cell, ExportSnapshot, Format, TableText } from '../format.ts';

const field = (value: Cell, isForSpreadsheet: boolean): string =>
  csvCell(isForSpreadsheet ? notCalculated(value) : value);

const fields = (cells: readonly Cell[], isForSpreadsheet: boolean): string => {
  let text = '';
  for (let index = 0; index < cells.length; index += 1)
    text += `${index === 0 ? '' : ','}${field(cells[index] ?? null, isForSpreadsheet)}`;
  return text;
};

export const csvLine = (cells: readonly Cell[], isForSpreadsheet = false): string =>
  `${fields(cells, isForSpreadsheet)}\r\n`;

export interface CsvOptions {
  /** Puts an apostrophe before a text that a spreadsheet would calculate; the text is then not what was read. */
  readonly isForSpreadsheet?: boolean;
  /** Adds the column `change`, and those that say what changed in a row. */
  readonly hasChange?: boolean;
}

export const csvFormat = ({ isForSpreadsheet = false, hasChange = false }: CsvOptions = {}): Format => ({
  rowSql: null,
  files: 'table',
  extension: '.csv',
  header: ({ columns }) =>
    csvLine([
      ...Object.keys(columns),
      ...['host_id', 'snapshot_id', 'collected_time', 'row_id'],
      ...(hasChange ? ['change', 'column_name', 'old_value', 'new_value'] : []),
    ]),
  *snapshot({ head, tables }: ExportSnapshot): Generator<TableText> {
    const own = fields([head.hostId, head.snapshotId, head.collectedTime], isForSpreadsheet);
    for (const { table, rows } of tables) {
      let text = '';
      const renamedIn = renamedOf(table);
      for (const row of rows) {
        const { id, change, cells } = row;
        text += `${fields(cells, isForSpreadsheet)},${own},${id}`;
        const { column_name = null, old_value = null, new_value = null } = renamedIn(row) ?? {};
        const what = [change, column_name, old_value, new_value];
        text += hasChange ? `,${fields(what, isForSpreadsheet)}\r\n` : '\r\n';
        if (text.length < chunkCharacters) continue;
        yield { table, text };
        text = '';
      }
      // Also without any text: a table without rows has a file with its header.
      yield { table, text };
    }
  },
});
