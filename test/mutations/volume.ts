/**
 * The Macs of the mutation test as mounted volumes: the same operators on each file that a volume has, and what can
 * happen to a file beside: a folder or a link in its place, a second record of one account, no file at all. The truth
 * is what the whole volume says.
 */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Backend } from '../../collector/backends/backend.ts';
import { UserError } from '../../collector/errors.ts';
import { volumeBackend } from '../../collector/backends/volume.ts';
import { parsePlistFile } from '../../collector/parsers/plist.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import { makeVolume, recordFolder, writeBinaryPlist } from '../mounted.ts';
import type { Mounted } from '../mounted.ts';
import { neverCollected } from '../parsers/directory.ts';
import { bytesOf, textOf, without, writeFolder } from './bundle.ts';
import type { Bundle } from './bundle.ts';
import type { Opened, Way } from './harness.ts';
import { compareAnswers } from './judge.ts';
import type { Complaint } from './judge.ts';
import { mutationsOf } from './operators.ts';
import type { Mutation } from './operators.ts';
import { change, parsePlist, printPlist, walk } from './plist.ts';
import type { Node } from './plist.ts';
import { keyOf } from './program.ts';
import type { Answers, Program } from './program.ts';

/** What stands at a path in place of what was there: a word of `stats`. */
type Place = 'missing' | 'folder' | 'link that leads out';

const usersFolder = `/${recordFolder}/users`;
const groupsFolder = `/${recordFolder}/groups`;
const versionPath = '/System/Library/CoreServices/SystemVersion.plist';
const nodeFolder = '/private/var/db/dslocal';

// --- A volume on the disk ---

/** Up to macOS 10.14 there is one volume; of a pair, `booted` is how macOS itself mounts it. */
const formOf = ({ name }: Bundle): 'whole' | 'pair' | 'booted' => {
  if (/^macos10\.1[34]/.test(name)) return 'whole';
  return name.startsWith('macos15') ? 'booted' : 'pair';
};

/** What the Mac said well: the files of a volume hold all that root would have been told. */
const heard = (bundle: Bundle): Bundle => ({
  ...bundle,
  runs: [...bundle.runs]
    .filter(([, { exit }]) => exit !== '0')
    .reduce((runs, [argv]) => without(runs, argv), bundle.runs),
});

/** Of a record without its secrets, as text, so that every operator can be used on it. */
const asText = (bytes: Uint8Array): Uint8Array => {
  const value = parsePlistFile(bytes);
  if (!(value instanceof Map)) return bytes;
  return bytesOf(writeXmlPlist(new Map([...value].filter(([key]) => !neverCollected.includes(key)))));
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(at);
    return entry.isFile() ? [at] : [];
  });

class Disk {
  /** The files by their path on that Mac, and nothing else. */
  readonly bundle: Bundle;
  readonly #folder: string;
  readonly #mount: string;
  readonly #volume: Mounted;
  readonly #times = new Map<string, number>();
  #now: Bundle;

