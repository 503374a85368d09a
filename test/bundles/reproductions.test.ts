import test from 'ava';
import type { ExecutionContext } from 'ava';
import { evidenceOf } from './mac.ts';
import { askFixture } from './program.ts';
import type { Answers } from './program.ts';
import { reproductions } from './reproductions/index.ts';
import type { Check } from './reproductions/index.ts';

const holds = (t: ExecutionContext, answers: Answers, check: Check): void => {
  if ('sql' in check) {
    t.deepEqual(answers.sql(check.sql), check.rows, check.why);
    return;
  }
  const { verdict, hits } = answers.verdict(check.question);
  if ('verdicts' in check) {
    t.true(
      verdict !== undefined && check.verdicts.includes(verdict),
      `${verdict}: ${JSON.stringify(hits)}; ${check.why}`,
    );
    return;
  }
  if ('not' in check) {
    const found = hits.filter(
      ({ subject, capability }) => subject === check.about && capability === check.capability,
    );
    t.false(JSON.stringify(found).includes(check.not), check.why);
    return;
  }
  t.like(
    hits.find(({ subject }) => subject === check.about),
    check.facts,
    check.why,
  );
};

for (const { id, what, mac, checks } of reproductions) {
  // All checks of a Mac share one collection.
  let asked: Promise<Answers> | null = null;
  for (const check of checks) {
    test(`${id}, ${what}: ${check.says}`, async (t) => {
      asked ??= askFixture(evidenceOf(mac));
      holds(t, await asked, check);
    });
  }
}
