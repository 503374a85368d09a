/** The archives that packages are made of: what programs of others read back is what was put in. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import test from 'ava';
import fc from '../property.ts';
import { bomOf, cksum } from '../../packaging/bom.ts';
import { cpioParts } from '../../packaging/cpio.ts';
import { fileTime } from '../../packaging/facts.ts';
import { pkgOf } from '../../packaging/pkg.ts';
import { tarOf } from '../../packaging/tar.ts';
import { compareBytes, entriesOf, filesOf, textFile } from '../../packaging/tree.ts';
import type { PackedFile } from '../../packaging/tree.ts';
import { temporaryFolder } from '../standin.ts';
import { output, testWith } from './tools.ts';

interface Found {
  readonly mode: number;
  readonly size: number;
  readonly digest: string;
}
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What should be on the disk. */
const expected = (files: readonly PackedFile[]): Map<string, Found> =>
  new Map(
    entriesOf(files)
      .filter(({ path }) => path !== '.')
      .map(({ path, mode, bytes }) => [
        path,
        { mode, size: bytes?.length ?? 0, digest: bytes === null ? '' : digest(bytes) },
      ]),
  );

/** What is on the disk; as root also that all belongs to root. */
const onDisk = (folder: string, at = '.'): Map<string, Found> =>
  new Map(
    readdirSync(join(folder, at)).flatMap((name) => {
      const path = `${at}/${name}`;
      const stat = lstatSync(join(folder, path));
      if (stat.uid !== process.geteuid?.() || stat.gid !== process.getegid?.())
        throw new Error(`${path} belongs to ${stat.uid}:${stat.gid}`);
      if (stat.isDirectory())
        return [[path, { mode: stat.mode, size: 0, digest: '' }] as [string, Found], ...onDisk(folder, path)];
      const bytes = readFileSync(join(folder, path));
      return [[path, { mode: stat.mode, size: bytes.length, digest: digest(bytes) }] as [string, Found]];
    }),
  );
const sorted = <T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...map].toSorted(([a], [b]) => compareBytes(a, b));

/** A reader of a bill of materials, written apart from the writer: it goes by the names of the blocks alone. */
const readBom = (bom: Buffer) => {
  const u32 = (block: Buffer, at: number): number => block.readUInt32BE(at);
  if (bom.toString('latin1', 0, 8) !== 'BOMStore' || u32(bom, 8) !== 1) throw new Error('no BOM');
  const [used, indexAt, indexSize, namesAt, namesSize] = [12, 16, 20, 24, 28].map((at) => u32(bom, at));
  const block = (number: number): Buffer => {
    const at = (indexAt ?? 0) + 4 + number * 8;
    return bom.subarray(u32(bom, at), u32(bom, at) + u32(bom, at + 4));
  };
  const names = new Map<string, number>();
  for (let at = (namesAt ?? 0) + 4; names.size < u32(bom, namesAt ?? 0);) {
    const size = bom[at + 4] ?? 0;
    names.set(bom.toString('latin1', at + 5, at + 5 + size), u32(bom, at));
    at += 5 + size;
  }
  const tree = block(names.get('Paths') ?? 0);
  const leaf = block(u32(tree, 8));
  const count = leaf.readUInt16BE(2);
  const entries = Array.from({ length: count }, (_, index) => {
    const [info, file] = [block(u32(leaf, 12 + index * 8)), block(u32(leaf, 16 + index * 8))];
    const about = block(u32(info, 4));
    return {
      id: u32(info, 0),
      parent: u32(file, 0),
      name: file.toString('utf8', 4, file.length - 1),
      type: about[0],
      mode: about.readUInt16BE(4),
      owner: `${u32(about, 6)}:${u32(about, 10)}`,
      time: u32(about, 14),
      size: u32(about, 18),
      sum: u32(about, 23),
    };
  });
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const pathOf = (id: number): string => {
    const entry = byId.get(id);
    if (entry === undefined) throw new Error(`no path has the id ${id}`);
    return entry.parent === 0 ? entry.name : `${pathOf(entry.parent)}/${entry.name}`;
  };
  const end = Math.max((indexAt ?? 0) + (indexSize ?? 0), (namesAt ?? 0) + (namesSize ?? 0));
  return {
    names: [...names.keys()],
    isWhole: end === bom.length && u32(bom, indexAt ?? 0) === (used ?? 0) + 1,
    count: u32(block(names.get('BomInfo') ?? 0), 4),
    order: entries.map(({ parent, name }) => [parent, name] as const),
    paths: new Map(entries.map((entry) => [pathOf(entry.id), entry])),
  };
};

