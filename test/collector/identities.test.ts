/** Who somebody is in a directory: nowhere unless it is asked for, and all that follows from it is the same. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import fc from '../property.ts';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { formats } from '../../export/formats/index.ts';
import { askProgram } from '../../scripts/ask.ts';
import { tables } from '../../tables/index.ts';
import { appleSilicon, evidenceOf, plain } from '../bundles/mac.ts';
import type { Mac, Person } from '../bundles/mac.ts';
import { hostId, storeFixtures } from '../bundles/program.ts';
import { fixtureBackend } from '../fixtures/backend.ts';
import { temporaryFolder } from '../standin.ts';

const nobody: ReadonlySet<string> = new Set();
const identities: ReadonlySet<string> = new Set(['identities']);
const collectable = tables.filter(({ generate }) => generate !== undefined);
/** No word, no digest and no list of hashes. */
const canary = 'CANARY@';

const guids = ['0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D', '6A5B4C3D-2E1F-4A0B-9C8D-7E6F5A4B3C2D'] as const;
const foreignGuid = 'CAFECAFE-CAFE-4AFE-8AFE-CAFECAFECAFE';
const cached = (guid: string): string => `;LocalCachedUser;/LDAPv3/a,b;50%:${canary}:${guid}`;

/** What an account can authenticate with: each tag that names somebody, and tags that nobody knows. */
const ofTags = [
  ...['Kerberosv5', 'Kerberosv5Cert', 'NetLogon', 'PlatformSSO', 'AppleID', 'ApplePasswordServer'],
  ...['CentrifyDC', 'basic', 'SecureToken', 'LocalWindowsHash', 'OfSomebody', 'kerberosV5'],
].flatMap((tag) => [
  `;${tag};;${canary};`,
  `1.0;${tag};${canary}1`,
  `;${tag};`,
  `;DisabledUser;;${tag};${canary}`,
]);
const values = [
  ...ofTags,
  ...[...guids, foreignGuid].flatMap((guid) => [cached(guid), `${cached(guid.toLowerCase())};`]),
  ...[`;LocalCachedUser;${canary}`, `;DisabledUser;${cached(foreignGuid)}`, ';LocalCachedUser;'],
  ...[';tokenidentity;0123456789ABCDEF0123456789ABCDEF01234567', `;tokenidentity;${canary}`],
  ...[';DisabledTags;SecureToken', `;DisabledTags;SecureToken,${canary}`, `;ShadowHash;${canary}`],
  ...[';SecureToken;', ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>', ';DisabledUser;', ''],
];

const macWith = (people: readonly Person[]): Mac => ({
  ...appleSilicon,
  people: [...appleSilicon.people, ...people],
});
const person = (
  name: string,
  uid: number,
  authorities: readonly string[],
  more: Partial<Person> = {},
): Person => plain(name, uid, { ...more, odd: { AuthenticationAuthority: [...authorities], ...more.odd } });

const anyPerson = fc
  .record({
    uid: fc.constantFrom(601, 602),
    uuid: fc.constantFrom<string | null>(...guids, null),
    authorities: fc.array(fc.constantFrom(...values), { maxLength: 6 }),
    node: fc.constantFrom<string | null>('/LDAPv3/one.example.com', '/Other', null),
  })
  // Two of one name are two records of it.
  .map(({ uid, uuid, authorities, node }) =>
    person(`somebody${uid}`, uid, authorities, {
      uuid,
      odd: { OriginalNodeName: node === null ? null : [node] },
    }),
  );

type Rows = readonly Readonly<Record<string, unknown>>[];
const collected = async (mac: Mac, include: ReadonlySet<string>) => {
  const { backend } = fixtureBackend(evidenceOf(mac), hostId);
  return collect(tables, backend, { include });
};
type Collected = Awaited<ReturnType<typeof collected>>;

const leftOut: Readonly<Record<string, readonly string[]>> = {
  authentication_authorities: ['value', 'data', 'disabled_tag'],
  mobile_accounts: ['directory_guid'],
  conflicts: ['value_a'],
  command_log: ['stdout_bytes', 'stdout_sha256'],
  table_status: ['reason', 'columns_affected'],
};
const withoutThem = ({ results }: Collected): unknown =>
  results.map(({ table, rows, status, code, doubts }) => ({
    ...{ table: table.name, status, code, doubts },
    rows: (rows as Rows).map((row) =>
      Object.fromEntries(
        Object.entries(row).filter(([name]) => leftOut[table.name]?.includes(name) !== true),
      ),
    ),
  }));
const everything = ({ results, ...rest }: Collected): string =>
  JSON.stringify([results.map(({ table, ...result }) => [table.name, result]), rest]);
const resultOf = ({ results }: Collected, name: string) => {
  const found = results.find(({ table }) => table.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return { ...found, rows: found.rows as Rows };
};

test('without identities no canary is told, and every other fact is the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPerson, { minLength: 1, maxLength: 4 }), async (people) => {
      const mac = macWith(people);
      const [short, whole] = [await collected(mac, nobody), await collected(mac, identities)];
      t.false(everything(short).includes(canary));
      t.false(everything(short).includes(foreignGuid));
      t.deepEqual(withoutThem(short), withoutThem(whole));
      const [cut, stored] = [short, whole].map((all) => resultOf(all, 'authentication_authorities').rows);
      for (const [index, { value, data, tag }] of (cut ?? []).entries()) {
        const of = stored?.[index]?.['value'];
        if (tag !== 'DisabledTags')
          t.true(String(of).startsWith(String(value)), `${String(value)} of ${String(of)}`);
        if (data !== null && tag !== 'DisabledTags')
          t.true(String(stored?.[index]?.['data']).startsWith(String(data)));
      }
      for (const name of ['authentication_authorities', 'mobile_accounts', 'conflicts']) {
        const [one, other] = [resultOf(short, name), resultOf(whole, name)];
        for (const column of leftOut[name] ?? []) {
          const differs = one.rows.some((row, index) => row[column] !== other.rows[index]?.[column]);
          if (column === 'disabled_tag' || !differs || one.columnsAffected === null) continue;
          t.true(one.columnsAffected.includes(column), `${name}.${column}`);
          if (one.status === 'ok')
            t.regex(one.reason ?? '', new RegExp(`${column}: off by default: --include identities`));
        }
      }
      t.false((resultOf(whole, 'mobile_accounts').reason ?? '').includes('identities'));
    }),
    { numRuns: 40, seed: 1 },
  );
});

