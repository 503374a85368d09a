/** One JSON document: snapshots, their tables, their rows. */
import { doubtFields } from '../../store/doubts.ts';
import { columnsSql, objectWriter, renamedOf, rowTexts } from '../format.ts';
import type { ExportTable, Format, Head, WrittenTable } from '../format.ts';
import type { TableDetails } from '../../store/native/encode.ts';

/** The line with which a snapshot begins, without its end. */
const startOf = (head: Head): string =>
  JSON.stringify({
    snapshot_id: head.snapshotId,
    host_id: head.hostId,
    collected_time: head.collectedTime,
    sequence: head.sequence,
    status: head.status,
    origin: head.origin,
    euid: head.euid,
    tool_version: head.toolVersion,
    schema_version: head.schemaVersion,
    redaction: head.redaction,
  }).slice(0, -1);

const detailFields = ({ code, reason, durationMs, doubts }: TableDetails): object => ({
  code,
  reason,
  duration_ms: durationMs,
  ...doubtFields(doubts),
});

/** The line of a table, without its end. */
const startOfTable = ({ table, status, affected, rowCount, details }: ExportTable | WrittenTable): string =>
  JSON.stringify({
    table: table.name,
    status,
    row_count: rowCount,
    columns_affected: affected,
    ...(details === null ? {} : detailFields(details)),
  }).slice(0, -1);

/** The rows of a table, with commas between them. */
const rowsOf = (exportTable: ExportTable | WrittenTable, head: Head): Iterable<string> => {
  const { table } = exportTable;
  const renamedIn = renamedOf(table);
  let comma = '';
  return rowTexts(exportTable, head, objectWriter(Object.keys(table.columns)), (id, columns, change, row) => {
    const renamed = renamedIn(row);
    const more = renamed === null ? '' : `,${JSON.stringify(renamed).slice(1, -1)}`;
    const action = change === null ? '' : `,"change":"${change}"${more}`;
    const text = `${comma}\n  {"row_id":"${id}"${action},"columns":${columns}}`;
    comma = ',';
    return text;
  });
};

export const jsonFormat = (): Format => ({
  rowSql: columnsSql,
  files: 'one',
  extension: '.json',
  between: ',',
  begin: () => '{"tokenquery":1,"kind":"export","snapshots":[',
  *snapshot({ head, tables }) {
    yield `\n${startOf(head)},"tables":[`;
    let before = '';
    for (const exportTable of tables) {
      yield `${before}\n ${startOfTable(exportTable)},"rows":[`;
      before = ',';
      yield* rowsOf(exportTable, head);
      yield ']}';
    }
    yield ']}';
  },
  end: () => '\n]}\n',
});