const longName = 'n'.repeat(255);
const oddNames = [
  'a b',
  ' ',
  '-rf',
  "it's",
  '"q"',
  '&<>',
  '$(id)',
  'ä',
  '日本',
  '.hidden',
  'TRAILER!!!',
  'a\\b',
  '*',
];
const fixed: readonly PackedFile[] = [
  ...oddNames.map((name, index) => textFile(name, name, index % 2 === 0)),
  textFile(`${oddNames.map((name) => `${name}x`).join('/')}/deep`, 'deep'),
  textFile(`${Array.from({ length: 40 }, (_, index) => `folder${index}`).join('/')}/far`, 'far', true),
  textFile(longName, 'long'),
  textFile(`${'d'.repeat(200)}/${'e'.repeat(100)}`, 'both long'),
  textFile('empty', ''),
  { path: 'all bytes', isExecutable: false, bytes: Uint8Array.from({ length: 70_000 }, (_, i) => i & 255) },
  ...Array.from({ length: 2000 }, (_, index) => textFile(`many/${index}`, String(index).repeat(index % 7))),
];

const name = fc.oneof(
  fc.constantFrom(...oddNames, longName),
  fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' })
    .map((text) => text.replaceAll('/', '_').toLowerCase())
    .filter((text) => !['.', '..'].includes(text)),
);
/** Every folder has its own marks, so that no file lies where another's folder is. */
const generated = fc
  .uniqueArray(
    fc.record({
      path: fc.array(name, { minLength: 1, maxLength: 6 }),
      bytes: fc.uint8Array({ maxLength: 300 }),
      isExecutable: fc.boolean(),
    }),
    {
      maxLength: 40,
      selector: ({ path }) => path.join('/'),
    },
  )
  .map((files) =>
    files.map(({ path, ...rest }) => ({
      ...rest,
      path: [...path.slice(0, -1).map((part) => `${part.slice(0, 200)}+`), path.at(-1)].join('/'),
    })),
  )
  .map((files) => files.filter(({ path }) => !path.endsWith('+')));

const trees: readonly (readonly PackedFile[])[] = [
  fixed,
  [textFile('one', '1')],
  ...fc.sample(generated, { numRuns: 8, seed: 15 }),
];

testWith('cpio')('cpio reads every path, byte, mode and owner of a payload', (t) => {
  for (const files of trees) {
    const folder = temporaryFolder(t);
    const entries = entriesOf(files);
    output(['cpio', '-id', '--quiet', '--no-absolute-filenames'], {
      cwd: folder,
      input: Buffer.concat(cpioParts(entries)),
    });
    t.deepEqual(sorted(onDisk(folder)), sorted(expected(files)));
    const listed = output(['cpio', '-itnv', '--quiet'], {
      input: Buffer.concat(cpioParts(entries)),
    }).toString();
    const lines = listed.split('\n').filter(Boolean);
    t.is(lines.length, entries.length);
    for (const line of lines) t.regex(line, /^\S+ +\d+ 0 +0 +\d+ Jan {2}1 {1,2}2026 /);
  }
});

testWith('bsdtar', 'tar')(
  'bsdtar and tar read every path, byte and mode of a tar.gz, whose owner is root',
  async (t) => {
    for (const files of trees) {
      const packed = await tarOf('top', files, 1);
      for (const program of ['bsdtar', 'tar']) {
        const folder = temporaryFolder(t);
        output([program, '-xzf', '-', '--no-same-owner'], { cwd: folder, input: packed });
        t.deepEqual(sorted(onDisk(join(folder, 'top'))), sorted(expected(files)), program);
      }
      const lines = output(['bsdtar', '-tvzf', '-'], { input: packed })
        .toString()
        .split('\n')
        .filter(Boolean);
      t.is(lines.length, entriesOf(files).length);
      for (const line of lines) t.regex(line, /^\S+ +\d+ root +(?:0 +)?\d+ Jan {2}1 {1,2}2026 /);
    }
  },
);

testWith('cksum', 'file')(
  'a bill of materials has each path once, in order, with the sum that cksum says',
  (t) => {
    for (const files of trees) {
      const folder = temporaryFolder(t);
      const entries = entriesOf(files);
      const bom = bomOf(entries);
      const read = readBom(bom);
      t.true(read.isWhole);
      t.deepEqual(read.names, ['BomInfo', 'Paths', 'HLIndex', 'VIndex', 'Size64']);
      t.is(read.count, entries.length + 1);
      t.deepEqual(
        [...read.paths.keys()].toSorted(compareBytes),
        entries.map(({ path }) => path).toSorted(compareBytes),
      );
      t.deepEqual(
        read.order,
        read.order.toSorted(([a, one], [b, two]) => a - b || compareBytes(one, two)),
      );
      const sums = entries.flatMap(({ id, bytes }) => {
        if (bytes === null) return [];
        writeFileSync(join(folder, String(id)), bytes);
        return [String(id)];
      });
      const said = sums.length === 0 ? '' : output(['cksum', ...sums], { cwd: folder }).toString();
      const sumById = new Map(
        said.split('\n').map((line) => {
          const [sum, , id] = line.split(' ');
          return [Number(id), Number(sum)];
        }),
      );
      for (const { path, id, mode, bytes } of entries) {
        const found = read.paths.get(path);
        t.like(found, {
          mode,
          type: bytes === null ? 2 : 1,
          owner: '0:0',
          time: fileTime,
          size: bytes?.length ?? 0,
          sum: bytes === null ? 0 : sumById.get(id),
        });
      }
      writeFileSync(join(folder, 'Bom'), bom);
      t.regex(output(['file', '-b', 'Bom'], { cwd: folder }).toString(), /bill of materials \(BOM\)/);
    }
    t.is(cksum(Buffer.from('hello\n')), 3_015_617_425);
  },
);

