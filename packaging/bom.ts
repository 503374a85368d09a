/**
 * The bill of materials of a macOS package: each path with its mode, owner, size and checksum.
 * It is a store of numbered blocks; five of them have names, and `Paths` leads to a tree of one leaf with all paths.
 */
import { fileTime } from './facts.ts';
import { compareBytes } from './tree.ts';
import type { Entry } from './tree.ts';

const polynomial = 0x04c11db7;
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ polynomial : value << 1;
  return value >>> 0;
});

/** The checksum of cksum(1), over the bytes and then their number. */
export const cksum = (bytes: Uint8Array): number => {
  let sum = 0;
  for (const byte of bytes) sum = (sum << 8) ^ (table[(sum >>> 24) ^ byte] ?? 0);
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256))
    sum = (sum << 8) ^ (table[((sum >>> 24) ^ rest) & 255] ?? 0);
  return ~sum >>> 0;
};

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};
const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
};

const treeOf = (leaf: number, pageSize: number, count: number): Buffer =>
  Buffer.concat([Buffer.from('tree'), u32(1, leaf, pageSize, count), u8(0)]);
const leafOf = (pairs: readonly (readonly [number, number])[]): Buffer =>
  Buffer.concat([u16(1), u16(pairs.length), u32(0, 0), ...pairs.map((pair) => u32(...pair))]);

/** What is known of a path: type, "for every architecture", mode, root, wheel, time, size, checksum, no link. */
const about = ({ mode, bytes }: Entry): Buffer =>
  Buffer.concat([
    u8(bytes === null ? 2 : 1),
    u8(1),
    u16(3),
    u16(mode),
    u32(0, 0, fileTime, bytes?.length ?? 0),
    u8(1),
    u32(bytes === null ? 0 : cksum(bytes), 0),
    bytes === null ? Buffer.alloc(0) : u32(0),
  ]);

const named = { BomInfo: 1, Paths: 2, HLIndex: 4, VIndex: 6, Size64: 9 };
const firstOfPaths = 11;

/** All blocks by their numbers: those with fixed places, then three for each path. */
const blocksOf = (entries: readonly Entry[]): readonly Buffer[] => {
  if (entries.length > 0xffff) throw new Error(`${entries.length} paths are more than one leaf holds`);
  const numbered = entries.map((entry, index) => ({ ...entry, block: firstOfPaths + 3 * index }));
  const sorted = numbered.toSorted((a, b) => a.parent - b.parent || compareBytes(a.name, b.name));
  return [
    Buffer.alloc(0),
    u32(1, entries.length + 1, 0),
    treeOf(3, 4096, entries.length),
    leafOf(sorted.map(({ block }) => [block + 2, block + 1])),
    treeOf(5, 4096, 0),
    leafOf([]),
    Buffer.concat([u32(1, 7), u8(0)]),
    treeOf(8, 128, 0),
    leafOf([]),
    treeOf(10, 4096, 0),
    leafOf([]),
    ...numbered.flatMap((entry) => [
      about(entry),
      Buffer.concat([u32(entry.parent), Buffer.from(`${entry.name}\0`)]),
      u32(entry.id, entry.block),
    ]),
  ];
};

export const bomOf = (entries: readonly Entry[]): Buffer => {
  const blocks = blocksOf(entries);
  let end = 32;
  const places = blocks.map((block, index) => {
    const place = index === 0 ? [0, 0] : [end, block.length];
    end += block.length;
    return u32(...place);
  });
  const names = Buffer.concat([
    u32(Object.keys(named).length),
    ...Object.entries(named).map(([name, block]) =>
      Buffer.concat([u32(block), u8(name.length), Buffer.from(name)]),
    ),
  ]);
  // The last number: no block is free.
  const index = Buffer.concat([u32(blocks.length), ...places, u32(0)]);
  const head = u32(1, blocks.length - 1, end + names.length, index.length, end, names.length);
  return Buffer.concat([Buffer.from('BOMStore'), head, ...blocks, names, index]);
};
