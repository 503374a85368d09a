/** Macs around one published output each: what a right collector answers is in published/index.json. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { askBundle, runProgram } from './program.ts';
import type { Row } from './program.ts';

interface Bundle {
  readonly id: string;
  readonly bundle: string;
  readonly what: string;
  readonly expect: {
    readonly sql: string | readonly string[];
    readonly rows: readonly Row[] | readonly (readonly Row[])[];
    /** Asked with `findings -n`. */
    readonly findings?: readonly string[];
    /** In what is printed; with ! before it, not in it. */
    readonly findings_words?: readonly string[];
  };
}

const folder = join(import.meta.dirname, 'published');
const bundles = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as readonly Bundle[];

const askedRows = ({ expect: { sql, rows } }: Bundle): readonly (readonly [string, readonly Row[]])[] =>
  typeof sql === 'string'
    ? [[sql, rows as readonly Row[]]]
    : sql.map((one, index) => [one, (rows as readonly (readonly Row[])[])[index] ?? []]);

/** The printed text with its lines unwrapped. */
const printed = async ({ bundle, expect }: Bundle): Promise<string> => {
  const asked = (expect.findings ?? []).flatMap((name) => ['-n', name]);
  const { stdout, stderr } = await runProgram(['findings', ...asked, '--source', join(folder, bundle)]);
  if (stdout === '') throw new Error(stderr);
  return stdout.replaceAll(/\s+/g, ' ');
};

test('every bundle is in the index, and none is missing', (t) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.tar.gz'));
  t.is(bundles.length, 27);
  t.deepEqual(files.toSorted(), bundles.map(({ bundle }) => bundle).toSorted());
});

for (const bundle of bundles) {
  const { id, what, expect } = bundle;
  const rows = `${id} (${what}): the rows are those that a right collector gives`;
  test(rows, async (t) => {
    const answers = await askBundle(join(folder, bundle.bundle));
    for (const [sql, wanted] of askedRows(bundle)) t.deepEqual(answers.sql(sql), wanted, sql);
  });

  const words = expect.findings_words ?? [];
  if (words.length === 0) continue;
  const said = `${id} (${what}): the findings say so, and nothing that is not so`;
  test(said, async (t) => {
    const text = await printed(bundle);
    for (const word of words) {
      if (word.startsWith('!')) t.false(text.includes(word.slice(1)), text);
      else t.true(text.includes(word), text);
    }
  });
}
