/** One JSON document: snapshots, their tables, their rows. */
import { identities, objectWriter } from './parts.ts';
import type { Format, Head } from './parts.ts';

// As in native_format.ts: a piece for each row costs more than the row itself.
const rowsAtOnce = 32;

const lineWriter = (head: Head, table: string): ((lines: readonly string[], from: number) => string) => {
  const identify = identities(head, table);
  return (lines, from) => {
    const end = Math.min(lines.length, from + rowsAtOnce);
    let text = '';
    for (let index = from; index < end; index += 1) {
      const line = lines[index] as string;
      const cut = line.indexOf('\n');
      const id = identify(line.slice(0, cut), null);
      text += `${index === 0 ? '' : ','}\n  {"row_id":"${id}","columns":${line.slice(cut + 1)}}`;
    }
    return text;
  };
};

export const jsonFormat = (): Format => {
  let separator = '\n';
  return {
    wants: 'json',
    files: 'one',
    extension: '.json',
    begin: () => '{"tokenquery":1,"kind":"export","snapshots":[',
    *snapshot({ head, tables }) {
      const text = JSON.stringify({
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
      yield `${separator}${text.slice(0, -1)},"tables":[`;
      separator = ',\n';
      let before = '';
      for (const { table, status, affected, rowCount, details, rows, lines } of tables) {
        const look = JSON.stringify({
          table: table.name,
          status,
          row_count: rowCount,
          columns_affected: affected,
          ...(details === null
            ? {}
            : { code: details.code, reason: details.reason, duration_ms: details.durationMs }),
        });
        yield `${before}\n ${look.slice(0, -1)},"rows":[`;
        before = ',';
        if (lines !== undefined) {
          const write = lineWriter(head, table.name);
          for (let from = 0; from < lines.length; from += rowsAtOnce) yield write(lines, from);
        } else {
          const object = objectWriter(Object.keys(table.columns));
          let comma = '';
          for (const { id, change, json, cells } of rows) {
            const action = change === null ? '' : `,"change":"${change}"`;
            yield `${comma}\n  {"row_id":"${id}"${action},"columns":${json ?? object(cells ?? [])}}`;
            comma = ',';
          }
        }
        yield ']}';
      }
      yield ']}';
    },
    end: () => '\n]}\n',
  };
};
