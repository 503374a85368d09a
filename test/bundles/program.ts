/** The program as the tests of this folder use it: evidence in, rows and verdicts out. Nothing else here imports it. */
import { collect } from '../../collector/collect.ts';
import { evidenceMachine } from '../../collector/evidence.ts';
import type { Machine } from '../../collector/machine.ts';
import { identified, memoryOf, names, nowOf } from '../../cli/judging.ts';
import { questions } from '../../queries/index.ts';
import { judge } from '../../queries/judge.ts';
import { tables } from '../../tables/index.ts';
import { fixtureMachine } from '../fixtures/machine.ts';
import type { Fixture } from '../fixtures/machine.ts';

export type Row = Readonly<Record<string, unknown>>;
export type Verdict = 'hit' | 'clean' | 'unknown';

export interface Answers {
  sql(statement: string): readonly Row[];
  /** What came of a question on the one host, and the rows behind a hit. */
  verdict(question: string): { readonly verdict: Verdict | undefined; readonly hits: readonly Row[] };
}

export const hostId = 'A0000000-0000-4000-8000-0000000000FF';

const collectable = tables.filter(({ generate }) => generate !== undefined);

const answersOf = async (machine: Machine, wanted: readonly string[] | null): Promise<Answers> => {
  const asked = wanted === null ? collectable : collectable.filter(({ name }) => wanted.includes(name));
  const collections = identified([await collect(asked, machine)]);
  const db = memoryOf(collections);
  return {
    sql: (statement) => db.prepare(statement).safeIntegers(false).all() as Row[],
    verdict: (name) => {
      const question = questions.find((candidate) => candidate.name === name);
      if (question === undefined) throw new Error(`there is no question ${name}`);
      const [answer] = judge(db, [question], { now: nowOf(collections), names });
      const [verdict] = answer?.verdicts.values() ?? [];
      return {
        verdict,
        hits: (answer?.hits ?? []).map(({ subject, facts }) => ({ subject, ...facts })),
      };
    },
  };
};

/** @param wanted Names of the tables to collect; null is all of them. */
export const askFixture = (fixture: Fixture, wanted: readonly string[] | null = null): Promise<Answers> =>
  answersOf(fixtureMachine(fixture, hostId).machine, wanted);

export const askBundle = async (path: string): Promise<Answers> =>
  answersOf(await evidenceMachine(path), null);

export { cli as runProgram } from '../standin.ts';
