import fc, { runsOf } from '../property.ts';
import test from 'ava';
import { loadCollections, rowsOf } from '../../cli/collected.ts';
import { Looks } from '../../cli/looks.ts';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { dataTables } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import { sample } from '../standin.ts';

const collected = dataTables(tables);
const backend = evidenceBackend(sample('macos14-not-root'));

/** Collects, and counts how often. */
const counting = () => {
  const asked: string[][] = [];
  const work = async (wanted: readonly Table[]) => {
    asked.push(wanted.map(({ name }) => name));
    return [await collect(wanted, await backend)];
  };
  return { asked, work };
};

test('another process answers the same of what it is handed, table by table', async (t) => {
  const one = new Looks(() => {});
  const given = await one.collected(collected, counting().work);
  const other = new Looks(() => {});
  other.restore(one.bytes);
  const { asked, work } = counting();
  const taken = await other.collected(collected, work);
  t.deepEqual(asked, []);
  const [mine, theirs] = [given[0], taken[0]];
  if (mine === undefined || theirs === undefined) throw new Error('nothing was collected');
  for (const table of tables) t.deepEqual(rowsOf(table, theirs), rowsOf(table, mine), table.name);
  t.is(theirs.hostId, mine.hostId);
  t.is(theirs.backend.capturedTime, mine.backend.capturedTime);
  t.notThrows(() => loadCollections(openMemory(tables), tables, taken));
  // What was handed on can be handed on again.
  t.deepEqual(other.bytes, one.bytes);
});

test('what one statement reads is of one look, and nothing is looked at twice without need', async (t) => {
  const some = collected.slice(0, 6);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.subarray(some, { minLength: 1 }), { maxLength: 8 }), async (statements) => {
      let looksSeen = 0;
      const looks = new Looks(() => void (looksSeen += 1));
      let moment = 0;
      const looked: { readonly moment: number; readonly names: ReadonlySet<string> }[] = [];
      for (const wanted of statements) {
        const names = wanted.map(({ name }) => name);
        const isKnown = looked.some((look) => names.every((name) => look.names.has(name)));
        const before = moment;
        const [collection] = await looks.collected(wanted, async (tablesWanted) => {
          moment += 1;
          looked.push({ moment, names: new Set(tablesWanted.map(({ name }) => name)) });
          const empty = { hostId: null, errors: [], commands: [] };
          return [
            {
              ...empty,
              backend: { ...(await backend), capturedTime: moment },
              results: tablesWanted.map((table) => ({
                ...{
                  table,
                  rows: [],
                  status: 'empty' as const,
                  code: null,
                  reason: null,
                  columnsAffected: null,
                },
                ...{
                  durationMs: null,
                  doubts: {
                    failedSources: [],
                    mayRowsBeMissing: false,
                    uncertain: [],
                    inapplicable: new Map(),
                  },
                },
              })),
            },
          ];
        });
        const seen = new Set(collection?.results.map(({ table }) => table.name));
        t.true(
          names.every((name) => seen.has(name)),
          'all of one look',
        );
        t.is(moment - before, isKnown ? 0 : 1);
        const newest = looked.filter((look) => names.every((name) => look.names.has(name))).at(-1)?.moment;
        t.is(collection?.backend.capturedTime, newest, 'the newest that has them');
        t.is(looksSeen, moment);
      }
      t.true(looks.bytes.length <= looked.length);
    }),
    { numRuns: runsOf(100) },
  );
});
