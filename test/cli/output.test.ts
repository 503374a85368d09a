import test from 'ava';
import { csvCell, notCalculated } from '../../export/cell.ts';
import { forTerminal, markdownText, visible } from '../../export/visible.ts';
import { cli } from '../standin.ts';

const ask = async (mode: string, sql: string): Promise<string> => {
  const { code, stdout, stderr } = await cli(['query', mode, sql]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

test('a terminal is not obeyed: control characters and direction marks are shown', async (t) => {
  const sql = "SELECT 'a' || char(27) || '[2J' || char(10) || char(8238) || 'x|y' || char(7) AS name";
  for (const mode of ['--pretty', '--line', '--list', '--markdown']) {
    const text = await ask(mode, sql);
    // eslint-disable-next-line no-control-regex
    t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u202e]/, mode);
    t.true(
      text.includes('a\\u001b[2J\\n\\u202ex') || text.includes('a\\\\u001b\\[2J\\\\n\\\\u202ex'),
      `${mode}: ${text}`,
    );
  }
  t.is(JSON.parse(await ask('--ndjson', sql)).name, 'a\u001b[2J\n\u202ex|y\u0007');
});

test('CSV is RFC 4180, and NULL is not the empty text', async (t) => {
  t.is(
    await ask(
      '--csv',
      `SELECT 'a,b' AS "x,y", 'say "hi"' AS q, char(10) AS n, NULL AS none, '' AS empty, 7 AS i, 1.5 AS r`,
    ),
    '"x,y",q,n,none,empty,i,r\r\n"a,b","say ""hi""","\n",,"",7,1.5\r\n',
  );
});

test('numbers stay numbers, also beyond 2^53, and unknown is null', async (t) => {
  t.is(
    await ask(
      '--ndjson',
      "SELECT 9223372036854775807 AS big, -2 AS uid, 0.1 AS real, NULL AS unknown, '' AS empty, x'00ff' AS blob, 1e999 AS infinite",
    ),
    '{"big":9223372036854775807,"uid":-2,"real":0.1,"unknown":null,"empty":"","blob":"00ff","infinite":null}\n',
  );
  t.is(await ask('--json', 'SELECT 1 AS x WHERE 0'), '[]\n');
});

test('--osquery-json is what osqueryi prints: sorted names, every value a text, NULL as ""', async (t) => {
  t.is(
    await ask('--osquery-json', "SELECT 2 AS b, NULL AS a, 'x' AS c UNION ALL SELECT 3, 1, 'y'"),
    '[\n  {"a":"","b":"2","c":"x"},\n  {"a":"1","b":"3","c":"y"}\n]\n',
  );
  t.is(await ask('--osquery-json', 'SELECT 1 AS x WHERE 0'), '[\n\n]\n');
});

test('columns line up for wide and combining characters', async (t) => {
  const lines = (
    await ask('--pretty', "SELECT 'Zoë 山田' AS name, 1 AS n UNION ALL SELECT 'e' || char(769), 22")
  ).split('\n');
  t.is(lines[3], '| Zoë 山田 |  1 |');
  t.is(lines[4], '| e\u0301        | 22 |');
});