/** An account of a directory whose GUID is its own, one of which it is not, and one of whom nobody knows it. */
const directory = macWith([
  person('own', 611, [cached(guids[0].toLowerCase()), ...ofTags], { uuid: guids[0] }),
  person('other', 612, [cached(foreignGuid), `;Kerberosv5;;${canary}`], { uuid: guids[1] }),
  person('odd', 613, [`;LocalCachedUser;${canary}`]),
]);

test('whether both GUIDs are the same is told without them (M12)', async (t) => {
  const short = await collected(directory, nobody);
  const accounts = resultOf(short, 'mobile_accounts');
  t.deepEqual(
    accounts.rows.map(({ username, original_node, guid_matches }) => [username, original_node, guid_matches]),
    [
      ['odd', null, null],
      ['other', '/LDAPv3/a,b;50%', 0],
      ['own', '/LDAPv3/a,b;50%', 1],
    ],
  );
  const found = resultOf(short, 'conflicts');
  const rows = found.rows.filter(({ rule_id }) => rule_id === 'M12');
  t.deepEqual(
    rows.map(({ subject, value_a, value_b }) => [subject, value_a, value_b]),
    [['other', null, guids[1]]],
  );
  t.true(found.columnsAffected?.includes('value_a'));
});

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const canariesIn = (folder: string): readonly string[] =>
  filesBelow(folder).filter((path) => {
    const bytes = readFileSync(path);
    const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
    return text.includes(canary) || text.toUpperCase().includes(foreignGuid);
  });

const bundleOf = async (t: ExecutionContext, mac: Mac, include: ReadonlySet<string>): Promise<string> => {
  const at = join(temporaryFolder(t), 'bundle');
  const { backend, recording } = recordingBackend(fixtureBackend(evidenceOf(mac), hostId).backend, include);
  await collect(collectable, backend, { include });
  await writeBundle(at, recording, { capturedTime: 1_790_000_000, euid: 0, hostId, tool: 'a test' });
  return at;
};

test('a bundle holds identities only where they are asked for, and says the same without', async (t) => {
  const [short, whole] = [await bundleOf(t, directory, nobody), await bundleOf(t, directory, identities)];
  t.deepEqual(canariesIn(short), []);
  t.is(canariesIn(whole).length, 1);
  const asked = async (path: string, include: ReadonlySet<string>): Promise<Collected> =>
    collect(collectable, await evidenceBackend(path), { include });
  const direct = await asked(short, nobody);
  t.deepEqual(withoutThem(await asked(whole, nobody)), withoutThem(direct));
  t.false(everything(await asked(whole, nobody)).includes(canary));
  t.true(everything(await asked(whole, identities)).includes(canary));
  // What is not there is not told, and said to be left out.
  const none = await asked(short, identities);
  t.deepEqual(everything(none), everything(direct));
});

