/**
 * What is wrong with the answers of a damaged Mac, against those of the whole one. Pure functions; judge.test.ts
 * says with small rows what each of them means.
 *
 * - `wrong`: a value, a row, a conflict or a verdict that is told and is not the truth.
 * - `unexplained`: a value or a row that is no longer told, which table_status does not say.
 * - `lost table`: one record was touched, and a table is gone.
 * - `lost`: the bytes say the same, and something is no longer told.
 */
import { newWord } from './operators.ts';
import type { Answers, Row, Value, Verdict } from './program.ts';

export type Sort = 'wrong' | 'unexplained' | 'lost table' | 'lost';

export interface Complaint {
  readonly sort: Sort;
  /** What a mending would be named after: table.column, or the query. */
  readonly where: string;
  readonly from: string;
  readonly to: string;
}

export interface Judged {
  readonly kind: 'damage' | 'same';
  readonly isOne: boolean;
}

// --- What is compared ---

/** They speak of the collection and not of the Mac. */
const ofCollection: ReadonlySet<string> = new Set(['command_log', 'collection_errors', 'table_status']);
/**
 * Columns that say who was heard: they change with every source that fails, and should. `confidence` is held
 * against the rows of conflicts in `contradictions`.
 */
const evidenceColumns: ReadonlySet<string> = new Set([
  'basis',
  'command_id',
  'command_ids',
  'conclusion',
  'confidence',
  'raw_state',
  'sources',
  'source_a',
  'source_b',
  'value_a',
  'value_b',
]);
/** `/` is asked where no list names the volume of the running system: it is that volume by its path. */
const isSameVolume = (column: string, now: Value): boolean => column === 'device_identifier' && now === '/';
/** Rows of one dispute, whoever is heard in it. */
const conflictKey = ['subject_kind', 'subject', 'rule_id', 'fact'];
/** Rules that say of witnesses that they contradict each other: of damaged evidence that is true. */
const disputesOfWitnesses: ReadonlySet<string> = new Set(['M18', 'M19', 'M20']);

/** Columns that show what is stored as it stands: the same UUID in other letters is the same. */
const asStored: ReadonlySet<string> = new Set([
  'authentication_authorities.value',
  'authentication_authorities.data',
]);
const uuidForm = /\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b/g;
const isSameText = (where: string, a: Value, b: Value): boolean => {
  const [one, other] = [a, b].map((value) =>
    String(value).replaceAll(uuidForm, (uuid) => uuid.toUpperCase()),
  );
  return asStored.has(where) && a !== null && b !== null && one === other;
};
/** Columns of a list of words that Apple adds to: a word that is not known is shown (point 8 of the written rules). */
const openWords: ReadonlySet<string> = new Set([
  'apfs_crypto_users.type',
  'bootstrap_tokens.allowed_for_authentication',
]);
const isNewWord = (where: string, value: Value): boolean => openWords.has(where) && value === newWord;

/** Words of a column that may not be NULL, for what is not known. */
const isUnknown = (value: Value | undefined): boolean =>
  value === null || value === undefined || value === 'unknown' || value === 'Unknown';

const shown = (value: Value | undefined): string => (value == null ? 'NULL' : String(value).slice(0, 60));

// --- What table_status says ---

const good: ReadonlySet<string> = new Set(['ok', 'empty', 'partial']);

const listed = (value: Value | undefined): readonly string[] => {
  if (typeof value !== 'string') return [];
  const found: unknown = JSON.parse(value);
  return Array.isArray(found) ? found.map(String) : Object.keys(found as object);
};

const word = (status: Row | undefined): string => String(status?.['status']);

/** @param after What the column says now: a word for "unknown" speaks for itself where the table is partial. */
const namesColumn = (status: Row | undefined, column: string, after: Value): boolean => {
  if (after !== null && status?.['status'] === 'partial') return true;
  if (status === undefined || !good.has(String(status['status']))) return true;
  if (listed(status['columns_affected']).includes(column)) return true;
  if (listed(status['columns_uncertain']).includes(column)) return true;
  // NULL means all, of a table of which something failed.
  return status['status'] === 'partial' && status['columns_affected'] === null;
};

