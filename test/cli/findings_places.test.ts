import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { hostsApart, placesOf } from '../../cli/findings_places.ts';
import type { Finding } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';

const query = queries.find(({ name }) => name === 'hidden_admin');
if (query === undefined) throw new Error('the library has hidden_admin');

const labels = { labelOf: (id: string) => `mac-${id} (${id})`, nameOf: (id: string) => `mac-${id}` };
const findingOf = (host: number, subject: string, uid: number): Finding => ({
  ...{ query, severity: query.severity, severityReason: null, hostId: String(host), subject },
  ...{ details: [{ uid, shell: '/bin/zsh' }], blindSpots: [] },
});
const some = fc.array(
  fc.record({
    host: fc.nat(40),
    subject: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    uid: fc.constantFrom(501, 502),
  }),
  { minLength: 1, maxLength: 60 },
);

test('on few hosts each finding is a line; on many each subject, with how many hosts have it', (t) => {
  const seen = { few: 0, many: 0 };
  fc.assert(
    fc.property(some, (given) => {
      const once = new Map(given.map((one) => [`${one.host} ${one.subject}`, one]));
      const findings = [...once.values()].map(({ host, subject, uid }) => findingOf(host, subject, uid));
      const { lines, rest } = placesOf(findings, query.name, labels);
      const hosts = new Set(findings.map(({ hostId }) => hostId)).size;
      if (hosts <= hostsApart) {
        seen.few += 1;
        t.is(lines.length, Math.min(20, findings.length));
        t.is(rest === null, findings.length <= 20);
        for (const [index, line] of lines.entries())
          t.true(line.startsWith(labels.labelOf(findings[index]?.hostId ?? '')), line);
        return;
      }
      seen.many += 1;
      const subjects = Map.groupBy(findings, ({ subject }) => subject);
      t.is(lines.length, Math.min(3, subjects.size));
      t.is(rest === null, subjects.size <= 3);
      const told = lines.map((line) =>
        /^(.) on (\d+) hosts?: (mac-\d+(?:, mac-\d+){0,2})(?: and (\d+) more)?/.exec(line),
      );
      const counts = told.map((match) => Number(match?.[2]));
      t.deepEqual(
        counts,
        counts.toSorted((a, b) => b - a),
        'what most hosts have comes first',
      );
      for (const match of told) {
        const own = subjects.get(match?.[1] ?? '') ?? [];
        t.is(Number(match?.[2]), own.length);
        t.is((match?.[3]?.split(', ').length ?? 0) + Number(match?.[4] ?? 0), own.length);
      }
      const same = new Set(findings.map(({ details }) => details[0]?.['uid'])).size === 1;
      if (subjects.size === 1) t.is(lines[0]?.includes(' uid '), same, lines[0]);
    }),
    { numRuns: runsOf(400) },
  );
  t.true(seen.few > 20 && seen.many > 20, JSON.stringify(seen));
});

test('ten thousand hosts take the room of ten', (t) => {
  const linesFor = (count: number): string =>
    placesOf(
      Array.from({ length: count }, (_, host) => findingOf(host, 'host', 501)),
      query.name,
      labels,
    ).lines.join('\n');
  t.is(linesFor(10).replaceAll(/\d+/g, '0'), linesFor(10_000).replaceAll(/\d+/g, '0'));
  t.regex(
    linesFor(10_000),
    /^host on 10000 hosts: mac-0, mac-1, mac-2 and 9997 more; the same on each: uid 501, shell/,
  );
});