/** The program, for which stdout is a terminal. */
const askTerminal = async (mode: string, sql: string): Promise<string> => {
  const asTerminal =
    "import fs from 'node:fs'; import tty from 'node:tty'; import { syncBuiltinESMExports as sync } from 'node:module'; tty.isatty = () => true; const { fstatSync } = fs; fs.fstatSync = (fd, ...more) => Object.assign(fstatSync(fd, ...more), fd === 1 ? { isCharacterDevice: () => true } : {}); sync();";
  const { code, stdout, stderr } = await cli(['query', mode, sql], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(asTerminal)}` },
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

// Written with escapes, so that an editor cannot hide what is tested.
const deceiving = [
  ...[0x00, 0x07, 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9f, 0xa0, 0xad, 0x034f, 0x061c, 0x070f, 0x115f, 0x1160],
  ...[0x17b4, 0x180e, 0x180b, 0x2000, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a],
  ...[0x202e, 0x202f, 0x205f, 0x2060, 0x2061, 0x2066, 0x2069, 0x206a, 0x206f, 0x2800, 0x3164, 0xfe0f],
  ...[0xfeff, 0xffa0, 0xfff9, 0xfffa, 0xfffb, 0x110bd, 0x1bca0, 0x1d173, 0xe0001, 0xe0020, 0xe0061, 0xe007f],
  ...[0xe0100, 0xe01ef],
];
const isAscii = (text: string): boolean => /^[ -~\r\n]*$/.test(text);

test('every character that hides or turns text around is made visible, and no other', (t) => {
  for (const point of deceiving) {
    const character = String.fromCodePoint(point);
    t.regex(visible(`ro${character}ot`), /^ro(?:\\u[0-9a-f]{4})+ot$/, point.toString(16));
    t.regex(forTerminal(`ro${character}ot`), /^ro(?:\\u[0-9a-f]{4})+ot$/, point.toString(16));
  }
  // All of Unicode: what is left is seen, or is a mark on what is seen.
  for (let point = 0; point < 0x110000; point += 1) {
    const character = String.fromCodePoint(point);
    const isHidden =
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u.test(character) ||
      (/\p{Zs}/u.test(character) && point !== 0x20 && point !== 0x3000) ||
      point === 0x2800;
    if (isHidden === (visible(character) === character)) t.fail(point.toString(16));
  }
  for (const name of ['Zoë', '山田　太郎', 'e\u0301', 'naïve ‘x’ — “y”', '\uf8ff', '😀', "O'Brien"])
    t.is(visible(name), name);
  t.is(visible('\ud800x'), '\\ud800x');
});

test('a terminal is shown CSV and JSON that it cannot obey; a pipe gets every byte', async (t) => {
  const text = deceiving.map((point) => `char(${point})`).join(' || ');
  const sql = `SELECT 'ro' || ${text.replace('char(0) || ', '')} || 'ot' || char(10) || 'x,y' || char(13) AS name, 'a' || char(27) AS "b\u009b"`;
  const shown = await askTerminal('--json', sql);
  const piped = await ask('--json', sql);
  t.true(isAscii(shown), shown);
  t.false(isAscii(piped));
  t.deepEqual(JSON.parse(shown), JSON.parse(piped));
  const csv = await askTerminal('--csv', sql);
  t.true(isAscii(csv), csv);
  t.is(csv.split('\n').length, 3);
  t.true((await ask('--csv', sql)).includes('\u001b'));
});

test('a message is cut before it fills the screen', async (t) => {
  const { code, stderr } = await cli(['query', '-n', 'x'.repeat(65_536)]);
  t.is(code, 2);
  t.true(stderr.length < 10_000, String(stderr.length));
  t.regex(stderr, /… \([0-9]+ more characters\)/);
});

test('--spreadsheet: no cell of CSV is calculated', async (t) => {
  const texts = ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', '\n=1', '＝1+1', '＠x'];
  for (const text of texts) t.true(csvCell(notCalculated(text)).replace(/^"/, '').startsWith("'"), text);
  t.is(notCalculated(-1), -1);
  t.is(notCalculated('a=1'), 'a=1');
  const sql = "SELECT '=1+1' AS \"@x\", '-2' AS t, -2 AS n";
  const { stdout } = await cli(['query', '--csv', '--spreadsheet', sql]);
  t.is(stdout, "'@x,t,n\r\n'=1+1,'-2,-2\r\n");
  t.is((await cli(['query', '--spreadsheet', sql])).code, 2);
});

test('Markdown cells cannot leave their cell', async (t) => {
  t.is(
    await ask('--markdown', "SELECT 'a|b' AS x, '<b>' AS y"),
    '| x | y |\n| --- | --- |\n| a\\|b | &lt;b> |\n',
  );
});

test('Markdown shows text as it is: no link, picture, HTML or emphasis, whatever it is', (t) => {
  const begins = ['[a](http://e)', '![i](http://e/x.png)', '<img src=//e>', '&lt;b&gt;', '`x`', '*x*', '_x_'];
  const more = [
    'http://e',
    'https://e.test/x',
    'www.e.test',
    'HTTP://E',
    'mailto:a@e.test',
    '~~x~~',
    '$x$',
    '#1',
  ];
  const odd = [
    '\\[a](x)',
    '[a]: http://e',
    '&#91;a&#93;',
    '@everyone',
    ':emoji:',
    '<!-- x',
    '|',
    '\\|',
    'a\\',
  ];
  for (const one of [...begins, ...more, ...odd])
    for (const other of ['', ...begins, ...more, ...odd]) {
      const written = markdownText(`${one} ${other}`);
      // What is escaped is gone; nothing is left that begins anything.
      const left = written.replaceAll(/\\[!-/:-@[-`{-~]/g, '').replaceAll(/&(?:amp|lt);/g, '');
      t.notRegex(left, /[\\`*[\]!~$#@|<&]|:\S|www\./i, written);
      const shown = written
        .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&');
      t.is(shown, `${one} ${other}`);
    }
  for (const text of ['secure_token', 'macos26-managed', 'a/b.c', "O'Brien (x)", '1.5', 'no'])
    t.is(markdownText(text), text);
});

test('a long cell of Markdown takes no longer than its length', (t) => {
  const began = performance.now();
  for (const one of ['.', '@', 'a@', '_', ':', 'www.', '&']) markdownText(one.repeat(100_000));
  t.true(performance.now() - began < 10_000);
});