const isInapplicable = (status: Row | undefined, column: string): boolean =>
  listed(status?.['columns_inapplicable']).includes(column);

/** Whether table_status says that rows may be missing. */
const saysRowsMissing = (status: Row | undefined): boolean => {
  if (!good.has(word(status)) && word(status) !== 'unsupported') return true;
  if (status?.['rows_may_be_missing'] === 1) return true;
  return word(status) === 'partial' && status?.['columns_affected'] === null;
};

/** Whether it says that the rows are whole, or that there are none to be had. */
const deniesRows = (status: Row | undefined): boolean =>
  ['ok', 'empty', 'unsupported'].includes(word(status)) && !saysRowsMissing(status);

// --- Rows ---

interface Pairs {
  readonly pairs: readonly (readonly [truth: Row, now: Row])[];
  readonly vanished: readonly Row[];
  readonly appeared: readonly Row[];
}

const textOfKey = (row: Row, key: readonly string[]): string =>
  JSON.stringify(key.map((name) => row[name] ?? null));

/** Nothing of the key differs, though parts of it may no longer be known. */
const mayBe = (truth: Row, now: Row, key: readonly string[]): boolean =>
  key.every(
    (name) =>
      now[name] === truth[name] ||
      isUnknown(now[name]) ||
      isUnknown(truth[name]) ||
      isSameVolume(name, now[name] ?? null),
  );
const sharedParts = (truth: Row, now: Row, key: readonly string[]): number =>
  key.filter((name) => !isUnknown(now[name]) && now[name] === truth[name]).length;

/** Rows of the truth with the rows that tell of the same thing now. */
export const pairRows = (truth: readonly Row[], now: readonly Row[], key: readonly string[]): Pairs => {
  const pairs: (readonly [Row, Row])[] = [];
  const open = new Map<string, Row[]>();
  for (const row of truth) {
    const name = textOfKey(row, key);
    open.set(name, [...(open.get(name) ?? []), row]);
  }
  const rest: Row[] = [];
  for (const row of now) {
    const own = open.get(textOfKey(row, key))?.shift();
    if (own === undefined) rest.push(row);
    else pairs.push([own, row]);
  }
  let vanished = [...open.values()].flat();
  const appeared: Row[] = [];
  for (const row of rest) {
    const likely = vanished
      .filter((candidate) => mayBe(candidate, row, key))
      .toSorted((a, b) => sharedParts(b, row, key) - sharedParts(a, row, key));
    const [best] = likely;
    const isOne = best !== undefined && (sharedParts(best, row, key) > 0 || likely.length === 1);
    const own = isOne ? best : undefined;
    if (own === undefined) appeared.push(row);
    else {
      pairs.push([own, row]);
      vanished = vanished.filter((candidate) => candidate !== own);
    }
  }
  return { pairs, vanished, appeared };
};

/** Whether 3.3 of the written rules takes this verdict from the witnesses that are left, and says so. */
const isOfWitnessesLeft = (table: string, column: string, now: Row, status: Row | undefined): boolean =>
  table === 'secure_tokens' &&
  column === 'secure_token' &&
  now['confidence'] === 'probable' &&
  listed(status?.['columns_uncertain']).includes(column);

const isDispute = (row: Row): boolean => disputesOfWitnesses.has(String(row['rule_id']));

/** Whether a conflict of witnesses explains that a user has a conflict now. */
const hasWitnessDispute = (answers: Answers, user: Value | undefined): boolean =>
  (answers.rows.get('conflicts') ?? []).some((row) => row['subject'] === user && isDispute(row));

interface Comparison {
  readonly complaints: readonly Complaint[];
  /** What is no longer told, by its place. */
  readonly lost: readonly string[];
}
const nothing: Comparison = { complaints: [], lost: [] };