test.serial('neither stream, nor the database, nor a format of export tells them unasked', async (t) => {
  const folder = temporaryFolder(t);
  const bundle = await bundleOf(t, directory, identities);
  const out = join(folder, 'out');
  mkdirSync(out);
  const said: string[] = [];
  const ask = async (...parameters: string[]): Promise<string> => {
    const { stdout, stderr } = await askProgram(parameters);
    said.push(stdout, stderr);
    return stdout + stderr;
  };
  const db = join(out, 'a.db');
  await ask('snapshot', '--db', db, '--source', bundle);
  for (const format of Object.keys(formats)) {
    await ask('export', '--db', db, '--format', format, '--output', join(out, format));
    await ask(
      'export',
      '--db',
      db,
      '--format',
      format,
      '--redact',
      'strict',
      '--output',
      join(out, `${format}-strict`),
    );
  }
  await ask(
    'query',
    '--source',
    bundle,
    '--json',
    'SELECT * FROM authentication_authorities, mobile_accounts',
  );
  await ask('findings', '--source', bundle, '--json');
  await ask('overview', '--source', bundle);
  await ask('capture', join(out, 'again'), '--source', bundle);
  writeFileSync(join(out, 'said'), said.join('\n'));
  t.true(readdirSync(out).length > Object.keys(formats).length);
  t.deepEqual(canariesIn(out), []);
  const all = 'SELECT value FROM authentication_authorities';
  t.true((await ask('query', '--source', bundle, '--include', 'identities', '--json', all)).includes(canary));
});

test('to ask for them, or not to any more, is no change of the Mac', async (t) => {
  const fixture = evidenceOf(directory);
  const asked = { ...fixture, include: ['identities'] };
  for (const days of [
    [fixture, asked],
    [asked, fixture],
    [asked, fixture, asked],
  ]) {
    const store = await storeFixtures(join(temporaryFolder(t), 'a.db'), days);
    for (const name of Object.keys(leftOut).filter(
      (table) => !['command_log', 'table_status'].includes(table),
    )) {
      const ends = `SELECT * FROM ${name}_history WHERE valid_until_time IS NOT NULL`;
      t.deepEqual(store.sql(ends), [], name);
    }
    const [{ hasThem } = {}] = store.sql(
      `SELECT max(value LIKE '%${canary}%') AS hasThem FROM authentication_authorities`,
    );
    t.is(hasThem, days.at(-1) === asked ? 1 : 0);
    t.is(store.verdict('authentication_authority_changed').verdict, 'clean');
    store.close();
  }
});

test('a second value of a tag is told though it looks like the first', async (t) => {
  const more = (tags: readonly string[]): Mac =>
    macWith([person('own', 611, [`;Kerberosv5;;${canary}1`, ...tags], { uuid: guids[0] })]);
  const days = [more([]), more([`;Kerberosv5;;${canary}2`]), more([])].map((mac) => evidenceOf(mac));
  const added = await storeFixtures(join(temporaryFolder(t), 'a.db'), days.slice(0, 2));
  t.like(added.verdict('authentication_authority_changed'), {
    verdict: 'hit',
    hits: [{ subject: 'own', change_kind: 'added', tag: 'Kerberosv5', value: ';Kerberosv5;' }],
  });
  added.close();
  const removed = await storeFixtures(join(temporaryFolder(t), 'b.db'), days);
  t.deepEqual(
    removed.verdict('authentication_authority_changed').hits.map(({ change_kind: change }) => change),
    ['added', 'removed'],
  );
  removed.close();
});

test('what changes in the night in which something is left out for the first time, or the last, is told', async (t) => {
  const people = (hashes: string, others: readonly string[]): ReturnType<typeof evidenceOf> =>
    evidenceOf(
      macWith([
        person('own', 611, [`;ShadowHash;HASHLIST:<${hashes}>`], { uuid: guids[0] }),
        person('other', 612, [';SecureToken;', ...others], { uuid: guids[1] }),
      ]),
    );
  const named = [`;Kerberosv5;;${canary}`];
  for (const [before, after] of [
    [[], named],
    [named, []],
  ]) {
    const days = [people('A', before ?? []), people('B', after ?? [])];
    const store = await storeFixtures(join(temporaryFolder(t), 'a.db'), days);
    const changed =
      "SELECT old_value FROM changes WHERE table_name = 'authentication_authorities' AND change = 'changed'";
    t.deepEqual(
      store.sql(changed).map(({ old_value: value }) => value),
      [';ShadowHash;HASHLIST:<A>', 'HASHLIST:<A>'],
    );
    const { hits } = store.verdict('authentication_authority_changed');
    t.deepEqual(hits.map(({ tag }) => tag).toSorted(), ['Kerberosv5', 'ShadowHash', 'ShadowHash']);
    store.close();
  }
});

test('to ask for them is no change where another account cannot be read', async (t) => {
  const fixture = evidenceOf(
    macWith([
      person('own', 611, [cached(guids[0])], { uuid: guids[0] }),
      person('odd', 612, [`;LocalCachedUser;${canary}`], { uuid: guids[1] }),
    ]),
  );
  const asked = { ...fixture, include: ['identities'] };
  for (const days of [
    [fixture, asked],
    [asked, fixture],
  ]) {
    const store = await storeFixtures(join(temporaryFolder(t), 'a.db'), days);
    const accounts = "SELECT * FROM changes WHERE table_name = 'mobile_accounts'";
    t.deepEqual(store.sql(accounts), []);
    store.close();
  }
});
