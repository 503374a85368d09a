/** Text of other people, as it can be shown: names come from Macs, and may be made to deceive. */

// What a terminal obeys (controls), what turns the order of reading around, what takes no room ("ro<zero width>ot" looks
// like root), halves of a character, and blanks that look like another. The wide blank of East Asian names is seen as one.
// Made where something may be hidden: V8 looks up what Unicode says of each.
const hidden = (): RegExp =>
  // eslint-disable-next-line no-control-regex
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}]|(?![ \u{3000}])\p{Zs}/gu;
const plain = /^[ -~]*$/;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As JSON escapes it: what is beyond U+FFFF in its two halves. */
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');

/** The text with every character made visible that a terminal would act upon or hide. */
export const visible = (text: string): string =>
  plain.test(text) ? text : text.replace(hidden(), (character) => short[character] ?? escaped(character));

const laidOut = /^[ -~\n]*$/;

/** The same for text that is laid out in lines. JSON stays the same JSON: such characters are in its texts only. */
export const forTerminal = (text: string): string =>
  laidOut.test(text)
    ? text
    : text.replace(hidden(), (character, at: number) => {
        const isLayout =
          character === '\n' || character === '\t' || (character === '\r' && text[at + 1] === '\n');
        return isLayout ? character : escaped(character);
      });

/**
 * Text that Markdown shows as it is: nothing of it is a link, a picture, HTML, an emphasis or the end of a cell. Escaped is
 * what can begin any of these and no more, so that the source can be read too.
 */
export const markdownText = (text: string): string => {
  // Whether an address may have begun in this word: remembered, for to look back from every dot takes too long.
  let isAddress = false;
  return text
    .replace(/[\\`*[\]!~$#@|\s.]|(?<=\S)_(?![\p{L}\p{N}])|:(?=\S)/gu, (character, at: number) => {
      if (character.trim() === '') {
        isAddress = false;
        return character;
      }
      if (character === '@') isAddress ||= /\S/.test(text[at - 1] ?? '');
      const isText =
        character === '.' && !isAddress && text.slice(Math.max(0, at - 3), at).toLowerCase() !== 'www';
      return isText ? character : `\\${character}`;
    })
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
};
