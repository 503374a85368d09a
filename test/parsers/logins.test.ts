import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseLastLibxoXml, sanitizeLastLibxoXml } from '../../collector/parsers/last_libxo_xml.ts';
import { answerOf } from './fuzz.ts';
import { told } from './told.ts';

const recorded = readFileSync(new URL('../corpus/access/last-libxo-xml-01.txt', import.meta.url), 'utf8');
const read = (stdout: string) => told(parseLastLibxoXml, answerOf({ stdout }));

test('last-libxo-xml-01: four logins of people, and a start is of nobody', (t) => {
  const { value, notes } = read(recorded);
  t.deepEqual(notes, []);
  t.is(value?.begins, 1789000000);
  t.deepEqual(
    value?.logins.map(({ username, tty, loginTime, isOpen }) => [username, tty, loginTime, isOpen]),
    [
      ['bob', 'console', 1789300100, true],
      ['_mbsetupuser', 'console', 1789203800, false],
      ['alice', 'console', 1789200100, false],
      ['a_long_account', 'ttys000', 1789003600, false],
      ['alice', 'console', 1789000100, false],
    ],
  );
});

test('what is kept says the same, is kept as it is, and tells no computer and no text of a time', (t) => {
  const kept = sanitizeLastLibxoXml(recorded);
  t.is(sanitizeLastLibxoXml(kept), kept);
  t.deepEqual(read(kept), read(recorded));
  t.notRegex(kept, /198\.51|reboot|Sep/);
});

test('an odd record costs itself, and a list that is cut is none', (t) => {
  for (const odd of ['<login-time>now</login-time>', '<login-time seconds="x">now</login-time>', '']) {
    const text = recorded.replace('<login-time seconds="1789200100">Sat Sep 12 08:01</login-time>', odd);
    const { value, notes } = read(text);
    t.deepEqual([value?.logins.length, notes.length], [4, 1], odd);
    t.deepEqual(read(sanitizeLastLibxoXml(text)), { value, code: null, notes });
  }
  for (let at = 0; at < recorded.length - 1; at += 7)
    t.is(read(recorded.slice(0, at)).value, null, String(at));
});
