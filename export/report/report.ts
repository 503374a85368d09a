/** A report, from a store to the text of one page. */
import { createHash } from 'node:crypto';
import type { Table } from '../../collector/table.ts';
import type { Db } from '../../store/database.ts';
import { fleetData, hostData } from './data.ts';
import type { ReportData } from './data.ts';
import { fleetSections } from './fleet_page.ts';
import { hostSections } from './host_page.ts';
import { documentOf, toldOf } from './page.ts';
import type { Page } from './page.ts';
import { hostPseudonym, redactData } from './redacted.ts';
import type { Redaction } from './redacted.ts';
import { timeText } from './table.ts';
import { plural } from '../../collector/plural.ts';

export interface ReportOptions {
  /** Unix seconds: the moment of the report. */
  readonly now: number;
  readonly tables: readonly Table[];
  /** The one Mac that is told of; null for all. */
  readonly hostId: string | null;
  readonly nameOf: (hostId: string) => string;
  readonly rules: ReadonlyMap<string, string>;
  /** Null where all is said. */
  readonly redaction: Redaction | null;
  /** Where the verdicts are from: stored with each look, or made for this page. */
  readonly isJudgedAnew: boolean;
  /** The rows are in a database that can be asked again, or in a lake. */
  readonly isKept: boolean;
  /** It is a lake: there are no commands in it. */
  readonly isLake?: boolean;
  readonly version: string;
  /** SHA-256 of the file; null where it is no one file. */
  readonly fileDigest: string | null;
  readonly progress?: (done: number, of: number) => void;
}

/** What shows that two databases hold the same looks, however each of them lies on the disk. */
const looksSql = 'SELECT s.host_id, s.snapshot_id FROM snapshots s ORDER BY s.host_id, s.snapshot_id';

const looksDigest = (db: Db): string => {
  const hash = createHash('sha256');
  for (const row of db.prepare(looksSql).raw(true).safeIntegers(false).iterate())
    hash.update(`${(row as unknown[]).join('|')}\n`);
  return hash.digest('hex');
};

const proofOf = (
  db: Db,
  { redaction, version, fileDigest, isLake = false }: ReportOptions,
): Page['proof'] => {
  const versions = db.prepare('SELECT DISTINCT tool_version FROM latest_snapshots ORDER BY 1').pluck().all();
  const digests: Page['proof'] =
    redaction === null
      ? [
          [`SHA-256 of the looks (${looksSql})`, looksDigest(db)],
          [
            'SHA-256 of the file',
            fileDigest ??
              (isLake ? 'not told: it is a lake, whose manifests name the SHA-256 of each part' : null) ??
              'not told: it is no one file, a log lies beside it, or it is large; shasum -a 256 FILE says it',
          ],
        ]
      : [['digests', 'left out: they lead back to what is redacted']];
  return [
    ['report made by tokenquery', version],
    ['last looks made by tokenquery', versions.map(String).join(', ')],
    ...digests,
  ];
};

const judgedText = (page: Pick<Page, 'data'>, { isJudgedAnew }: ReportOptions): string => {
  if (isJudgedAnew) return `Judged for this page, at ${timeText(page.data.now)}.`;
  const [row] = page.data.tolds.get('judged')?.rows ?? [];
  const [hosts, oldest, newest] = [row?.['hosts'], row?.['oldest_time'], row?.['newest_time']];
  if (hosts === 0 || oldest === null) return 'Nothing was judged.';
  const age = Math.floor((page.data.now - Number(oldest)) / 86_400);
  const when =
    oldest === newest
      ? timeText(Number(oldest))
      : `${timeText(Number(oldest))} to ${timeText(Number(newest))}`;
  return `The verdicts are those that were stored with the looks of ${when}; the oldest is ${plural(Math.max(0, age), 'day')} old.`;
};

const commandText = ({ isKept, isJudgedAnew, isLake = false }: ReportOptions): string =>
  !isKept
    ? 'They are asked of a database: tokenquery snapshot --db FILE --source SOURCE makes one of the same evidence.'
    : `tokenquery query ${isLake ? '--lake DIR' : '--db FILE'} answers each of them with the same rows${isJudgedAnew ? ', but those on verdicts and findings, which were judged anew for this page' : ''}.`;

const redactionText = ({ level }: Redaction): string =>
  `People and machines are told at the level ${level}, as docs/privacy.md of tokenquery has it. A pseudonym is the same as in exports with the same key.`;

const dataOf = (db: Db, { hostId, redaction, ...options }: ReportOptions): ReportData => {
  const data = hostId === null ? fleetData(db, options) : hostData(db, hostId, options);
  return redaction === null ? data : redactData(data, redaction, hostId);
};

/** The whole page. */
export const reportText = (db: Db, options: ReportOptions): string => {
  const { redaction, hostId, tables } = options;
  const data = dataOf(db, options);
  const pseudonym = redaction === null ? null : hostPseudonym(redaction);
  const page: Page = {
    data,
    // Rows of a redacted report have pseudonyms already.
    nameOf: pseudonym === null ? options.nameOf : (id) => id,
    judged: judgedText({ data }, options),
    rules: options.rules,
    proof: proofOf(db, options),
    redaction: redaction === null ? null : redactionText(redaction),
    command: commandText(options),
  };
  if (hostId !== null) {
    const name = pseudonym === null ? options.nameOf(hostId) : pseudonym(hostId);
    const subtitle = `What tokenquery saw of ${pseudonym === null ? hostId : 'it'}`;
    return documentOf(page, { title: `The keys of ${name}`, subtitle, sections: hostSections(page, tables) });
  }
  const span = toldOf(page, 'head').rows[0]?.['first_time'];
  const since = typeof span === 'number' ? ` since ${timeText(span).slice(0, 10)}` : '';
  return documentOf(page, {
    title: `The keys of ${plural(data.hosts, 'Mac')}`,
    subtitle: `What tokenquery saw of them${since}`,
    sections: fleetSections(page),
  });
};
