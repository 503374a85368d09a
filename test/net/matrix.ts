/**
 * Every question on constructed hosts: a sample host of which one table has one status. The sample is what the first
 * program exported of it. With a past, a good observation precedes it by three days, so that a database keeps the rows
 * of a table that is denied by now; without one there never was a good observation.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { questions, readInput, reportNames, sampleNames, tables } from './evidence.ts';
import { withRecordedVersion } from './program.ts';
import type { Run } from './program.ts';
import { readPacked } from './recorded.ts';

const day = 86_400;

/** Every status of an observation, and a table that was not collected. */
const states = [
  'ok',
  'empty',
  'partial',
  'partial_columns',
  'denied',
  'failed',
  'unsupported',
  'not_recorded',
  'skipped',
  'absent',
] as const;
type State = (typeof states)[number];

type Line = Record<string, unknown>;
interface Look {
  readonly line: Line;
  readonly rows: readonly Line[];
}
interface Host {
  readonly name: string;
  readonly header: Line;
  readonly looks: ReadonlyMap<string, Look>;
}

/** Of Apple's own accounts three are enough, and of rows that no question reads none. */
const isOfUse = (row: Line, isRead: boolean): boolean => {
  const name = String((row['columns'] as Line)['username'] ?? '');
  return isRead && !/^(?:_(?!mbsetupuser|svcadm|uucp)|daemon$|nobody$)/.test(name);
};

const readHosts = (read: ReadonlySet<string>): readonly Host[] => {
  const hosts: Host[] = [];
  let looks = new Map<string, Look>();
  let rows: Line[] = [];
  const names = new Map(
    sampleNames.map((name) => {
      const about = JSON.parse(readInput(name).get('evidence.json') ?? '{}') as Line;
      return [about['host_id'], name];
    }),
  );
  const text = withRecordedVersion(readPacked('samples.ndjson').toString());
  for (const line of text
    .trimEnd()
    .split('\n')
    .map((words) => JSON.parse(words) as Line)) {
    const table = String(line['table']);
    if (line['kind'] === 'snapshot') {
      looks = new Map();
      hosts.push({ name: names.get(line['host_id']) ?? '', header: line, looks });
    } else if (line['kind'] === 'table') {
      rows = [];
      // What is said of the collection itself is no fact of a Mac.
      if (!['collection_errors', 'command_log'].includes(table)) looks.set(table, { line, rows });
    } else if (line['kind'] === 'row' && isOfUse(line, read.has(table))) rows.push(line);
  }
  return hosts;
};

const without = (row: Line, names: readonly string[]): Line => ({
  ...row,
  columns: { ...(row['columns'] as Line), ...Object.fromEntries(names.map((name) => [name, null])) },
});

/** The observation of a table, had it this status; null where it is left out. */
const inState = (name: string, { line, rows }: Look, state: State): Look | null => {
  const nullable = tables[name]?.nullable ?? [];
  const reason = { code: null, reason: `constructed: ${state}` };
  if (state === 'absent') return null;
  if (state === 'ok') return { line: { ...line, status: rows.length > 0 ? 'ok' : 'empty' }, rows };
  if (state === 'empty') return { line: { ...line, status: 'empty', columns_affected: [] }, rows: [] };
  if (state === 'partial') {
    return {
      line: { ...line, ...reason, status: 'partial', columns_affected: null, sources_failed: null },
      rows,
    };
  }
  if (state === 'partial_columns') {
    return {
      line: { ...line, ...reason, status: 'partial', columns_affected: nullable, sources_failed: null },
      rows: rows.map((row) => without(row, nullable)),
    };
  }
  const code = state === 'denied' ? 'permission_denied' : state === 'failed' ? 'parse_failed' : null;
  return { line: { ...line, ...reason, code, status: state, columns_affected: null }, rows: [] };
};

/** The lines of a snapshot, as an export has them. */
const snapshotLines = (
  { header, looks }: Host,
  hostId: string,
  time: number,
  sequence: number,
): readonly string[] => {
  const lines: Line[] = [
    { ...header, host_id: hostId, collected_time: time, sequence, snapshot_id: sequence, status: 'partial' },
  ];
  let count = 0;
  for (const { line, rows } of looks.values()) {
    lines.push({ ...line, snapshot_id: sequence, row_count: rows.length });
    for (const row of rows) lines.push({ ...row, host_id: hostId, snapshot_id: sequence });
    count += rows.length;
  }
  lines.push({ kind: 'end', snapshot_id: sequence, rows: count });
  return lines.map((line) => JSON.stringify(line));
};

interface Cell {
  readonly sample: string;
  readonly table: string;
  readonly past: 'past' | 'no past';
  readonly state: State;
}

const hostIdOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** The tables that the text of a question names. */
const tablesOfQuestions = (): ReadonlyMap<string, readonly string[]> => {
  const texts = readPacked('declared/queries.txt').toString().split('=== ').slice(1);
  return new Map(
    questions.map((name) => {
      const text = texts.find((one) => one.startsWith(`${name}\n`)) ?? '';
      return [
        name,
        Object.keys(tables).filter(
          (table) => !reportNames.includes(table) && new RegExp(`\\b${table}\\b`).test(text),
        ),
      ];
    }),
  );
};

export const matrix = async (run: Run, folder: string): Promise<Map<string, string>> => {
  const read = tablesOfQuestions();
  const allRead = new Set([...read.values()].flat());
  const cells: Cell[] = [];
  const lines: string[] = [];
  for (const host of readHosts(allRead)) {
    const time = Number(host.header['collected_time']);
    for (const table of allRead) {
      const look = host.looks.get(table);
      if (look === undefined) continue;
      for (const state of states) {
        for (const past of ['past', 'no past'] as const) {
          const hostId = hostIdOf(cells.length);
          cells.push({ sample: host.name, table, past, state });
          if (past === 'past') lines.push(...snapshotLines(host, hostId, time, 1));
          const other = inState(table, look, state);
          const looks = new Map(host.looks);
          if (other === null) looks.delete(table);
          else looks.set(table, other);
          lines.push(...snapshotLines({ ...host, looks }, hostId, time + 3 * day, 2));
        }
      }
    }
  }
  writeFileSync(join(folder, 'matrix.ndjson'), `${lines.join('\n')}\n`);
  const now = 1_790_070_000 + 4 * day;
  const merged = await run([['merge', '--db', 'matrix.db', 'matrix.ndjson']], now);
  const judged = await run([['findings', '--db', 'matrix.db', '--ndjson']], now);

  const verdicts = new Map<string, string>();
  for (const line of judged.stdout.split('\n')) {
    const [, name = ''] = /"query_name":"([^"]+)"/.exec(line) ?? [];
    const [, host = ''] = /"host_id":"([^"]+)"/.exec(line) ?? [];
    const [, verdict = ''] = /"verdict":"([^"]+)"/.exec(line) ?? [];
    if (line !== '') verdicts.set(`${name} ${host}`, verdict);
  }
  const told = new Map<string, string>();
  for (const question of questions) {
    for (const [index, cell] of cells.entries()) {
      if (read.get(question)?.includes(cell.table) !== true) continue;
      const head = `${question}, ${cell.table}, ${cell.sample}, ${cell.past}:`;
      const verdict = verdicts.get(`${question} ${hostIdOf(index)}`) ?? 'clean';
      told.set(head, `${told.get(head) ?? head} ${cell.state}=${verdict}`);
    }
  }
  return new Map([
    ['verdicts.txt', `${[...told.values()].toSorted().join('\n')}\n`],
    ['ends.txt', `${merged.stdout}${merged.end}${judged.end}`],
  ]);
};
