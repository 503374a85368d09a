import { CollectError } from '../../collector/errors.ts';
import { parseBinaryPlist } from '../../collector/parsers/plist_binary.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import type { Line, Work } from '../line.ts';
import { runHere } from '../process.ts';

const parts = [
  '<',
  '<!--',
  '<![CDATA[a]]>',
  '&lt;',
  '&#65;',
  '<!---->a',
  '<array>',
  '<a b="',
  ' ',
  '\t',
  '"',
];

/** One array of references to itself. */
const sharedArrays = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode('bplist00'));
  const view = new DataView(bytes.buffer);
  view.setUint8(8, 0xaf);
  view.setUint8(9, 0x12);
  view.setUint32(10, size - 47);
  bytes.set([8, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], size - 33);
  view.setUint32(size - 4, size - 33);
  return bytes;
};

/** What it makes of it is of no interest here, but for a fault. */
const tried = (name: string, parse: () => unknown): Work => ({
  name,
  run: () =>
    runHere(() => {
      try {
        parse();
      } catch (error) {
        if (!(error instanceof CollectError)) throw error;
      }
    }),
});

export const hostile: Line = {
  number: 14,
  name: 'hostile',
  title: 'property lists that are made to take long',
  least: 'each byte is looked at once',
  sizes: { unit: 'characters', short: [2 ** 14, 2 ** 15], usual: [2 ** 20, 2 ** 22] },
  rounds: { short: 1, usual: 3 },
  works: (size) => [
    ...parts.flatMap((part): Work[] => {
      const text = part.repeat(size / part.length);
      return [
        tried(`\`${JSON.stringify(part)}\` in a string`, () =>
          parseXmlPlist(`<plist><string>${text}</string></plist>`),
        ),
        tried(`\`${JSON.stringify(part)}\` in a tag`, () => parseXmlPlist(`<plist ${text}><true/></plist>`)),
      ];
    }),
    tried('binary, arrays that share', () => parseBinaryPlist(sharedArrays(size))),
  ],
};
