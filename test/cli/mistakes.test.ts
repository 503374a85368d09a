/**
 * Command lines as people mistype them, and what each is told. The list is a text that a person reads (mistakes/list.txt):
 * `MISTAKES_WRITE=1` writes it anew, and the change is looked at.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sample, temporaryFolder } from '../standin.ts';

interface Entry {
  readonly line: string;
  readonly answer: string;
}

const list = join(import.meta.dirname, 'mistakes/list.txt');

/** `$ tokenquery …`, and below it the exit code and what was printed. */
const entriesIn = (text: string): readonly Entry[] =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const at = part.indexOf('\n');
      return { line: part.slice(0, at), answer: part.slice(at + 1).trimEnd() };
    });

/** The words of a command line, as a shell would hand them over. */
const wordsOf = (line: string): readonly string[] => {
  const words: string[] = [];
  for (const [, double, single, plain] of line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g))
    words.push(double?.replaceAll(/\\(["\\$])/g, '$1') ?? single ?? plain ?? '');
  return words.slice(1);
};

/** A folder with what people name by mistake. */
const folderOf = (folder: string): void => {
  writeFileSync(join(folder, 'notes.md'), '# Notes\n\nNothing.\n');
  writeFileSync(join(folder, 'picture.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]));
  writeFileSync(join(folder, 'export.csv'), 'a,b\r\n1,2\r\n');
  writeFileSync(join(folder, 'empty.sql'), '');
  writeFileSync(join(folder, 'comment.sql'), '-- nothing yet\n');
  writeFileSync(join(folder, 'evidence.tar.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 0]));
  writeFileSync(join(folder, 'other.db'), 'SQLite format 3\0');
  mkdirSync(join(folder, 'overlay'));
  writeFileSync(
    join(folder, 'overlay', 'site.json'),
    '{"version": 1, "changes": [\n  {"query": "filevault_of", "severity": "off", "owner": "Mia Quist", "reason": "Kiosks."}\n]}\n',
  );
  cpSync(sample('macos15-unmanaged'), join(folder, 'mac'), { recursive: true });
};

test('each mistake of a person is told: what is wrong, and what to do', (t) => {
  const folder = temporaryFolder(t);
  folderOf(folder);
  const entries = entriesIn(readFileSync(list, 'utf8'));
  t.true(entries.length >= 100, String(entries.length));
  const runner = join(import.meta.dirname, 'mistakes/run.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', runner], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    input: JSON.stringify(entries.map(({ line }) => wordsOf(line))),
    encoding: 'utf8',
  });
  t.is(stderr, '');
  const answers = (JSON.parse(stdout) as { code: number; printed: string }[]).map(({ code, printed }) =>
    // What a job writes begins with the time and the host.
    `${printed
      .replaceAll('tokenquery: ', '')
      .replaceAll(/^\d{4}-\d\d-\d\dT[\d:]+Z \S+ /gm, '')
      .replaceAll(folder, 'FOLDER')}exit code ${code}`.trimEnd(),
  );
  if (process.env['MISTAKES_WRITE'] === '1')
    writeFileSync(list, entries.map(({ line }, index) => `$ ${line}\n${answers[index]}\n\n`).join(''));
  for (const [index, { line, answer }] of entries.entries()) {
    const own = answers[index] ?? '';
    t.is(own, answer, line);
    t.regex(own, /^error: .+/m, line);
    t.regex(own, /^(?:hint: .+|error: .*(?:not both|exclude each other|goes with).*)$/m, line);
    t.notRegex(own, /should not happen|^\s+at .*:\d+|usage: tokenquery overview/m, line);
    t.regex(own, /exit code [12]$/, line);
  }
});