/** One value of one row. */
export const compareCell = (
  table: string,
  column: string,
  [truth, now]: readonly [Row, Row],
  answers: Answers,
  { kind }: Judged,
): Comparison => {
  const [before, after] = [truth[column] ?? null, now[column] ?? null];
  if (before === after || (isUnknown(before) && isUnknown(after))) return nothing;
  if (isSameVolume(column, after)) return nothing;
  const status = answers.status.get(table);
  const where = `${table}.${column}`;
  if (isSameText(where, before, after) || isNewWord(where, after)) return nothing;
  const complain = (sort: Sort, lost: readonly string[]): Comparison => ({
    complaints: [{ sort, where, from: shown(before), to: shown(after) }],
    lost,
  });
  if (isUnknown(after)) {
    // "There is no such fact" is a claim, and untrue of a fact that there was.
    if (isInapplicable(status, column)) return complain('wrong', [where]);
    return namesColumn(status, column, after)
      ? { complaints: [], lost: [where] }
      : complain('unexplained', [where]);
  }
  if (isOfWitnessesLeft(table, column, now, status)) return nothing;
  const isNewConflict = column === 'has_conflict' && after === 1 && kind === 'damage';
  if (isNewConflict && hasWitnessDispute(answers, now['username'])) return nothing;
  return complain('wrong', []);
};

/** A row by what the causes are counted by. */
const kindOf = (table: string, row: Row): string => {
  if (table === 'conflicts') return `conflicts ${row['rule_id']}`;
  return table === 'secure_token_observations' ? `${table} of ${row['source']}` : `${table} row`;
};

/** One table. */
export const compareTable = (
  table: string,
  key: readonly string[],
  truth: Answers,
  now: Answers,
  judged: Judged,
): Comparison => {
  const status = now.status.get(table);
  const { pairs, vanished, appeared } = pairRows(
    truth.rows.get(table) ?? [],
    now.rows.get(table) ?? [],
    table === 'conflicts' ? conflictKey : key,
  );
  const complaints: Complaint[] = [];
  const lost = new Set(vanished.map((row) => kindOf(table, row)));
  for (const pair of pairs) {
    for (const column of Object.keys(pair[0])) {
      if (evidenceColumns.has(column)) continue;
      const compared = compareCell(table, column, pair, now, judged);
      complaints.push(...compared.complaints);
      for (const where of compared.lost) lost.add(where);
    }
  }
  for (const row of vanished) {
    const sort = deniesRows(status) ? 'wrong' : 'unexplained';
    if (sort === 'wrong' || !saysRowsMissing(status))
      complaints.push({ sort, where: kindOf(table, row), from: 'row', to: 'no row' });
  }
  // What two sources said of one thing is two rows where what joins them is no longer known.
  const isPart = (row: Row): boolean =>
    word(status) === 'partial' &&
    (truth.rows.get(table) ?? []).some(
      (candidate) => mayBe(candidate, row, key) && sharedParts(candidate, row, key) > 1,
    );
  for (const row of appeared) {
    if (isPart(row)) continue;
    if (table === 'conflicts' && isDispute(row) && judged.kind === 'damage') continue;
    complaints.push({ sort: 'wrong', where: kindOf(table, row), from: 'no row', to: 'row' });
  }
  // "Looked, and there is none" of a table that nobody could look at.
  const before = truth.status.get(table);
  const isMadeUp = !good.has(word(before)) && word(before) !== 'unsupported' && deniesRows(status);
  if (isMadeUp)
    complaints.push({ sort: 'wrong', where: `${table} status`, from: word(before), to: word(status) });
  return { complaints, lost: [...lost] };
};

/** A table that was there, and of which one touched record leaves nothing. */
export const isTableLost = (table: string, key: readonly string[], truth: Answers, now: Answers): boolean => {
  const before = word(truth.status.get(table));
  const after = word(now.status.get(table));
  if (!good.has(before)) return false;
  if (!good.has(after)) return true;
  const rows = truth.rows.get(table)?.length ?? 0;
  const left = now.rows.get(table)?.length ?? 0;
  // The one record of a list may be the one that was touched; the one row of a table of one row is never.
  return left === 0 && (rows > 1 || (rows === 1 && key.length === 0));
};

// --- Conflicts ---

