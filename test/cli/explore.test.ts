import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import test from 'ava';
import { askProgram } from '../../scripts/ask.ts';
import { visible } from '../../export/visible.ts';
import { openForWriting } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { fleet, hostileHost, makeStore } from '../export/report/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-explore-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const db = at('fleet.db');
test.before(() => makeStore(db, fleet(2)));

/** What the page knows, as its script unpacks it. */
const libraryOf = (page: string) => {
  const packed = /<script type="text\/plain" id="library">([^<]*)</.exec(page)?.[1] ?? '';
  return JSON.parse(inflateSync(Buffer.from(packed, 'base64')).toString('utf8')) as {
    readonly known: { readonly size: number; readonly header: string } | null;
    readonly questions: readonly { readonly name: string }[];
  };
};

test.serial(
  'the page is written as a whole, for its owner alone, and holds nothing of the database',
  async (t) => {
    const output = at('explorer.html');
    const { exitCode, stderr } = await askProgram(['explore', '--db', db, '--output', output]);
    t.is(exitCode, 0, stderr);
    t.is(statSync(output).mode & 0o777, 0o600);
    const page = readFileSync(output, 'utf8');
    const library = libraryOf(page);
    t.is(library.known?.size, statSync(db).size);
    t.is(library.known?.header, readFileSync(db).subarray(0, 100).toString('hex'));
    t.true(library.questions.length > 100);
    for (const secret of [hostileHost(0), hostileHost(1), 'fleet.db'])
      t.false(JSON.stringify(library).includes(secret) || page.includes(secret), secret);
    t.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  },
);

test.serial('its policy lets in its own script and style, and nothing else', async (t) => {
  const output = at('plain.html');
  await askProgram(['explore', '--output', output]);
  const page = readFileSync(output, 'utf8');
  const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
  const script = /<script>([^]*?)<\/script>/.exec(page)?.[1] ?? '';
  t.is(
    policy.replaceAll('&#39;', "'"),
    `default-src 'none'; style-src ${digest(style)}; script-src ${digest(script)} 'wasm-unsafe-eval'; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`,
  );
  t.is(page.match(/<script/g)?.length, 4);
  t.is(libraryOf(page).known, null);
});

test.serial(
  'a database with a log beside it is refused, and so is what is none; nothing is written',
  async (t) => {
    const busy = at('busy.db');
    makeStore(busy, fleet(1));
    const writer = openForWriting(busy, tables);
    writer.db.exec('CREATE TABLE _busy (x); DROP TABLE _busy');
    t.true(statSync(`${busy}-wal`).size > 0);
    const output = at('refused.html');
    const refused = async (path: string): Promise<string> => {
      const { exitCode, stderr } = await askProgram(['explore', '--db', path, '--output', output]);
      t.is(exitCode, 1, stderr);
      t.false(existsSync(output));
      return stderr;
    };
    t.regex(await refused(busy), /log beside it.*VACUUM INTO/s);
    writer.close();
    t.is((await askProgram(['explore', '--db', busy, '--output', at('free.html')])).exitCode, 0);
    writeFileSync(
      at('text.db'),
      'no database at all, and long enough to be taken for one by nobody '.repeat(3),
    );
    await refused(at('text.db'));
    await refused(at('missing.db'));
    const { exitCode } = await askProgram(['explore', '--db', db, '--output', db]);
    t.is(exitCode, 2);
  },
);

test.serial('the page makes visible what the program makes visible', (t) => {
  const text = readFileSync(new URL('../../export/explorer/page/dom.js', import.meta.url), 'utf8');
  const own = readFileSync(new URL('../../export/visible.ts', import.meta.url), 'utf8');
  const pattern = /^\s+(\/\[\\p\{Cc\}.*\/gu);$/m;
  const theirs = pattern.exec(text)?.[1];
  t.truthy(theirs);
  t.is(theirs, pattern.exec(own)?.[1]);
  t.is(visible('\u202e'), '\\u202e');
});
