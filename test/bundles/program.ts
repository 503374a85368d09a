/** The program as the tests of this folder use it: evidence in, rows and verdicts out. Nothing else here imports it. */
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import type { Backend } from '../../collector/backends/backend.ts';
import { judgedWorld } from '../../cli/findings.ts';
import { names } from '../../cli/names.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Verdict } from '../../queries/evaluate.ts';
import type { Db } from '../../store/database.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { fixtureBackend } from '../fixtures/backend.ts';
import type { Fixture } from '../fixtures/backend.ts';

export type Row = Readonly<Record<string, unknown>>;
export type { Verdict };

export interface Judged {
  readonly verdict: Verdict | undefined;
  /** The rows behind a hit. */
  readonly hits: readonly Row[];
}

export interface Answers {
  sql(statement: string): readonly Row[];
  /** What came of a question on the one host. */
  verdict(question: string): Judged;
}

export const hostId = 'A0000000-0000-4000-8000-0000000000FF';

const collectable = tables.filter(({ generate }) => generate !== undefined);

/** What came of a question on the one host of a database. */
const verdictIn = (db: Db, name: string, now: number): Judged => {
  const question = queries.find((candidate) => candidate.name === name);
  if (question === undefined) throw new Error(`there is no question ${name}`);
  const [answer] = evaluate(db, [question], { now, names, tables });
  const [verdict] = answer?.verdicts.values() ?? [];
  return { verdict, hits: (answer?.hits ?? []).map(({ subject, facts }) => ({ subject, ...facts })) };
};

const answersOf = async (backend: Backend, wanted: readonly string[] | null): Promise<Answers> => {
  const asked = wanted === null ? collectable : collectable.filter(({ name }) => wanted.includes(name));
  const { db, now } = judgedWorld([await collect(asked, backend)]);
  return {
    sql: (statement) => db.prepare(statement).safeIntegers(false).all() as Row[],
    verdict: (name) => verdictIn(db, name, now),
  };
};

/** @param wanted Names of the tables to collect; null is all of them. */
export const askFixture = (fixture: Fixture, wanted: readonly string[] | null = null): Promise<Answers> =>
  answersOf(fixtureBackend(fixture, hostId).backend, wanted);

export const askBundle = async (path: string): Promise<Answers> =>
  answersOf(await evidenceBackend(path), null);

/** The Mac on one day after the other, in a database at `path`. */
export const storeFixtures = async (
  path: string,
  fixtures: readonly Fixture[],
): Promise<Answers & { readonly close: () => void }> => {
  const store = openForWriting(path, tables);
  let time = 1_790_000_000;
  for (const fixture of fixtures) {
    const backend = { ...fixtureBackend(fixture, hostId).backend, capturedTime: time };
    const include = new Set(fixture.include ?? []);
    const snapshot = snapshotOf(tables, await collect(collectable, backend, { include }), '0.1.0');
    transact(store, () => storeWriter(store.db, tables).add([snapshot], time));
    time += 86_400;
  }
  return {
    sql: (statement) => store.db.prepare(statement).safeIntegers(false).all() as Row[],
    verdict: (name) => verdictIn(store.db, name, time - 86_400),
    close: () => store.close(),
  };
};

export { cli as runProgram } from '../standin.ts';