/** `conflicting`, and has_conflict, without a row of conflicts that says why. */
export const contradictions = ({ rows }: Answers): readonly Complaint[] => {
  const disputed = new Set((rows.get('conflicts') ?? []).map((row) => row['subject']));
  return (rows.get('secure_tokens') ?? []).flatMap((row): Complaint[] => {
    if (disputed.has(row['username'] ?? null)) return [];
    const isClaimed = row['confidence'] === 'conflicting' || row['has_conflict'] === 1;
    return isClaimed
      ? [{ sort: 'wrong', where: 'secure_tokens.confidence', from: 'no row of conflicts', to: 'conflicting' }]
      : [];
  });
};

// --- Verdicts ---

/** What a hit is about: one account has a way to unlock and another to administer. */
const hitKey = ['subject', 'capability', 'kind'];

/** A way of lockout_ways of which nobody knows whether it counts: it says that there may be one. */
const isOpen = (hit: Row): boolean => hit['counts'] === null;

/** Every fact of the hit is one of the true hit, or no longer known. */
const isOfHit = (truth: Row, now: Row): boolean =>
  Object.entries(now).every(
    ([name, value]) => evidenceColumns.has(name) || value === truth[name] || isUnknown(value),
  );

/** One query. */
export const compareVerdict = (query: string, truth: Verdict, now: Verdict, { kind }: Judged): Comparison => {
  const where = `query ${query}`;
  const wrong = (from: string, to: string): Comparison => ({
    complaints: [{ sort: 'wrong', where, from, to }],
    lost: [],
  });
  const lost: Comparison = { complaints: [], lost: [where] };
  const hits = kind === 'damage' ? now.hits.filter((hit) => !isDispute(hit)) : now.hits;
  // With nothing but such hits the query says what it said before.
  const verdict = now.verdict === 'hit' && hits.length === 0 ? truth.verdict : now.verdict;
  if (verdict === 'clean' && truth.verdict !== 'clean') return wrong(truth.verdict, 'clean');
  if (verdict === 'hit' && truth.verdict !== 'hit') return wrong(truth.verdict, 'hit');
  // Damage is nobody's choice: what was asked of the whole evidence was asked of the damaged one.
  if (verdict === 'not_asked' && truth.verdict !== 'not_asked') return wrong(truth.verdict, 'not_asked');
  if (verdict === 'not_asked') return nothing;
  if (verdict === 'unknown') return truth.verdict === 'unknown' ? nothing : lost;
  if (verdict === 'clean') return nothing;
  const { vanished, appeared } = pairRows(truth.hits, hits, hitKey);
  if (appeared.some((hit) => !isOpen(hit))) return wrong('hit', 'another hit');
  if (vanished.length > 0 && !now.isBlind) return wrong('hit', 'a hit less, and nothing open');
  const isTrue = (hit: Row): boolean =>
    isOpen(hit) || truth.hits.some((own) => own['subject'] === hit['subject'] && isOfHit(own, hit));
  if (!hits.every(isTrue)) return wrong('hit', 'hit with other facts');
  return vanished.length > 0 ? lost : nothing;
};

// --- All of it ---

/** All that is wrong with the answers to one mutation. */
export const compareAnswers = (
  truth: Answers,
  now: Answers,
  keys: ReadonlyMap<string, readonly string[]>,
  judged: Judged,
): readonly Complaint[] => {
  const complaints: Complaint[] = [];
  const lost = new Set<string>();
  for (const [table, key] of keys) {
    if (ofCollection.has(table)) continue;
    const compared = compareTable(table, key, truth, now, judged);
    complaints.push(...compared.complaints);
    for (const where of compared.lost) lost.add(where);
    if (judged.isOne && isTableLost(table, key, truth, now)) {
      const [from, to] = [truth, now].map(({ status }) => word(status.get(table)));
      complaints.push({ sort: 'lost table', where: table, from: from ?? '', to: to ?? '' });
    }
  }
  if (contradictions(truth).length === 0) complaints.push(...contradictions(now));
  for (const [query, verdict] of truth.verdicts) {
    const after = now.verdicts.get(query);
    if (after === undefined) continue;
    const compared = compareVerdict(query, verdict, after, judged);
    complaints.push(...compared.complaints);
    for (const where of compared.lost) lost.add(where);
  }
  if (judged.kind === 'same')
    for (const where of lost) complaints.push({ sort: 'lost', where, from: 'told', to: 'not told' });
  return complaints;
};
