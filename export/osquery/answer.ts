/**
 * What a table answers. What could not be seen is never an empty table: osquery makes an error of the statement, and shows the
 * reason. Where some rows are known they are answered, and `tokenquery_table_status` says what is missing.
 */
import { isGood, isSeen } from '../../collector/status.ts';
import { quoteName } from '../../store/ddl.ts';
import { askedOf, equalTo } from './constraints.ts';
import type { Asked } from './constraints.ts';
import type { Answered } from './protocol.ts';
import { columnsTable, judgedFindings, policiesTable, prefix, questionsTable } from './relations.ts';
import type { Served } from './relations.ts';
import type { Reader } from './rows.ts';

/** A database that answers, and what is known of its tables. */
export interface Source {
  readonly reader: Reader;
  /** Why a table could not be seen; null where it was. Of one moment, as the rows are. */
  readonly unseen: Map<string, string | null>;
  /** Keeps it as it is, until what is returned is called. */
  hold(this: void): () => void;
}

const told = (reasons: readonly string[]): string => {
  const [first = 'nobody says why', ...others] = [...new Set(reasons)];
  return others.length === 0 ? first : `${first}; and ${others.length} other reasons`;
};

const hasRow = ({ reader }: Source, name: string, host: string | null = null): boolean =>
  host === null
    ? reader.rows(`SELECT 1 FROM ${quoteName(name)} LIMIT 1`).length > 0
    : reader.rows(`SELECT 1 FROM ${quoteName(name)} WHERE host_id = ? LIMIT 1`, host).length > 0;

/** Of a table that is collected. What this Mac does not have is proven to be none. Of several Macs one that was seen is enough. */
const lookAt = (source: Source, table: string, name: string): string | null => {
  const looks = source.reader.rows(
    'SELECT status, reason, host_id AS host FROM table_status WHERE table_name = ?',
    table,
  );
  // What is known from before a last look that failed, only the history tells: it says of when it is.
  const isToldOf = (status: string): boolean => isGood(status) || name !== table;
  const isKnown = looks.some(
    ({ status, host }) =>
      isSeen(status ?? '') ||
      status === 'unsupported' ||
      (isToldOf(status ?? '') && hasRow(source, name, host ?? null)),
  );
  if (isKnown) return null;
  if (looks.length === 0) return 'it is in no snapshot';
  return `it could not be seen: ${told(looks.map(({ status, reason }) => `${status}: ${reason ?? 'nobody says why'}`))}`;
};

/** What was judged tells of no finding only where something was judged. */
const lookAtJudged = (source: Source): string | null => {
  const judged = source.reader.rows("SELECT 1 FROM answers WHERE verdict IN ('hit', 'clean') LIMIT 1");
  return judged.length > 0 ? null : 'no question could be answered: tokenquery_answers says why';
};

/** What tells of snapshots, and of their lack. */
const ofSnapshots: ReadonlySet<string> = new Set(['snapshots', 'latest_snapshots', 'ahead_snapshots']);

/** Of what no look tells by itself: where no Mac is known, nothing is known. */
const lookAtHosts = (source: Source, { of, name }: Served): string | null => {
  if (ofSnapshots.has(name)) return null;
  const hosts = of === 'library' ? 'SELECT 1 FROM answers LIMIT 1' : 'SELECT 1 FROM table_status LIMIT 1';
  return source.reader.rows(hosts).length > 0
    ? null
    : 'nothing is known of any Mac: there is no snapshot that counts';
};

/** What says the same whatever was looked at. */
const ofProgram: ReadonlySet<Served> = new Set([questionsTable, columnsTable]);

const faultOf = (source: Source, served: Served): string | null => {
  if (ofProgram.has(served)) return null;
  if (served === judgedFindings) return lookAtJudged(source);
  return served.seenAs === null ? lookAtHosts(source, served) : lookAt(source, served.seenAs, served.name);
};

const unseenOf = (source: Source, served: Served): string | null => {
  const known = source.unseen.get(served.name);
  if (known !== undefined) return known;
  const found = faultOf(source, served);
  source.unseen.set(served.name, found);
  return found;
};

/** Of a policy that cannot be told there is no row, and without a row it would fail: it is an error. */
const openPolicies = ({ reader }: Source, asked: Asked): string | null => {
  const names = equalTo(asked, 'query_name');
  const known = names === null ? [null] : [...names];
  for (const name of known) {
    if (name !== null && reader.rows('SELECT 1 FROM questions WHERE query_name = ?', name).length === 0)
      return `there is no question ${JSON.stringify(name)}: tokenquery_questions lists them`;
    const where = "FROM answers WHERE verdict NOT IN ('hit', 'clean')";
    const open =
      name === null
        ? reader.rows(`SELECT title, verdict, reason ${where} LIMIT 1`)
        : reader.rows(`SELECT title, verdict, reason ${where} AND query_name = ? LIMIT 1`, name);
    const [first] = open;
    if (first !== undefined)
      return `"${first.title}" ${first.verdict === 'not_asked' ? 'was not asked' : 'cannot be told'}: ${first.reason ?? 'nobody says why'}`;
    if (name !== null && reader.rows('SELECT 1 FROM answers WHERE query_name = ? LIMIT 1', name).length === 0)
      return `${name} was asked of no Mac`;
  }
  return null;
};

/** Answers a call for the rows of a table. */
export const answerRows = (source: Source, served: Served, context: string): Answered => {
  const asked = askedOf(context, served);
  const failure = served === policiesTable ? openPolicies(source, asked) : unseenOf(source, served);
  if (failure !== null) return { failure: `${prefix}${served.name}: ${failure}` };
  return { slices: source.reader.slices(served, asked), release: source.hold() };
};
