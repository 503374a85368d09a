/**
 * What a table answers. What could not be seen is never an empty table: osquery makes an error of the statement, and shows the
 * reason. Where some rows are known they are answered, and `tokenquery_table_status` says what is missing.
 */
import { isSeen } from '../../collector/status.ts';
import { quoteName } from '../../store/ddl.ts';
import { askedOf, equalTo } from './constraints.ts';
import type { Asked } from './constraints.ts';
import type { Answered } from './protocol.ts';
import { collectedFindings, policiesTable, prefix } from './relations.ts';
import type { Served } from './relations.ts';
import type { Reader } from './rows.ts';

/** A database that answers, and what is known of its tables. */
export interface Source {
  readonly reader: Reader;
  /** Why a table could not be seen; null where it was. Held as long as the rows. */
  readonly unseen: Map<string, string | null>;
  /** Keeps it as it is, until what is returned is called. */
  hold(this: void): () => void;
}

const hasRow = ({ reader }: Source, name: string): boolean =>
  reader.rows(`SELECT 1 FROM ${quoteName(name)} LIMIT 1`).length > 0;

const told = (reasons: readonly string[]): string => {
  const [first = 'nobody says why', ...others] = [...new Set(reasons)];
  return others.length === 0 ? first : `${first}; and ${others.length} other reasons`;
};

/** Of a table that is collected. What this Mac does not have is proven to be none. */
const lookAt = (source: Source, table: string, name: string): string | null => {
  const looks = source.reader.rows('SELECT status, reason FROM table_status WHERE table_name = ?', table);
  if (looks.some(({ status }) => isSeen(status ?? '') || status === 'unsupported')) return null;
  if (hasRow(source, name)) return null;
  if (looks.length === 0) return 'it is in no snapshot';
  return `it could not be seen: ${told(looks.map(({ status, reason }) => `${status}: ${reason ?? 'nobody says why'}`))}`;
};

/** What was judged tells of no finding only where something was judged. */
const lookAtJudged = (source: Source): string | null => {
  const judged = source.reader.rows("SELECT 1 FROM answers WHERE verdict IN ('hit', 'clean') LIMIT 1");
  return judged.length > 0 ? null : 'no question could be answered: tokenquery_answers says why';
};

const unseenOf = (source: Source, served: Served): string | null => {
  const known = source.unseen.get(served.name);
  if (known !== undefined) return known;
  const { seenAs, name } = served;
  const found =
    served === collectedFindings
      ? lookAtJudged(source)
      : seenAs === null
        ? null
        : lookAt(source, seenAs, name);
  source.unseen.set(name, found);
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