const sampleScripts = [
  textFile('preinstall', '#!/bin/sh\n', true),
  textFile('postinstall', '#!/bin/sh\n', true),
];

testWith(
  'bsdtar',
  'cpio',
  'file',
  'xmllint',
)('a package is a xar that bsdtar unpacks, and its parts belong together', async (t) => {
  for (const payload of trees.slice(0, 4)) {
    const folder = temporaryFolder(t);
    const pkg = await pkgOf({ version: '1.2.3', target: 'darwin-x64', payload, scripts: sampleScripts }, 1);
    writeFileSync(join(folder, 'a.pkg'), pkg);
    t.regex(output(['file', '-b', 'a.pkg'], { cwd: folder }).toString(), /^xar archive/);
    output(['bsdtar', '-xf', 'a.pkg'], { cwd: folder });
    const part = (path: string): string => join(folder, path);
    output(['xmllint', '--noout', 'Distribution', 'tokenquery.pkg/PackageInfo'], { cwd: folder });
    const toc = inflateSync(pkg.subarray(28, 28 + Number(pkg.readBigUInt64BE(8))));
    t.is(toc.length, Number(pkg.readBigUInt64BE(16)));
    writeFileSync(part('toc.xml'), toc);
    output(['xmllint', '--noout', 'toc.xml'], { cwd: folder });
    for (const [archive, files] of [
      ['Payload', payload],
      ['Scripts', sampleScripts],
    ] as const) {
      mkdirSync(part(`x${archive}`));
      output(['cpio', '-id', '--quiet', '--no-absolute-filenames'], {
        cwd: part(`x${archive}`),
        input: gunzipSync(readFileSync(part(`tokenquery.pkg/${archive}`))),
      });
      t.deepEqual(sorted(onDisk(part(`x${archive}`))), sorted(expected(files)));
    }
    // The three tell of the same.
    const bom = readBom(readFileSync(part('tokenquery.pkg/Bom')));
    t.deepEqual([...bom.paths.keys()].toSorted(), ['.', ...onDisk(part('xPayload')).keys()].toSorted());
    const info = readFileSync(part('tokenquery.pkg/PackageInfo'), 'utf8');
    t.regex(info, new RegExp(`numberOfFiles="${bom.paths.size}"`));
    const kilobytes = Math.ceil(payload.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1024);
    t.regex(info, new RegExp(`installKBytes="${kilobytes}"`));
    t.regex(readFileSync(part('Distribution'), 'utf8'), /hostArchitectures="x86_64"/);
  }
});

test('the same files give the same bytes, in whatever order and at whatever time they come', async (t) => {
  for (const files of trees.slice(0, 5)) {
    const once = { version: '1', target: 'darwin-arm64', payload: files, scripts: sampleScripts } as const;
    const twice = { ...once, payload: files.toReversed(), scripts: sampleScripts.toReversed() };
    const zone = process.env['TZ'];
    const [pkg, tar] = [await pkgOf(once, 1), await tarOf('a', files, 1)];
    process.env['TZ'] = 'Asia/Kolkata';
    const again = [
      await pkgOf({ ...twice, scripts: sampleScripts }, 1),
      await tarOf('a', files.toReversed(), 1),
    ];
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
    t.deepEqual([digest(pkg), digest(tar)], again.map(digest));
  }
});

test('what no archive can hold is refused, and so is what is no file', (t) => {
  for (const path of ['', '/a', 'a//b', 'a/', '.', '../a', 'a/./b', 'a\0', 'n'.repeat(256)])
    t.throws(() => entriesOf([textFile(path, '')]), { message: /cannot be the path/ }, path);
  t.throws(() => entriesOf([textFile('a', ''), textFile('a', '')]), { message: /comes twice/ });
  t.throws(() => entriesOf([textFile('a', ''), textFile('a/b', '')]), { message: /lies in a file/ });
  t.throws(() => entriesOf([textFile('a/b', ''), textFile('a', '')]), { message: /comes twice/ });
  const many = Array.from({ length: 65_535 }, (_, index) => textFile(String(index), ''));
  t.throws(() => bomOf(entriesOf(many)), { message: /more than one leaf/ });
  const folder = temporaryFolder(t);
  output(['ln', '-s', '/etc/passwd', 'link'], { cwd: folder });
  t.throws(() => filesOf(folder, 'x'), { message: /neither a file nor a folder/ });
});
