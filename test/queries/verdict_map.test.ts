/** What holds little of a map reads as the map does. */
import test from 'ava';
import { HostList, VerdictMap } from '../../queries/verdict_map.ts';

test('a map of verdicts reads as one that holds each', (t) => {
  const hosts = new HostList(['A', 'B', 'C']);
  const others = new Map([
    ['B', 'hit'],
    ['elsewhere', 'hit'],
  ]);
  const map = new VerdictMap(hosts, 'clean', others);
  const whole = new Map([
    ['A', 'clean'],
    ['B', 'hit'],
    ['C', 'clean'],
  ]);
  t.deepEqual(new Map(map), whole);
  t.deepEqual([...map.entries()], [...whole.entries()]);
  t.deepEqual([...map.keys()], [...whole.keys()]);
  t.deepEqual([...map.values()], [...whole.values()]);
  t.is(map.size, whole.size);
  const told: string[] = [];
  map.forEach((verdict, host, of) => told.push(`${host} ${verdict} ${of === map}`));
  t.deepEqual(told, ['A clean true', 'B hit true', 'C clean true']);
  for (const host of ['A', 'B', 'C', 'D', 'elsewhere']) {
    t.is(map.has(host), whole.has(host), host);
    t.is(map.get(host), whole.get(host), host);
  }
});
