/** The cpio of a macOS package, in the portable format of POSIX (odc), which is what its Installer reads. */
import { fileTime } from './facts.ts';
import type { Entry } from './tree.ts';

const octal = (value: number, digits: number): string => {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new Error(`${value} does not fit into ${digits} octal digits`);
  return text;
};

interface Head {
  readonly name: string;
  readonly id: number;
  readonly mode: number;
  readonly links: number;
  readonly time: number;
  readonly size: number;
}

const headOf = ({ name, id, mode, links, time, size }: Head): Buffer =>
  Buffer.from(
    [
      '070707',
      octal(0, 6),
      octal(id, 6),
      octal(mode, 6),
      // Owner and group: root and wheel.
      octal(0, 6),
      octal(0, 6),
      octal(links, 6),
      octal(0, 6),
      octal(time, 11),
      octal(Buffer.byteLength(name) + 1, 6),
      octal(size, 11),
      `${name}\0`,
    ].join(''),
  );

/** The parts of the archive, one after the other. */
export const cpioParts = (entries: readonly Entry[]): readonly Uint8Array[] => [
  ...entries.flatMap(({ path, id, mode, bytes }) => {
    const links = bytes === null ? 2 : 1;
    const head = headOf({ name: path, id, mode, links, time: fileTime, size: bytes?.length ?? 0 });
    return bytes === null ? [head] : [head, bytes];
  }),
  headOf({ name: 'TRAILER!!!', id: 0, mode: 0, links: 1, time: 0, size: 0 }),
];
