/** One JSON document: snapshots, their tables, their rows. */
import { doubtFields } from '../../store/doubts.ts';
import { columnsSql } from './native.ts';
import { objectWriter, renamedOf, rowTexts } from '../format.ts';
import type { Format } from '../format.ts';

export const jsonFormat = (): Format => {
  return {
    rowSql: columnsSql,
    files: 'one',
    extension: '.json',
    between: ',',
    begin: () => '{"tokenquery":1,"kind":"export","snapshots":[',
    *snapshot({ head, tables }) {
      const start = JSON.stringify({
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
      });
      yield `\n${start.slice(0, -1)},"tables":[`;
      let before = '';
      for (const exportTable of tables) {
        const { table, status, affected, rowCount, details } = exportTable;
        const observation = JSON.stringify({
          table: table.name,
          status,
          row_count: rowCount,
          columns_affected: affected,
          ...(details === null
            ? {}
            : {
                code: details.code,
                reason: details.reason,
                duration_ms: details.durationMs,
                ...doubtFields(details.doubts),
              }),
        });
        yield `${before}\n ${observation.slice(0, -1)},"rows":[`;
        before = ',';
        let comma = '';
        const renamedIn = renamedOf(table);
        yield* rowTexts(
          exportTable,
          head,
          objectWriter(Object.keys(table.columns)),
          (id, columns, change, row) => {
            const renamed = renamedIn(row);
            const more = renamed === null ? '' : `,${JSON.stringify(renamed).slice(1, -1)}`;
            const action = change === null ? '' : `,"change":"${change}"${more}`;
            const text = `${comma}\n  {"row_id":"${id}"${action},"columns":${columns}}`;
            comma = ',';
            return text;
          },
        );
        yield ']}';
      }
      yield ']}';
    },
    end: () => '\n]}\n',
  };
};
