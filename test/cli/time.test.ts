import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import { parseAge, parseTime } from '../../cli/time.ts';

const now = 1_790_000_000;

for (const [text, expected] of [
  ['0', 0],
  ['1790000000', 1_790_000_000],
  ['2026-09-01', 1_788_220_800],
  ['2026-09-01T08:00', 1_788_249_600],
  ['2026-09-01 08:00:00', 1_788_249_600],
  ['2026-09-01T08:00:00Z', 1_788_249_600],
  ['2026-09-01T10:00:00+02:00', 1_788_249_600],
  ['2026-09-01T08:00:00.900Z', 1_788_249_600],
  ['-7d', now - 604_800],
  ['-12h', now - 43_200],
  ['-30m', now - 1800],
  ['-2w', now - 1_209_600],
  ['-5s', now - 5],
  ['-999999999w', 0],
  ['7d', now - 604_800],
  ['-1y', now - 31_536_000],
  ['today', 1_789_948_800],
  ['yesterday', 1_789_862_400],
] as const) {
  test(`${text} is a time`, (t) => {
    t.is(parseTime('--since', text, now), expected);
  });
}

for (const text of [
  '',
  'Yesterday',
  'monday',
  '-7',
  '7x',
  '1mo',
  '2026-02-31',
  '2026-13-01',
  '2026-9-1',
  '1e9',
  '-1.5d',
  '2026-09-01T25:00:00Z',
]) {
  test(`${JSON.stringify(text)} is no time`, (t) => {
    const error = t.throws<UserError>(() => parseTime('--since', text, now), { instanceOf: UserError });
    t.is(error?.exitCode, 2);
    t.regex(error?.hint, /or 7d, 12h/);
  });
}

test('an age is a number and a unit', (t) => {
  t.is(parseAge('--older-than', '90d'), 7_776_000);
  t.is(parseAge('--older-than', '-12h'), 43_200);
  t.is(parseAge('--older-than', '1y'), 31_536_000);
  for (const text of ['', '90', 'd', '1mo', '1Y'])
    t.throws(() => parseAge('--older-than', text), { instanceOf: UserError });
});
