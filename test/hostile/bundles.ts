/** Evidence bundles that somebody made to harm whoever opens them, as folders and as archives. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';

export type Files = ReadonlyMap<string, string | Uint8Array>;

export const filesOf = (folder: string): Files =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path.slice(folder.length + 1), new Uint8Array(readFileSync(path))]),
  );

export interface Variant {
  readonly name: string;
  readonly files: Files;
}

const textIn = (files: Files, path: string): string => {
  const content = files.get(path) ?? '';
  return typeof content === 'string' ? content : Buffer.from(content).toString();
};

const withFile = (files: Files, path: string, content: string | Uint8Array): Files =>
  new Map([...files].filter(([name]) => name !== 'SHA256SUMS')).set(path, content);

/** Fields of evidence.json, each with what it never is. */
const manifests = (good: Files): readonly Variant[] => {
  const manifest = JSON.parse(textIn(good, 'evidence.json')) as Record<string, unknown>;
  const odd: Readonly<Record<string, readonly unknown[]>> = {
    format: [null, 'other', 1],
    version: [0, 2, '1', null],
    origin: [null, 'live', ['recorded']],
    captured_time: [null, -1, 0, 1.5, 2 ** 53, '1790000000', 1e308, [1]],
    euid: [-1, 1.5, '0', 2 ** 40, [0]],
    host_id: ['', 'x', '../../x', '\u001b[31m', '\ud800', 'x'.repeat(100_000), 7, [], {}],
    tool: [7, 'x'.repeat(100_000)],
  };
  return Object.entries(odd).flatMap(([field, values]) =>
    values.map((value) => ({
      name: `evidence.json ${field} = ${JSON.stringify(value).slice(0, 40)}`,
      files: withFile(good, 'evidence.json', JSON.stringify({ ...manifest, [field]: value })),
    })),
  );
};

const texts = (good: Files): readonly Variant[] => {
  const [command = ''] = [...good.keys()].filter((path) => path.endsWith('/argv'));
  const folder = command.slice(0, -'/argv'.length);
  const stat = textIn(good, 'stat.tsv');
  const changes: readonly (readonly [string, string, string | Uint8Array])[] = [
    ['evidence.json is no JSON', 'evidence.json', '{'],
    ['evidence.json is a list', 'evidence.json', '[]'],
    ['evidence.json is nested deep', 'evidence.json', '['.repeat(100_000)],
    ['evidence.json is not UTF-8', 'evidence.json', new Uint8Array([0xff, 0xfe, 0x00])],
    ['an argv that is not listed', command, '/bin/rm\n-rf\n/\n'],
    ['an argv of another order', command, textIn(good, command).split('\n').toReversed().join('\n')],
    ['an argv without words', command, ''],
    ['an argv with a NUL', command, `${textIn(good, command)}\0`],
    ['an argv of 100,000 words', command, 'x\n'.repeat(100_000)],
    ['an exit code of words', `${folder}/exit_code`, 'seven\n'],
    ['an exit code of many digits', `${folder}/exit_code`, `${'9'.repeat(400)}\n`],
    ['an exit code below none', `${folder}/exit_code`, '-7\n'],
    ['no exit code', `${folder}/exit_code`, ''],
    ['stdout that is not UTF-8', `${folder}/stdout`, new Uint8Array(1000).fill(0xfe)],
    ['stdout of NULs', `${folder}/stdout`, new Uint8Array(1_000_000)],
    ['stdout of brackets', `${folder}/stdout`, '['.repeat(1_000_000)],
    ['stdout of line feeds', `${folder}/stdout`, '\n'.repeat(1_000_000)],
    ['stderr of escapes', `${folder}/stderr`, '\u001b[2J'.repeat(10_000)],
    ['stat.tsv of words', 'stat.tsv', 'x y z\n'],
    ['stat.tsv with a path twice', 'stat.tsv', stat + stat],
    [
      'stat.tsv of paths that climb',
      'stat.tsv',
      stat.replaceAll('\t', '\t').replaceAll('/var', '/../../var'),
    ],
    ['stat.tsv of large numbers', 'stat.tsv', stat.replaceAll(/\t\d+\t/g, `\t${'9'.repeat(30)}\t`)],
    ['sums of nothing', 'SHA256SUMS', ''],
    ['sums of other bytes', 'SHA256SUMS', `${'0'.repeat(64)}  evidence.json\n`],
    ['sums of a path that climbs', 'SHA256SUMS', `${'0'.repeat(64)}  ../../../etc/passwd\n`],
    ['a file that is not listed', 'files/etc/shadow', 'root:x\n'],
    ['a command without a number', 'commands/x/argv', '/usr/bin/true\n'],
  ];
  return changes.map(([name, path, content]) => ({ name, files: withFile(good, path, content) }));
};

