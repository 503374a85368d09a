import test from 'ava';
import { isWord } from '../../collector/parsers/withheld.ts';
import fc, { runsOf } from '../property.ts';

/** What is a word, in one form: isWord has a shorter one for what has no accents. */
const form = /^[\p{L}\p{N}._-](?:[\p{L}\p{N}._ -]{0,62}[\p{L}\p{N}._-])?(?: \([\p{L}\p{N}._ -]{1,40}\))?$/u;

test('a word is the same thing with accents and without', (t) => {
  for (const text of ['success (cached)', 'Größe', '中文', 'a', 'a b', '½']) t.true(isWord(text), text);
  for (const text of ['', ' a', 'a ', 'a@b', 'ä@b', 'a\n', 'a (b', 'é (b@c)', 'a'.repeat(65), '\u{d800}'])
    t.false(isWord(text), text);
  const piece = fc.constantFrom(
    ...['a', 'Z', '0', '9', '.', '_', '-', ' ', '(', ')', '@', '\n', '\0', '\u007f'],
    ...['é', '½', '中', 'ſ', '\u{1d538}', '\u{d800}'],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 66 }),
        fc.array(piece, { maxLength: 66 }).map((all) => all.join('')),
        fc
          .tuple(fc.string({ unit: piece, maxLength: 20 }), fc.string({ unit: piece, maxLength: 42 }))
          .map(([one, other]) => `a${one}z (${other})`),
      ),
      (text) => isWord(text) === (text.length <= 64 && form.test(text)),
    ),
    { numRuns: runsOf(2000) },
  );
});
