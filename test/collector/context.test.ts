/** What a table can say of itself: facts that do not exist on this Mac, and answers as they came. */
import test from 'ava';
import { collect } from '../../collector/collect.ts';
import type { TableResult } from '../../collector/collection.ts';
import { defineTable, integer, text } from '../../collector/table.ts';
import type { Context } from '../../collector/table.ts';
import { fixtureBackend, plistOf } from '../fixtures/backend.ts';
import type { Fixture } from '../fixtures/backend.ts';

const fixture: Fixture = {
  origin: 'constructed',
  source: 'two answers that contradict each other',
  commands: [
    { command: 'fdesetup_status', stdout: ['FileVault is On.'] },
    { command: 'diskutil_apfs_list_users', parameter: '/', stdout: plistOf({ Users: [] }) },
  ],
};

const resultOf = async (
  say: (context: Context) => Promise<number | null> | number | null,
): Promise<TableResult> => {
  const table = defineTable({
    name: 'made_up',
    description: 'For this test.',
    columns: {
      owner: integer('An owner.', { privacy: 'nobody', from: ['sw_vers'] }),
      why: text('Why.', { privacy: 'nobody' }),
    },
    key: [],
    sources: ['sw_vers', 'fdesetup_status', 'diskutil_apfs_list_users'],
    macos: 'all',
    examples: ['SELECT 1;'],
    generate: async (context) => [{ owner: await say(context), why: 'x' }],
  });
  const [result] = (await collect([table], fixtureBackend(fixture, 'H').backend)).results;
  if (result === undefined) throw new Error('no result');
  return result;
};

test('a fact that does not exist on this Mac is no blind spot, and its reason stands beside ok', async (t) => {
  const result = await resultOf((context) => {
    context.inapplicable(['owner'], 'nobody owns a volume here');
    return null;
  });
  t.is(result.status, 'ok');
  t.is(result.reason, 'owner: nobody owns a volume here');
  t.deepEqual(result.columnsAffected, []);
  t.deepEqual([...result.doubts.inapplicable], [['owner', 'nobody owns a volume here']]);
});

test('beside a source that failed, it is not among the columns that are NULL by it', async (t) => {
  const fail = (context: Context) => context.orUnknown(context.read('sw_vers'));
  const failed = await resultOf(async (context) => {
    await fail(context);
    return null;
  });
  t.deepEqual([failed.status, failed.columnsAffected], ['partial', ['owner']]);
  const inapplicable = await resultOf(async (context) => {
    await fail(context);
    context.inapplicable(['owner'], 'nobody owns a volume here');
    return null;
  });
  t.deepEqual([inapplicable.status, inapplicable.columnsAffected], ['partial', []]);
});

test('a table that tells what does not exist on this Mac is unsupported, and keeps its rows', async (t) => {
  const result = await resultOf((context) => {
    context.unsupported('there is no such thing here');
    return null;
  });
  t.is(result.status, 'unsupported');
  t.is(result.code, 'unsupported_macos');
  t.is(result.reason, 'there is no such thing here');
  t.is(result.rows.length, 1);
});

test('an answer that is contradicted is refused to who reads it, and told to who asks how it came', async (t) => {
  const read = await resultOf(async (context) => {
    const answer = await context.orUnknown(context.read('diskutil_apfs_list_users', '/'));
    return answer === null ? null : answer.users.length;
  });
  t.deepEqual([read.status, read.code, read.rows[0]?.['owner']], ['partial', 'contradicted', null]);
  t.regex(read.reason ?? '', /diskutil apfs listUsers .* fdesetup status/);
  const said = await resultOf(async (context) => {
    const answer = await context.said('diskutil_apfs_list_users', '/');
    return answer === null ? null : answer.users.length;
  });
  t.deepEqual([said.status, said.rows[0]?.['owner']], ['ok', 0]);
  const unsaid = await resultOf(async (context) => ((await context.said('sw_vers')) === null ? 1 : 0));
  t.deepEqual([unsaid.status, unsaid.rows[0]?.['owner']], ['ok', 1]);
});
