/** What a query cites is data: lists of identifiers, each of a form, and of a catalogue that was looked at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { catalogueNames, citationText, citedIn, faultOf, nothingCited } from '../../queries/catalogues.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery } from '../../queries/query.ts';
import { rules } from '../../scripts/coverage_peers.ts';

const { techniques } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'attack_techniques.json'), 'utf8'),
) as { techniques: Readonly<Record<string, string>> };

test('every technique that a query cites is one of ATT&CK for macOS', (t) => {
  t.true(Object.keys(techniques).length > 300);
  const cited = queries.flatMap(({ name, cited: { attack } }) => attack.map((id) => `${name} ${id}`));
  t.true(cited.length > 30);
  t.deepEqual(
    cited.filter((text) => techniques[text.split(' ')[1] ?? ''] === undefined),
    [],
  );
});

test('items of CIS and of the STIG are those of a rule of mSCP, and every query cites something or says none', (t) => {
  const known = new Set(rules.flatMap(({ cis, stig }) => [...cis, ...stig]));
  for (const { name, cited, references } of queries) {
    t.deepEqual(
      [...cited.cis, ...cited.stig].filter((item) => !known.has(item)),
      [],
      name,
    );
    t.is(
      references === 'none',
      Object.values(cited).every((ids) => ids.length === 0),
      name,
    );
    for (const catalogue of catalogueNames) t.is(faultOf(catalogue, cited[catalogue]), null, name);
  }
});

test('the text of the lists is read as the same lists, in any order', (t) => {
  for (const { name, cited } of queries) {
    for (const order of [catalogueNames, catalogueNames.toReversed()]) {
      const text = citationText(cited, order);
      t.deepEqual(text === '' ? nothingCited : citedIn(text), cited, name);
    }
  }
});

const header = (lines: string) =>
  `-- name: q\n-- title: T\n-- severity: low\n-- purpose: P\n${lines}\nSELECT u.host_id, u.username AS subject FROM users u`;
const parsed = (lines: string) => parseQuery(header(lines), 'q.sql');

test('a header has lists, and its references are made from them in its order', (t) => {
  const { cited, references } = parsed('-- cis: 5.6, 2.13.1\n-- attack: T1078.001');
  t.deepEqual([cited.cis, cited.attack, cited.stig], [['5.6', '2.13.1'], ['T1078.001'], []]);
  t.is(references, 'CIS 5.6, 2.13.1 (macOS 26); ATT&CK T1078.001');
  // Words of a user are left as they are.
  t.deepEqual(parsed('-- references: our wiki').cited, nothingCited);
  t.is(parsed('-- references: our wiki').references, 'our wiki');
  t.deepEqual(parsed('-- references: ATT&CK T1110; our wiki').cited, nothingCited);
});

const odd: readonly (readonly [line: string, message: RegExp])[] = [
  ['-- attack: T1078.1', /q\.sql:5: attack: "T1078\.1" is no identifier such as T1078\.001$/],
  ['-- attack: t1078', /q\.sql:5: attack: "t1078" is no identifier/],
  ['-- attack: T1078, T1078', /q\.sql:5: attack: T1078 is there twice$/],
  ['-- nist-800-53: AC-2 (4)', /"AC-2 \(4\)" is no identifier such as AC-2\(4\)$/],
  ['-- nist-800-171: 3.1.1', /"3\.1\.1" is no identifier/],
  ['-- cis: 5', /"5" is no identifier/],
  ['-- stig: APPL-26-0001', /"APPL-26-0001" is no identifier/],
  ['-- mscp: disable_root', /"disable_root" is no identifier/],
  ['-- attack: T1078\n-- references: ATT&CK T1078', /q\.sql:6: references is made from the lists$/],
];

test('an identifier of another form, or one that is there twice, is an error that names the line', (t) => {
  for (const [line, message] of odd) t.throws(() => parsed(line), { message }, line);
});