export const folders = (good: Files): readonly Variant[] => [
  ...manifests(good),
  ...texts(good),
  { name: 'no file', files: new Map() },
  { name: 'evidence.json alone', files: new Map([['evidence.json', textIn(good, 'evidence.json')]]) },
];

export interface Archive {
  readonly name: string;
  readonly bytes: Uint8Array;
}

type Entry = readonly [Partial<Header> & { name: string }, (string | Uint8Array)?];

const packed = async (entries: readonly Entry[]): Promise<Buffer> => {
  const stream = pack();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => void chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  for (const [header, content] of entries) {
    stream.entry(header, content === undefined ? '' : Buffer.from(content as string));
    // It packs what it is given at once as deep as that is long.
    await new Promise(setImmediate);
  }
  stream.finalize();
  await ended;
  return Buffer.concat(chunks);
};

/** @param outside A path that nothing may be written to. */
export const archives = async (good: Files, outside: string): Promise<readonly Archive[]> => {
  const entries = [...good].map(([name, content]): Entry => [{ name }, content]);
  const [first = [{ name: 'x' }]] = entries;
  const odd: Readonly<Record<string, readonly Entry[]>> = {
    'a path that climbs': [[{ name: `../../../../../../..${outside}` }, 'x']],
    'an absolute path': [[{ name: outside }, 'x']],
    'a link to a file': [[{ name: 'stat.tsv', type: 'symlink', linkname: '/etc/passwd' }]],
    'a link to a folder': [[{ name: 'commands', type: 'symlink', linkname: '/etc' }]],
    'a hard link': [[{ name: 'files/etc/hosts', type: 'link', linkname: '/etc/hosts' }]],
    'a device': [[{ name: 'files/dev/zero', type: 'character-device', devmajor: 1, devminor: 5 }]],
    'a pipe': [[{ name: 'files/pipe', type: 'fifo' }]],
    'a name twice': [first, first],
    'a name that is another in capitals': [[{ name: 'EVIDENCE.JSON' }, '{}']],
    'a name of 10,000 characters': [[{ name: 'x'.repeat(10_000) }, 'x']],
    'a name of control characters': [[{ name: 'files/\u001b[31m\n' }, 'x']],
    'a file below a file': [[{ name: 'evidence.json/x' }, 'x']],
    'ten thousand folders': Array.from({ length: 10_000 }, (_, at): Entry => [
      { name: `d${at}/`, type: 'directory' },
    ]),
  };
  const tar = await packed(entries);
  const made = await Promise.all(
    Object.entries(odd).map(async ([name, more]) => ({
      name,
      bytes: gzipSync(await packed([...entries, ...more]), { level: 1 }),
    })),
  );
  const gz = gzipSync(tar);
  return [
    ...made,
    { name: 'no bytes', bytes: new Uint8Array() },
    { name: 'no gzip', bytes: tar },
    { name: 'cut in the middle', bytes: gz.subarray(0, gz.length / 2) },
    { name: 'cut in the tar', bytes: gzipSync(tar.subarray(0, tar.length / 2)) },
    { name: 'gzip twice', bytes: gzipSync(gz) },
    { name: 'bytes after the end', bytes: Buffer.concat([gz, Buffer.alloc(100_000, 'x')]) },
    { name: 'zeros', bytes: gzipSync(Buffer.alloc(50_000_000)) },
    { name: 'an archive of nothing', bytes: gzipSync(await packed([])) },
  ];
};
