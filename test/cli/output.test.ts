import test from 'ava';
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
      text.includes('a\\u001b[2J\\n\\u202ex') || text.includes('a\\\\u001b[2J\\\\n\\\\u202ex'),
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

test('Markdown cells cannot leave their cell', async (t) => {
  t.is(
    await ask('--markdown', "SELECT 'a|b' AS x, '<b>' AS y"),
    '| x | y |\n| --- | --- |\n| a\\|b | &lt;b> |\n',
  );
});
