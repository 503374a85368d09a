/** The appendix as CSV: a line for each question and Mac, for what is too much for a page. */
import type { Preparing } from '../../store/database.ts';
import { csvCell, notCalculated } from '../cell.ts';
import { controlsOf } from './appendix.ts';
import { notJudged } from './sql.ts';
import { questionNamed } from './table.ts';

/** What a line of it is made of. */
const appendixSql =
  'SELECT v.query_name, l.host_id, v.verdict, v.since_time, l.snapshot_id, l.collected_time, l.tool_version,\n' +
  "  (SELECT GROUP_CONCAT(f.finding_id, ' ') FROM findings f WHERE f.host_id = v.host_id AND f.query_name = v.query_name) AS finding_ids,\n" +
  `  l.host_id IN (\n    ${notJudged}\n  ) AS is_not_judged\nFROM latest_snapshots l\nLEFT JOIN verdicts v ON v.host_id = l.host_id\n` +
  'ORDER BY l.host_id, v.query_name';

interface Line {
  /** Null for a Mac of which nobody judged anything. */
  readonly query_name: string | null;
  readonly host_id: string;
  readonly verdict: string | null;
  readonly since_time: number | null;
  readonly snapshot_id: number;
  readonly collected_time: number;
  readonly tool_version: string;
  readonly finding_ids: string | null;
  readonly is_not_judged: number;
}

const heads = ['mscp', 'cis', 'stig', 'nist_800_53', 'nist_800_171', 'attack'] as const;
const labels = ['mSCP', 'CIS (macOS 26)', 'STIG', '800-53r5', '800-171r3', 'ATT&CK'] as const;

export interface AppendixOptions {
  readonly nameOf: (hostId: string) => string | null;
  /** What stands for an id that leads back to what is redacted; null leaves it out. */
  readonly idOf: (id: string | number) => string | number | null;
  readonly hostOf: (hostId: string) => string;
}

const row = (cells: readonly (string | number | null)[]): string =>
  `${cells.map((cell) => csvCell(notCalculated(cell))).join(',')}\r\n`;

/** Each line in turn: it is never held as a whole. */
export function* appendixLines(db: Preparing, { nameOf, idOf, hostOf }: AppendixOptions): Generator<string> {
  yield row([
    ...['query_name', 'title', 'severity', ...heads, 'host_id', 'hostname', 'verdict', 'since_time'],
    ...['snapshot_id', 'collected_time', 'finding_ids', 'tool_version'],
  ]);
  const controls = new Map<string, readonly (string | null)[]>();
  const controlCells = (name: string | null): readonly (string | null)[] => {
    if (name === null) return [null, null, ...labels.map(() => null)];
    const known = controls.get(name);
    if (known !== undefined) return known;
    const of = new Map(controlsOf(name));
    const query = questionNamed(name);
    const made = [
      query?.title ?? null,
      query?.severity ?? null,
      ...labels.map((label) => of.get(label)?.join(' ') ?? null),
    ];
    controls.set(name, made);
    return made;
  };
  const lines = db.prepare(appendixSql).safeIntegers(false).iterate() as IterableIterator<Line>;
  for (const line of lines) {
    const verdict = line.is_not_judged === 1 ? 'not_judged' : line.verdict;
    const ids =
      line.finding_ids
        ?.split(' ')
        .map((id) => idOf(id))
        .filter((id) => id !== null) ?? [];
    yield row([
      ...[
        line.query_name,
        ...controlCells(line.query_name),
        hostOf(line.host_id),
        nameOf(line.host_id),
        verdict,
      ],
      ...[verdict === 'not_judged' ? null : line.since_time, idOf(line.snapshot_id), line.collected_time],
      ...[ids.length === 0 ? null : ids.join(' '), line.tool_version],
    ]);
  }
}
