/** The shell and awk files of the printed collector: what is embedded and printed is what a reader of them has read. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { noShells } from '../../collector/accounts.ts';
import { embedded } from '../../collector/script/embedded.ts';
import { captureScript } from '../../collector/script/script.ts';
import { filledIn } from '../../collector/script/template.ts';
import { scriptFiles, scriptFolder } from '../../scripts/embedded_script.ts';

const textOf = (file: string): string => readFileSync(join(scriptFolder, file), 'utf8');
const script = captureScript({ tool: 'tokenquery', noShells });

test('embedded is what the files hold', (t) => {
  t.true(scriptFiles.includes('capture.sh') && scriptFiles.includes('plist.awk'));
  t.deepEqual(Object.keys(embedded).toSorted(), scriptFiles);
  for (const file of scriptFiles) t.is(embedded[file], textOf(file), `${file}: run npm run generate`);
});

test('the printed script has each line of each file, in their order, but those for the reader and the marks', (t) => {
  const printed = script.split('\n');
  for (const file of scriptFiles) {
    let at = 0;
    for (const line of textOf(file).split('\n')) {
      if (line.startsWith('#:') || /@[a-z0-9_.]+@/.test(line)) continue;
      const found = printed.indexOf(line, at);
      t.not(found, -1, `${file}: ${line}`);
      at = found + 1;
    }
  }
  t.notRegex(script, /^#:|@[a-z0-9_.]+@/m);
  t.regex(script, /^#!\/bin\/sh\n# Written by tokenquery, /);
});

test('a mark that nothing fills in, and a filling without a mark, are errors', (t) => {
  t.throws(() => filledIn('capture.sh', { tool: 'x' }), { message: /has a mark @[a-z_]+@ that nothing/ });
  t.throws(() => filledIn('text.awk', { tool: 'x' }), { message: 'text.awk has no mark for tool' });
  t.throws(() => filledIn('none.awk'), { message: /no file none\.awk is embedded/ });
});

test('what is filled in is not read as a mark, nor as a part of a pattern', (t) => {
  const tool = "to$&ol's @rules@ `x` $1";
  const odd = captureScript({ tool, noShells: new Set(["/b c'$&@files@"]) });
  t.true(odd.includes(`# Written by ${tool}, "tokenquery`));
  t.true(odd.includes(` 'to$&ol'\\''s @rules@ \`x\` $1' > "$bundle/evidence.json"`));
  t.true(odd.includes("\nno_shell\t/b c'$&@files@\tx\nEND_OF_RULES\n"));
});

const isThere = spawnSync('sh', ['-c', 'command -v shellcheck']).status === 0;
(isThere ? test : test.skip)('shellcheck finds nothing in the file as it stands', (t) => {
  const { status, stdout } = spawnSync('shellcheck', ['-s', 'sh', join(scriptFolder, 'capture.sh')], {
    encoding: 'utf8',
  });
  t.is(status, 0, stdout);
});

const begins = /^(?:function (\w+)\(|(\w+)\(\) \{|(BEGIN|END) \{)/;

/** The lines of each function without blanks and comments; BEGIN and END of awk are as good as functions. */
const lengthsOf = (text: string): ReadonlyMap<string, number> => {
  const lengths = new Map<string, number>();
  let open: string | null = null;
  for (const line of text.split('\n')) {
    const name: string | undefined = begins.exec(line)?.slice(1).find(Boolean);
    if (name !== undefined && open !== null) throw new Error(`${open} does not end before ${name}`);
    open ??= name ?? null;
    if (open === null) continue;
    const isCounted = line.trim() !== '' && !/^\s*#/.test(line);
    lengths.set(open, (lengths.get(open) ?? 0) + (isCounted ? 1 : 0));
    if (line === '}' || (name !== undefined && line.endsWith('}'))) open = null;
  }
  if (open !== null) throw new Error(`${open} does not end`);
  return lengths;
};

const body = (lines: number): string => `${'  x = 1\n\n  # why\n'.repeat(lines)}}\n`;

test('no function of shell or awk has more than 60 lines', (t) => {
  let count = 0;
  for (const file of scriptFiles) {
    for (const [name, length] of lengthsOf(textOf(file))) {
      count += 1;
      t.true(length <= 60, `${file}: ${name} has ${length} lines`);
    }
  }
  t.true(count > 80, String(count));
  t.deepEqual(
    [
      ...lengthsOf(
        `short() { :; }\nlong() { # WHAT\n${body(59)}function awk(a,    b) {\n${body(2)}END {\n}\n`,
      ),
    ],
    [
      ['short', 1],
      ['long', 61],
      ['awk', 4],
      ['END', 2],
    ],
  );
});
