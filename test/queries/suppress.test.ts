import test from 'ava';
import fc, { runsOf } from '../property.ts';
import type { Answer, BlindSpot } from '../../queries/evaluate.ts';
import { verdictOf } from '../../queries/evaluate.ts';
import { parseExceptions } from '../../queries/exceptions.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { suppress } from '../../queries/suppress.ts';

const time = 1_790_000_000;
const query = queries.find(({ name }) => name === 'hidden_admin');
if (query === undefined) throw new Error('the library has hidden_admin');

const failed: BlindSpot = {
  ...{ table: 'users', column: null, reason: 'denied' },
  because: { by: 'table_status', status: 'denied', told: null },
};
const notAsked: BlindSpot = { ...failed, because: { by: 'means', means: 'network' } };

const hosts = ['H-1', 'H-2', 'H-3', 'H-4'];
const subjects = ['itops', 'svc', 'mia'];

/** Each host with some subjects and some blind spots. */
const answer = fc
  .array(fc.record({ subjects: fc.subarray(subjects), spots: fc.subarray([failed, notAsked]) }), {
    minLength: hosts.length,
    maxLength: hosts.length,
  })
  .map((each): Answer => {
    const hits = each.flatMap((one, index) =>
      one.subjects.flatMap((subject) => [
        { hostId: hosts[index] ?? '', subject, facts: { uid: 1 } },
        { hostId: hosts[index] ?? '', subject, facts: { uid: 2 } },
      ]),
    );
    const blindSpots = new Map(
      each.flatMap(({ spots }, index) => (spots.length === 0 ? [] : [[hosts[index] ?? '', spots] as const])),
    );
    const verdicts = new Map(
      hosts.map((host, index) => [
        host,
        verdictOf((each[index]?.subjects.length ?? 0) > 0, blindSpots.get(host)),
      ]),
    );
    return { query, hits, blindSpots, verdicts, lowered: new Map() };
  });

const entry = fc.record({
  host: fc.constantFrom('*', ...hosts, 'mac-h-1'),
  subject: fc.constantFrom('*', ...subjects, 'i*'),
});

test('what is suppressed is told apart, the rest stays, and no blind spot is hidden', (t) => {
  const met = new Set<string>();
  fc.assert(
    fc.property(answer, fc.array(entry, { maxLength: 4 }), (before, entries) => {
      const exceptions = parseExceptions(
        JSON.stringify({
          version: 1,
          exceptions: entries.map((one) => ({
            ...{ query: query.name, owner: 'x', reason: 'x', until: '2027-01-01' },
            ...one,
          })),
        }),
        'x.json',
        { queries, now: time },
      );
      const by = { exceptions, namesOf: (host: string) => [`Mac-${host}`], time };
      const { answers, suppressed } = suppress([before], by);
      const [after] = answers;
      if (after === undefined) throw new Error('an answer stays an answer');
      // Every finding is in one of both, once.
      const told = [...findingsOfAnswer(after), ...suppressed.map(({ finding }) => finding)];
      const texts = (all: readonly object[]): string[] => all.map((one) => JSON.stringify(one)).toSorted();
      t.deepEqual(texts(told), texts(findingsOfAnswer(before)));
      t.is(after.blindSpots, before.blindSpots);
      t.deepEqual([...after.verdicts.keys()], [...before.verdicts.keys()]);
      for (const [host, verdict] of after.verdicts) {
        const was = before.verdicts.get(host);
        met.add(`${was} → ${verdict}`);
        const isLeft = after.hits.some(({ hostId }) => hostId === host);
        t.is(verdict === 'hit', isLeft);
        if (was !== 'hit' || isLeft) t.true(verdict === was);
        // All of it was suppressed: what was not seen, or not asked, comes to light.
        else
          t.is(
            verdict,
            before.blindSpots.has(host) ? verdictOf(false, before.blindSpots.get(host)) : 'suppressed',
          );
      }
    }),
    { numRuns: runsOf(500) },
  );
  for (const change of [
    'hit → suppressed',
    'hit → unknown',
    'hit → not_asked',
    'hit → hit',
    'unknown → unknown',
  ])
    t.true(met.has(change), change);
});