  constructor(bundle: Bundle) {
    this.#folder = mkdtempSync(join(tmpdir(), 'tokenquery-volume-'));
    const recorded = join(this.#folder, 'bundle');
    writeFolder(heard(bundle), recorded);
    this.#mount = join(this.#folder, 'mnt');
    this.#volume = makeVolume(recorded, this.#mount, formOf(bundle));
    const files = new Map<string, Uint8Array>();
    for (const path of [usersFolder, groupsFolder, '/Library'])
      for (const at of filesBelow(this.#at(path))) {
        const bytes = path === '/Library' ? readFileSync(at) : asText(readFileSync(at));
        files.set(path + at.slice(this.#at(path).length), bytes);
        writeFileSync(at, bytes);
      }
    files.set(versionPath, readFileSync(this.#at(versionPath)));
    for (const path of [usersFolder, groupsFolder, nodeFolder, versionPath])
      this.#times.set(path, path === versionPath ? 1_700_000_000 : 1_790_000_000);
    this.bundle = { ...bundle, runs: new Map(), files, stats: new Map() };
    this.#now = this.bundle;
    this.#keepTimes();
    mkdirSync(join(this.#folder, 'outside'));
    writeFileSync(join(this.#folder, 'outside/file'), printPlist({ kind: 'dict', entries: [] }));
  }

  /** Makes the disk what a changed Mac has on it. */
  async read(changed: Bundle): Promise<Backend> {
    this.#become(changed);
    return volumeBackend(this.#mount);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #at(path: string): string {
    const isOfSystem = path.startsWith('/System');
    return join(isOfSystem ? this.#volume.system : this.#volume.data, path);
  }

  #become(changed: Bundle): void {
    for (const path of this.#now.stats.keys()) this.#putBack(path);
    const paths = new Set([...this.#now.files.keys(), ...changed.files.keys()]);
    for (const path of paths) {
      const bytes = changed.files.get(path);
      if (bytes === this.#now.files.get(path)) continue;
      if (bytes === undefined) rmSync(this.#at(path), { force: true });
      else writeFileSync(this.#at(path), bytes);
    }
    for (const [path, place] of changed.stats) this.#displace(path, place as Place);
    this.#now = changed;
    this.#keepTimes();
  }

  #displace(path: string, place: Place): void {
    const at = this.#at(path);
    const isFile = this.bundle.files.has(path) || !readable(at)?.isDirectory();
    if (readable(at) !== null) renameSync(at, join(this.#folder, `aside${path.replaceAll('/', '+')}`));
    mkdirSync(dirname(at), { recursive: true });
    if (place === 'folder') mkdirSync(at);
    const outside = join(this.#folder, isFile ? 'outside/file' : 'outside');
    if (place === 'link that leads out') symlinkSync(relative(dirname(at), outside), at);
  }

  #putBack(path: string): void {
    const at = this.#at(path);
    const aside = join(this.#folder, `aside${path.replaceAll('/', '+')}`);
    rmSync(at, { recursive: true, force: true });
    if (readable(aside) !== null) renameSync(aside, at);
  }

  /** `capturedTime` is the newest of these, and a verdict may rest on it. */
  #keepTimes(): void {
    for (const [path, time] of this.#times)
      if (readable(this.#at(path))?.isSymbolicLink() === false) utimesSync(this.#at(path), time, time);
  }
}

const readable = (at: string) => lstatSync(at, { throwIfNoEntry: false }) ?? null;

// --- What can happen to it ---

const one = { kind: 'damage', isOne: true } as const;
const damage = { kind: 'damage', isOne: false } as const;
const sameOne = { kind: 'same', isOne: true } as const;
const same = { kind: 'same', isOne: false } as const;

const isRecord = (path: string): boolean =>
  path.startsWith(`${usersFolder}/`) || path.startsWith(`${groupsFolder}/`);
const sourceNameOf = (path: string): string => {
  if (path.startsWith(usersFolder)) return 'user records';
  if (path.startsWith(groupsFolder)) return 'group records';
  return path === versionPath ? 'SystemVersion' : 'preferences';
};

const withFile = (bundle: Bundle, path: string, content: Uint8Array | string): Bundle => ({
  ...bundle,
  files: new Map(bundle.files).set(path, typeof content === 'string' ? bytesOf(content) : content),
});
const withPlace = (bundle: Bundle, path: string, place: Place): Bundle => ({
  ...bundle,
  stats: new Map(bundle.stats).set(path, place),
});

/** Of an account of Apple's there are dozens, all alike. */
const isAlike = (path: string): boolean => /\/_(?!spotlight|mbsetupuser)[^/]*$/.test(path);

type Change = Pick<Mutation, 'operator' | 'site' | 'kind' | 'isOne' | 'apply'>;
const at = (path: string, what: Change): Mutation => ({
  source: sourceNameOf(path),
  subject: path,
  ...what,
});

/** The operators of any file; what leaves a file out makes another Mac of it. */
const ofText = (bundle: Bundle, path: string): readonly Mutation[] =>
  mutationsOf(
    { ...bundle, files: new Map([[path, bundle.files.get(path) ?? new Uint8Array()]]) },
    new Set([path]),
  )
    .filter(({ operator }) => !['not-recorded', 'path-denied'].includes(operator))
    // In a record, data are a text as well, and a text is a list of one: see `ofRecord`. A value that is shown as it is
    // stored is another one in other capitals.
    .filter(({ operator }) => !isRecord(path) || !['value-retyped', 'lower-uuids'].includes(operator))
    .map((mutation) => ({
      ...mutation,
      source: sourceNameOf(path),
      isOne: mutation.isOne || (isRecord(path) && mutation.kind === 'damage'),
      apply: () => withFile(bundle, path, mutation.apply().files.get(path) ?? new Uint8Array()),
    }));

const binaryOf = (bytes: Uint8Array): Uint8Array => writeBinaryPlist(parseXmlPlist(textOf(bytes)));

/** What can happen to any file that is read. */
const ofFile = (bundle: Bundle, path: string): readonly Mutation[] => {
  const bytes = bundle.files.get(path) ?? new Uint8Array();
  const effect = isRecord(path) ? one : damage;
  const places = (['folder', 'link that leads out'] as const).map((place) =>
    at(path, { operator: place, site: 'all', ...effect, apply: () => withPlace(bundle, path, place) }),
  );
  const cut = [0.2, 0.6, 0.99].map((part) =>
    at(path, {
      operator: 'binary-cut',
      site: `at ${part}`,
      ...effect,
      apply: () => {
        const binary = binaryOf(bytes);
        return withFile(bundle, path, binary.slice(0, Math.floor(binary.length * part)));
      },
    }),
  );
  const asBinary = at(path, {
    operator: 'binary',
    site: 'all',
    ...same,
    apply: () => withFile(bundle, path, binaryOf(bytes)),
  });
  return [...places, ...cut, asBinary, ...ofText(bundle, path)];
};

/** The same with another value, which only the same record beside it shows to be wrong. */
const differing = (node: Node): Node => {
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(differing) };
  if (node.kind !== 'string') return { kind: 'string', text: 'other' };
  if (/^-?[0-9]+$/.test(node.text)) return { ...node, text: String(Number(node.text) + 1) };
  const isGuid = /^[0-9A-F-]{36}$/.test(node.text);
  return {
    ...node,
    text: isGuid ? `${node.text.slice(0, -1)}${node.text.endsWith('0') ? '1' : '0'}` : `${node.text}x`,
  };
};

/** In another form that says the same: a number, data, a text alone. */
const sameForms = (key: string, node: Node): readonly (readonly [string, Node])[] => {
  const [item, ...more] = node.kind === 'array' ? node.items : [];
  if (item?.kind !== 'string') return [];
  const isNumber = (key === 'uid' || key === 'gid') && /^-?[0-9]+$/.test(item.text);
  const data: Node = { kind: 'data', text: Buffer.from(item.text).toString('base64') };
  return [
    ['data', { kind: 'array', items: [data, ...more] }],
    ...(more.length > 0 ? [] : [['alone', item] as const]),
    ...(isNumber
      ? [['number', { kind: 'array', items: [{ kind: 'integer', text: item.text }] }] as const]
      : []),
  ];
};

/** What can happen to the record of an account or a group. */
const ofRecord = (bundle: Bundle, path: string): readonly Mutation[] => {
  const tree = parsePlist(textOf(bundle.files.get(path) ?? new Uint8Array()));
  if (tree?.kind !== 'dict') return [];
  const twin = path.replace(/\.plist$/, ' 2.plist');
  const made = (to: Node): string => printPlist(to);
  const odd: Node = { kind: 'dict', entries: [] };
  const retyped = walk(tree).flatMap(([steps]) =>
    steps.length === 0
      ? []
      : [
          at(path, {
            operator: 'value-retyped',
            site: steps.join('/'),
            ...one,
            apply: () => withFile(bundle, path, made(change(tree, steps, () => [odd]))),
          }),
        ],
  );
  const forms = tree.entries.flatMap(([key, node]) =>
    sameForms(key, node).map(([form, to]) =>
      at(path, {
        operator: `as-${form}`,
        site: key,
        ...sameOne,
        apply: () => withFile(bundle, path, made(change(tree, [key], () => [to]))),
      }),
    ),
  );
  const against = tree.entries.flatMap(([key, node]) =>
    // With another name or GUID it is another account.
    key === 'name' || key === 'accountPolicyData'
      ? []
      : [
          at(path, {
            operator: 'record-against-itself',
            site: key,
            ...one,
            apply: () => withFile(bundle, twin, made(change(tree, [key], () => [differing(node)]))),
          }),
        ],
  );
  return [
    ...retyped,
    ...forms,
    ...against,
    at(path, {
      operator: 'key-removed',
      site: 'name',
      ...one,
      apply: () => withFile(bundle, path, made(change(tree, ['name'], () => []))),
    }),
    at(path, {
      operator: 'record-twice',
      site: 'all',
      ...sameOne,
      apply: () => withFile(bundle, twin, bundle.files.get(path) ?? new Uint8Array()),
    }),
    ...ofPolicy(bundle, path, tree),
  ];
};

/** The property list that a record keeps as data, damaged like any other. */
const ofPolicy = (bundle: Bundle, path: string, tree: Node): readonly Mutation[] => {
  const found = walk(tree).find(([steps, node]) => steps[0] === 'accountPolicyData' && node.kind === 'data');
  if (found === undefined) return [];
  const [steps, node] = found;
  const inner = node.kind === 'data' ? Buffer.from(node.text, 'base64') : new Uint8Array();
  return ofText({ ...bundle, files: new Map([['/policy', inner]]) }, '/policy').map((mutation) =>
    at(path, {
      ...mutation,
      operator: `policy ${mutation.operator}`,
      isOne: mutation.kind === 'damage',
      apply: () => {
        const text = Buffer.from(mutation.apply().files.get('/policy') ?? new Uint8Array()).toString(
          'base64',
        );
        return withFile(bundle, path, printPlist(change(tree, steps, () => [{ kind: 'data', text }])));
      },
    }),
  );
};

/** What can happen to a folder of records. */
const ofFolder = (bundle: Bundle, folder: string): readonly Mutation[] => {
  const records = [...bundle.files.keys()].filter((path) => path.startsWith(`${folder}/`));
  const name = (file: string): string => `${folder}/${file}`;
  const added = (
    operator: string,
    file: string,
    content: string,
    effect: typeof one | typeof sameOne,
  ): Mutation =>
    at(folder, {
      operator,
      site: `${file} ${content.length}`,
      ...effect,
      apply: () => withFile(bundle, name(file), content),
    });
  const dict = (...entries: readonly (readonly [string, Node])[]): string =>
    printPlist({ kind: 'dict', entries });
  const texts = (text: string): Node => ({ kind: 'array', items: [{ kind: 'string', text }] });
  const gone = (site: string, isGone: (path: string) => boolean): Mutation =>
    at(folder, {
      operator: 'witness-removed',
      site,
      ...damage,
      apply: () => ({ ...bundle, files: records.filter(isGone).reduce(without, bundle.files) }),
    });
  const witness = folder === usersFolder ? '/root.plist' : '/admin.plist';
  return [
    ...[
      '',
      'junk',
      printPlist(texts('odd')),
      printPlist({ kind: 'string', text: 'odd' }),
      dict(),
      dict(['uid', texts('777')]),
    ].map((content) => added('record-odd', 'odd.plist', content, one)),
    ...['.ghost.plist', '._root.plist', 'note.txt', 'root.plist~', 'root.plist.sb-1'].map((file) =>
      added('no-record', file, dict(['name', texts('ghost')], ['uid', texts('777')]), sameOne),
    ),
    gone('the witness', (path) => path.endsWith(witness)),
    gone('all', () => true),
    ...(['missing', 'folder', 'link that leads out'] as const).map((place) =>
      at(folder, { operator: place, site: 'all', ...damage, apply: () => withPlace(bundle, folder, place) }),
    ),
  ];
};

/** What can happen to a folder on the way to a path that is looked at. */
const onTheWay = [
  '/private/var/db',
  '/Library/Preferences',
  '/Library/Managed Preferences',
  '/private/var/db/ConfigurationProfiles',
  '/Users',
  '/private/etc',
];

const allOf = (bundle: Bundle): readonly Mutation[] => {
  const paths = [...bundle.files.keys()].filter((path) => !isAlike(path)).toSorted();
  const lost = (['missing', 'folder', 'link that leads out'] as const).map((place) =>
    at(versionPath, {
      operator: `version ${place}`,
      site: 'all',
      ...damage,
      apply: () => withPlace(bundle, versionPath, place),
    }),
  );
  const ways = onTheWay.map((folder): Mutation => ({
    ...at(folder, {
      operator: 'link that leads out',
      site: 'all',
      ...damage,
      apply: () => withPlace(bundle, folder, 'link that leads out'),
    }),
    source: 'folders',
  }));
  return [
    ...paths.flatMap((path) => [...ofFile(bundle, path), ...(isRecord(path) ? ofRecord(bundle, path) : [])]),
    ...[usersFolder, groupsFolder].flatMap((folder) => ofFolder(bundle, folder)),
    ...lost,
    ...ways,
  ];
};

// --- The way ---

/**
 * An account of which it is no longer known that it cannot log in is looked at like any other, and what is seen of it
 * then is true: the truth of the whole volume has NULL there, for nobody looked.
 */
const isSeenNow = ({ where, from }: Complaint): boolean =>
  (where === 'users.home_exists' && from === 'NULL') ||
  (where === 'secure_token_observations of sysadminctl' && from === 'no row');

const answerOf = async (program: Program, disk: Disk, changed: Bundle): Promise<Answers> =>
  program.answerFrom(await disk.read(changed));

export const volume: Way = {
  open: async (bundle, program): Promise<Opened> => {
    const disk = new Disk(bundle);
    const truth = await answerOf(program, disk, disk.bundle);
    return {
      mutations: allOf(disk.bundle),
      judge: async (mutation, changed) => {
        try {
          const now = await answerOf(program, disk, changed);
          return compareAnswers(truth, now, keyOf, mutation).filter((complaint) => !isSeenNow(complaint));
        } catch (error) {
          // Refused as no volume of macOS, in words: nothing untrue is told.
          if (error instanceof UserError) return [];
          throw error;
        }
      },
      close: () => disk.close(),
    };
  },
  write: (changed, folder) => {
    for (const [path, content] of changed.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  },
};
