/**
 * What can happen to one recorded answer, and what a right collector may conclude of it.
 *
 * An operator lists the places where it applies; each is one mutation. Two kinds:
 * - `damage`: a fact is no longer to be read. It may be unknown and said to be; a value that is told must still be
 *   the true one.
 * - `same`: the bytes say what they said before. Nothing may be lost.
 *
 * There is no operator that turns one believable answer into another: a number that is another number, an account
 * that is in no list, a line that a Mac without the fact would not print. Of these nobody could tell that they are
 * not the truth. `mayBeAbsent` and the lists at the places of use say where that is so.
 */
import { commands } from '../../collector/sources.ts';
import type { Command } from '../../collector/sources.ts';
import type { Bundle, Run } from './bundle.ts';
import { bytesOf, textOf, without, withRun } from './bundle.ts';
import { change, parsePlist, printPlist, walk } from './plist.ts';
import type { Node, Path } from './plist.ts';
import { sourceNameOf } from './program.ts';

export interface Mutation {
  /** The name in sources.ts; `file` or `stat` for a path. */
  readonly source: string;
  /** The last word of the argv where the source has a parameter, or the path. */
  readonly subject: string;
  readonly operator: string;
  readonly site: string;
  readonly kind: 'damage' | 'same';
  /** One record, line or entry of an answer that is well-formed for the rest. */
  readonly isOne: boolean;
  readonly apply: () => Bundle;
}

type Effect = Pick<Mutation, 'operator' | 'site' | 'kind' | 'isOne'>;
interface TextChange extends Effect {
  /** Made when it is wanted: a large answer has thousands. */
  readonly text: () => string | Uint8Array;
}

const one = { kind: 'damage', isOne: true } as const;
const damage = { kind: 'damage', isOne: false } as const;
const same = { kind: 'same', isOne: false } as const;
const sameOne = { kind: 'same', isOne: true } as const;

/** Positions spread over a length, the ends left out. */
const spread = (length: number, count: number): readonly number[] => [
  ...new Set(
    Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * length) / count)).filter(
      (at) => at > 0 && at < length,
    ),
  ),
];

// --- Any text ---

/** A list of which each line stands for itself: a line less is the list of another Mac. */
const lineLists: ReadonlySet<string> = new Set(['fdesetup_list', 'fdesetup_list_extended']);

const logLines = (tool: string): readonly string[] => [
  `2026-09-22 07:14:05.318 ${tool}[812:9321] XPC connection was interrupted`,
  `objc[812]: Class AMSupportURLSession is implemented in both /usr/lib/libauthinstall.dylib and /usr/lib/libimg4.dylib. One of the two will be used. Which one is undefined.`,
];

const cuts = (text: string): readonly TextChange[] =>
  spread(text.length, 12).flatMap((at) => {
    // At the end of a line it is cut-line, which knows where a line less is another answer.
    if (text[at - 1] === '\n') return [];
    return [{ operator: 'cut-byte', site: `byte ${at}`, ...damage, text: () => text.slice(0, at) }];
  });

/** @param tool Empty for a file, into which nothing logs. */
const wrappings = (tool: string, text: string): readonly TextChange[] => [
  ...(tool === '' ? [] : logLines(tool)).flatMap((line, index): TextChange[] => [
    { operator: 'log-before', site: `log ${index}`, ...same, text: () => `${line}\n${text}` },
    {
      operator: 'log-after',
      site: `log ${index}`,
      ...same,
      text: () => `${text.replace(/\n?$/, '\n')}${line}\n`,
    },
  ]),
  { operator: 'blank-first', site: 'all', ...same, text: () => `\n${text}` },
  { operator: 'blank-last', site: 'all', ...same, text: () => `${text}\n` },
  { operator: 'bom', site: 'all', ...same, text: () => `\uFEFF${text}` },
  { operator: 'crlf', site: 'all', ...same, text: () => text.replaceAll('\n', '\r\n') },
];

const badBytes = (text: string): readonly TextChange[] => {
  const bytes = bytesOf(text);
  return spread(bytes.length, 4).flatMap((at) =>
    [0xff, 0x00].map((byte) => ({
      operator: byte === 0 ? 'nul-byte' : 'bad-byte',
      site: `byte ${at}`,
      ...damage,
      text: () => new Uint8Array([...bytes.slice(0, at), byte, ...bytes.slice(at)]),
    })),
  );
};

const uuidForm = /\b[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b/g;

const capitals = (text: string): readonly TextChange[] => {
  const lower = text.replaceAll(uuidForm, (uuid) => uuid.toLowerCase());
  return lower === text ? [] : [{ operator: 'lower-uuids', site: 'all', ...same, text: () => lower }];
};

// --- Lines ---

const closedWords =
  /\b(?:YES|NO|Yes|No|true|false|On|Off|ENABLED|DISABLED|enabled|disabled|allowed|disallowed)\b/g;
/** Numbers that are a fact and no part of a name. */
const factNumbers = /(?<=sec = |usec = |ProductVersion:\s+|= )[0-9][0-9.]*(?=[,;\s}])/gm;

/** An entry of a list of an old-style property list. */
const isInList = (lines: readonly string[], index: number): boolean => {
  if (!/^\s+[^={}()]+$/.test(lines[index] ?? '')) return false;
  const before = lines.slice(0, index).findLast((line) => /[={}()]/.test(line)) ?? '';
  return before.endsWith('(');
};

/** A line that a Mac prints or leaves out, so that nobody misses it. */
const mayBeAbsent = (source: string, lines: readonly string[], index: number): boolean => {
  const line = lines[index] ?? '';
  if (lineLists.has(source)) return index > 0 || !line.startsWith('ESCROW');
  if (source === 'fdesetup_status') return index > 0;
  if (source === 'launchctl_print_disabled') return / => /.test(line) || /login item|^\s*}$|^$/.test(line);
  // A setting of an old-style property list, and an entry of a list in it; their brackets are not.
  if (/^\s*\S+ = [^({]*;$/.test(line) || isInList(lines, index)) return true;
  return line.trim() === '' || line.startsWith('profiles: Bootstrap Token escrowed');
};

const newLine = (source: string, line: string): string => {
  if (/^\s*\S+ = .*;$/.test(line)) return `${/^\s*/.exec(line)?.[0] ?? ''}NewKeyOfALaterMacOS = 1;`;
  if (source === 'launchctl_print_disabled') return '\t\t"com.example.new" => purple';
  if (lineLists.has(source)) return '        a new kind of entry';
  return 'A new sentence of a later macOS.';
};

const without_ = (lines: readonly string[], index: number): string =>
  lines.filter((_, each) => each !== index).join('\n');

const lineChanges = (source: string, text: string): readonly TextChange[] => {
  const lines = text.split('\n');
  const last = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  // Of an answer of one line nothing is left that could be well-formed.
  const isAlone = lines.filter((line) => line.trim() !== '').length === 1;
  return lines.slice(0, last).flatMap((line, index): TextChange[] => {
    const site = `line ${index + 1}`;
    const isBracket = /[({]\s*$|^\s*[)}][;,]?\s*$/.test(line);
    const twice = (): string => [...lines.slice(0, index + 1), ...lines.slice(index)].join('\n');
    const added = newLine(source, line);
    const isSetting = /^\s*\S+ = .*;$/.test(line);
    const more = (): string => [...lines.slice(0, index + 1), added, ...lines.slice(index + 1)].join('\n');
    const found: TextChange[] = [];
    if (!mayBeAbsent(source, lines, index))
      found.push({
        operator: 'line-removed',
        site,
        ...one,
        isOne: !isBracket && !isAlone,
        text: () => without_(lines, index),
      });
    // An entry of such a list twice is no list: there is a comma less.
    if (!isBracket && line.trim() !== '' && !isInList(lines, index))
      found.push({ operator: 'line-twice', site, ...sameOne, text: twice });
    if (!isBracket || isSetting)
      found.push({ operator: 'line-new', site, ...(isSetting ? sameOne : one), text: more });
    if (
      index < last - 1 &&
      lines.slice(index + 1, last).some((_, after) => !mayBeAbsent(source, lines, index + 1 + after))
    )
      found.push({
        operator: 'cut-line',
        site: `after ${site}`,
        ...damage,
        text: () => `${lines.slice(0, index + 1).join('\n')}\n`,
      });
    return found;
  });
};

const replaceAt = (text: string, at: number, length: number, by: string): string =>
  `${text.slice(0, at)}${by}${text.slice(at + length)}`;

const wordChanges = (text: string): readonly TextChange[] => [
  ...[...text.matchAll(closedWords)].map((found) => ({
    operator: 'word-unknown',
    site: `byte ${found.index}`,
    ...one,
    text: () => replaceAt(text, found.index, found[0].length, newWord),
  })),
  ...[...text.matchAll(factNumbers)].map((found) => ({
    operator: 'number-broken',
    site: `byte ${found.index}`,
    ...one,
    text: () => replaceAt(text, found.index, found[0].length, `${found[0].slice(0, 1)}x${found[0].slice(1)}`),
  })),
  ...[...text.matchAll(uuidForm)].map((found) => ({
    operator: 'uuid-broken',
    site: `byte ${found.index}`,
    ...one,
    text: () => replaceAt(text, found.index + found[0].length - 1, 1, 'G'),
  })),
];

// --- Property lists ---

/** Keys without which an entry is not what the tool prints; of others nobody can say that they should be there. */
const requiredKeys: ReadonlySet<string> = new Set([
  'dsAttrTypeStandard:RecordName',
  'dsAttrTypeStandard:UniqueID',
  'dsAttrTypeStandard:PrimaryGroupID',
  'dsAttrTypeStandard:GeneratedUID',
  'dsAttrTypeStandard:NFSHomeDirectory',
  'dsAttrTypeStandard:UserShell',
  'Containers',
  'Volumes',
  'ContainerReference',
  'APFSVolumeUUID',
  'CryptoMigrationOn',
  'DeviceIdentifier',
  'Encryption',
  'FileVault',
  'Locked',
  'Name',
  'Roles',
  'Users',
  'APFSCryptoUserType',
  'APFSCryptoUserUUID',
  'VolumeOwner',
  'FilesystemType',
  'APFSContainerReference',
  'APFSVolumeGroupID',
  'VolumeUUID',
  'IOPlatformUUID',
  'model',
  'ProfileItems',
  'PayloadType',
  'PayloadContent',
  // Of the files of a mounted volume.
  'uid',
  'gid',
  'generateduid',
  'home',
  'shell',
  'ProductName',
  'ProductVersion',
  'ProductBuildVersion',
]);
/** Values of a closed list. */
const wordKeys: ReadonlySet<string> = new Set(['APFSCryptoUserType', 'Enable']);
/** Who is named by such a UUID is another one, or nobody: a member that is not of this Mac. */
const namesOthers: ReadonlySet<string> = new Set([
  'dsAttrTypeStandard:GroupMembers',
  'dsAttrTypeStandard:NestedGroups',
  'groupmembers',
  'nestedgroups',
]);
/** What tells a record apart from others: with another one it is another record. */
const identities: ReadonlySet<string> = new Set([
  'dsAttrTypeStandard:RecordName',
  'dsAttrTypeStandard:GeneratedUID',
  'APFSCryptoUserUUID',
  'APFSVolumeUUID',
  'DeviceIdentifier',
  'APFSContainerUUID',
  'ContainerReference',
  'IOPlatformUUID',
  'ProfileIdentifier',
  'name',
]);

/** A word that no version of macOS is known to print. */
export const newWord = 'Purple';

const textNode = (value: string): Node => ({ kind: 'string', text: value });
const siteOf = (path: Path): string => (path.length === 0 ? 'top' : path.join('/'));
const lastKey = (path: Path): string => path.findLast((step) => typeof step === 'string') ?? '';

const anotherType = (node: Node): Node => {
  switch (node.kind) {
    case 'string':
      return { kind: 'data', text: 'cHVycGxl' };
    case 'dict':
      return { kind: 'array', items: [] };
    case 'data':
      return { kind: 'integer', text: '7' };
    default:
      return textNode('purple');
  }
};

/** Another value of the same type, which only the same record beside it shows to be wrong. */
const anotherValue = (node: Node): Node | null => {
  switch (node.kind) {
    case 'true':
      return { kind: 'false' };
    case 'false':
      return { kind: 'true' };
    case 'integer':
      return { kind: 'integer', text: String(Number(node.text) + 1) };
    case 'string':
      return textNode(/^-?[0-9]+$/.test(node.text) ? String(Number(node.text) + 1) : `${node.text}x`);
    default:
      return null;
  }
};

const isDict = (node: Node): boolean => node.kind === 'dict';

const valueChanges = (path: Path, node: Node): readonly (Effect & { readonly to: readonly Node[] })[] => {
  const key = lastKey(path);
  const site = siteOf(path);
  const found: (Effect & { readonly to: readonly Node[] })[] = [];
  if (path.length > 0) found.push({ operator: 'value-retyped', site, ...one, to: [anotherType(node)] });
  else found.push({ operator: 'top-retyped', site, ...damage, to: [anotherType(node)] });
  if (node.kind !== 'string') return found;
  if (wordKeys.has(key)) found.push({ operator: 'word-unknown', site, ...one, to: [textNode(newWord)] });
  if (/^[0-9A-F-]{36}$/.test(node.text) && !namesOthers.has(key)) {
    const broken = [`${node.text} `, 'NOT-A-UUID', `${node.text.slice(0, -1)}G`, ''];
    for (const [index, to] of broken.entries())
      found.push({ operator: 'uuid-broken', site: `${site} form ${index}`, ...one, to: [textNode(to)] });
  }
  if (/^-?[0-9]+$/.test(node.text))
    for (const [index, to] of [`${node.text}x`, ''].entries())
      found.push({ operator: 'number-broken', site: `${site} form ${index}`, ...one, to: [textNode(to)] });
  return found;
};

/** The first value of a record that is no name of it, with another value in its place. */
const differing = (record: Node): readonly Node[] => {
  for (const [path, node] of walk(record)) {
    const other = identities.has(lastKey(path)) || path.length === 0 ? null : anotherValue(node);
    if (other !== null) return [change(record, path, () => [other])];
  }
  return [];
};
/** The same for the last such value. */
const differingAtEnd = (record: Node): readonly Node[] => {
  for (const [path, node] of walk(record).toReversed()) {
    const other = identities.has(lastKey(path)) || path.length === 0 ? null : anotherValue(node);
    if (other !== null) return [change(record, path, () => [other])];
  }
  return [];
};

type TreeChange = Effect & { readonly tree: () => Node };

const recordChanges = (tree: Node, path: Path, node: Node): readonly TreeChange[] => {
  if (node.kind !== 'array' || node.items.length === 0 || !node.items.every(isDict)) return [];
  const site = siteOf(path);
  const put = (items: readonly Node[]) => (): Node => change(tree, path, () => [{ kind: 'array', items }]);
  const found: TreeChange[] = [];
  if (node.items.length > 1)
    found.push({ operator: 'records-reversed', site, ...same, tree: put(node.items.toReversed()) });
  const odd: readonly Node[] = [
    textNode('odd'),
    { kind: 'dict', entries: [] },
    { kind: 'integer', text: '1' },
  ];
  for (const [index, item] of odd.entries())
    found.push({
      operator: 'record-odd',
      site: `${site} form ${index}`,
      ...one,
      tree: put([...node.items.slice(0, 1), item, ...node.items.slice(1)]),
    });
  for (const [index, item] of node.items.entries()) {
    const at = `${site}/${index}`;
    const twice = (other: readonly Node[]): (() => Node) =>
      put([...node.items.slice(0, index + 1), ...other, ...node.items.slice(index + 1)]);
    found.push({ operator: 'record-twice', site: at, ...sameOne, tree: twice([item]) });
    for (const [form, other] of [differing(item), differingAtEnd(item)].entries()) {
      // Two accounts of one name may have been deleted.
      if (other.length === 0 || path.includes('deletedUsers')) continue;
      const effect = { operator: 'record-against-itself', site: `${at} form ${form}`, ...one };
      found.push({ ...effect, tree: twice(other) });
    }
  }
  return found;
};

const keyChanges = (tree: Node, path: Path, node: Node): readonly TreeChange[] => {
  if (node.kind !== 'dict') return [];
  const put = (entries: readonly (readonly [string, Node])[]) => (): Node =>
    change(tree, path, () => [{ kind: 'dict', entries }]);
  const found: TreeChange[] = [];
  const newKey = ['NewKeyOfALaterMacOS', textNode('purple')] as const;
  // A document that is empty says that there is nothing: with a key in it, it says so no longer.
  if (path.length > 0 || node.entries.length > 0)
    found.push({ operator: 'key-new', site: siteOf(path), ...sameOne, tree: put([...node.entries, newKey]) });
  for (const [index, [key, value]] of node.entries.entries()) {
    const site = siteOf([...path, key]);
    const before = node.entries.slice(0, index);
    const after = node.entries.slice(index + 1);
    if (requiredKeys.has(key))
      found.push({ operator: 'key-removed', site, ...one, tree: put([...before, ...after]) });
    found.push({
      operator: 'key-twice',
      site,
      ...sameOne,
      tree: put([...before, [key, value], [key, value], ...after]),
    });
    const other = value.kind === 'array' ? null : anotherValue(value);
    if (other !== null)
      found.push({
        operator: 'key-against-itself',
        site,
        ...one,
        tree: put([...before, [key, value], [key, other], ...after]),
      });
  }
  return found;
};

const reversedKeys = (node: Node): Node => {
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(reversedKeys) };
  if (node.kind !== 'dict') return node;
  return {
    kind: 'dict',
    entries: node.entries.map(([key, value]) => [key, reversedKeys(value)] as const).toReversed(),
  };
};

const isNamed = (node: Node, key: string, value: string): boolean =>
  node.kind === 'dict' &&
  node.entries.some(
    ([name, content]) =>
      name === key && walk(content).some(([, each]) => each.kind === 'string' && each.text === value),
  );

/** What must be in an answer of a Mac of which the others say that it is there. */
const witnesses = (bundle: Bundle, source: string, tree: Node): readonly TreeChange[] => {
  const emptied = walk(tree).flatMap(([path, node]): TreeChange[] => {
    const isList = node.kind === 'array' && node.items.length > 0 && node.items.every(isDict);
    if (!isList && path.length > 0) return [];
    const to: Node = isList ? { kind: 'array', items: [] } : { kind: 'dict', entries: [] };
    return [
      { operator: 'emptied', site: siteOf(path), ...damage, tree: () => change(tree, path, () => [to]) },
    ];
  });
  const taken = (isWanted: (node: Node) => boolean): readonly TreeChange[] =>
    walk(tree)
      .filter(([path, node]) => typeof path.at(-1) === 'number' && isWanted(node))
      .map(([path]) => ({
        operator: 'witness-removed',
        site: siteOf(path),
        ...damage,
        tree: () => change(tree, path, () => []),
      }));
  const said = [...bundle.runs.values()].map(({ stdout }) => textOf(stdout)).join('\n');
  const isEnrolled = said.includes('MDM enrollment: Yes');
  switch (source) {
    case 'ds_users':
      return [...emptied, ...taken((node) => isNamed(node, 'dsAttrTypeStandard:UniqueID', '0'))];
    case 'ds_groups':
      return [...emptied, ...taken((node) => isNamed(node, 'dsAttrTypeStandard:PrimaryGroupID', '80'))];
    case 'diskutil_apfs_list': {
      const device = /<key>DeviceIdentifier<\/key>\s*<string>(disk[0-9]+s[0-9]+)/.exec(
        textOf(bundle.runs.get('/usr/sbin/diskutil info -plist /')?.stdout ?? new Uint8Array()),
      )?.[1];
      const isRoot = (node: Node): boolean => isNamed(node, 'DeviceIdentifier', device ?? 'none');
      const lists = emptied.filter(({ site }) => /^(?:top|Containers)$/.test(site));
      return device === undefined ? [] : [...lists, ...taken(isRoot)];
    }
    case 'diskutil_apfs_list_users':
      return /Secure token is ENABLED|FileVault is On/.test(`${said}${stderrOf(bundle)}`) ? emptied : [];
    case 'profiles_show_configuration':
      return isEnrolled
        ? [
            ...emptied.filter(({ site }) => /^(?:top|_computerlevel)$/.test(site)),
            ...taken((node) =>
              walk(node).some(([, each]) => each.kind === 'string' && each.text === 'com.apple.mdm'),
            ),
          ]
        : [];
    case 'ds_account_policy':
    case 'diskutil_info_root':
    case 'ioreg_platform':
      return emptied;
    default:
      return [];
  }
};
const stderrOf = (bundle: Bundle): string =>
  [...bundle.runs.values()].map(({ stderr }) => textOf(stderr)).join('\n');

const treeChanges = (bundle: Bundle, source: string, document: string): readonly TextChange[] => {
  const tree = parsePlist(document);
  if (tree === null) return [];
  const nodes = walk(tree);
  const printed = ({ tree: changed, ...effect }: TreeChange): TextChange => ({
    ...effect,
    text: () => printPlist(changed()),
  });
  const values = nodes.flatMap(([path, node]) =>
    valueChanges(path, node).map(({ to, ...effect }) => ({
      ...effect,
      tree: () => change(tree, path, () => to),
    })),
  );
  const structure = nodes.flatMap(([path, node]) => [
    ...recordChanges(tree, path, node),
    // A profile list has the names of people for keys: a new one is a person.
    ...(source === 'profiles_show_configuration' && path.length === 0 ? [] : keyChanges(tree, path, node)),
  ]);
  const all: readonly TreeChange[] = [
    ...(nodes.some(([, node]) => node.kind === 'dict' && node.entries.length > 1)
      ? [{ operator: 'keys-reversed', site: 'all', ...same, tree: () => reversedKeys(tree) }]
      : []),
    ...values,
    ...structure,
    ...witnesses(bundle, source, tree),
  ];
  return [...all.map(printed), ...brokenLines(document)];
};

/** A bracket or a key of XML less: no document at all. */
const brokenLines = (document: string): readonly TextChange[] => {
  const lines = document.split('\n');
  return lines.flatMap((line, index) =>
    /^\s*<(?:key>.*|\/?dict|\/?array|\/?plist.*)>$/.test(line)
      ? [
          {
            operator: 'line-removed',
            site: `line ${index + 1}`,
            ...damage,
            text: () => without_(lines, index),
          },
        ]
      : [],
  );
};

const textChanges = (
  bundle: Bundle,
  source: string,
  tool: string,
  document: string,
): readonly TextChange[] => {
  if (document === '') return [];
  const isXml = document.startsWith('<?xml');
  return [
    ...cuts(document),
    ...wrappings(tool, document),
    ...badBytes(document),
    ...capitals(document),
    ...(isXml
      ? treeChanges(bundle, source, document)
      : [...lineChanges(source, document), ...wordChanges(document)]),
  ];
};

// --- Whole answers ---

interface RunChange extends Effect {
  /** Null: not recorded. */
  readonly to: Partial<Run> | null;
}
const nothing = new Uint8Array();
const onWhole = (operator: string): Effect => ({ operator, site: 'all', ...damage });

/** @param isOptional It is asked by those who want it: a Mac that was not asked is no damaged one. */
const runChanges = (run: Run, isOptional: boolean): readonly RunChange[] => {
  const ends = ['timeout', 'missing', 'denied', 'output_too_large', 'not_started'];
  const fault = bytesOf('Error: the operation could not be completed.\n');
  return [
    ...ends.map((exit): RunChange => ({
      operator: 'end',
      site: exit,
      ...damage,
      to: { exit, stdout: nothing, stderr: nothing },
    })),
    ...['SIGKILL', 'SIGSEGV'].map((signal): RunChange => ({
      operator: 'signal',
      site: signal,
      ...damage,
      to: { exit: `signal:${signal}`, stdout: run.stdout.slice(0, run.stdout.length / 2) },
    })),
    ...(isOptional ? [] : [{ ...onWhole('not-recorded'), to: null }]),
    ...['1', '2', '77', '127'].flatMap((exit): RunChange[] =>
      run.exit === exit ? [] : [{ operator: 'exit', site: exit, ...damage, to: { exit } }],
    ),
    ...(run.exit === '0' ? [] : [{ ...onWhole('exit-0'), to: { exit: '0' } }]),
    { ...onWhole('silent'), to: { exit: '0', stdout: nothing, stderr: nothing } },
    { ...onWhole('silent-failure'), to: { exit: '1', stdout: nothing, stderr: nothing } },
    { ...onWhole('complaint'), to: { exit: '1', stdout: nothing, stderr: fault } },
    { ...onWhole('complaint-exit-0'), to: { exit: '0', stdout: fault, stderr: nothing } },
    { ...onWhole('streams-swapped'), to: { stdout: run.stderr, stderr: run.stdout } },
  ];
};

const made = (make: TextChange['text']): Uint8Array => {
  const changed = make();
  return typeof changed === 'string' ? bytesOf(changed) : changed;
};

const toolOf = (run: Run): string => run.argv[0]?.split('/').at(-1) ?? '';

const ofRun = (bundle: Bundle, run: Run): readonly Mutation[] => {
  const source = sourceNameOf(run.argv);
  const { parameter, network }: Partial<Command> =
    (commands as Readonly<Record<string, Command>>)[source] ?? {};
  const common = { source, subject: parameter === undefined ? '' : (run.argv.at(-1) ?? '') };
  // sysadminctl answers on stderr.
  const stream = source === 'sysadminctl_secure_token_status' ? 'stderr' : 'stdout';
  const other = stream === 'stdout' ? 'stderr' : 'stdout';
  const noise = logLines(toolOf(run)).map((line, index): RunChange => ({
    operator: 'other-stream-noise',
    site: `log ${index}`,
    ...same,
    to: { [other]: bytesOf(`${textOf(run[other])}${line}\n`) },
  }));
  const whole = [...runChanges(run, network === true), ...noise].map(({ to, ...effect }) => ({
    ...common,
    ...effect,
    apply: () =>
      to === null
        ? { ...bundle, runs: without(bundle.runs, run.argv.join(' ')) }
        : withRun(bundle, { ...run, ...to }),
  }));
  const inside = textChanges(bundle, source, toolOf(run), textOf(run[stream])).map(
    ({ text: changed, ...effect }) => ({
      ...common,
      ...effect,
      apply: () => withRun(bundle, { ...run, [stream]: made(changed) }),
    }),
  );
  return [...whole, ...inside];
};

const ofPath = (bundle: Bundle, path: string): readonly Mutation[] => {
  const content = bundle.files.get(path);
  const source = content === undefined ? 'stat' : 'file';
  const at = (to: { readonly bytes?: Uint8Array; readonly stat?: string }): Bundle => ({
    ...bundle,
    files: to.bytes === undefined ? without(bundle.files, path) : new Map(bundle.files).set(path, to.bytes),
    stats: to.stat === undefined ? without(bundle.stats, path) : new Map(bundle.stats).set(path, to.stat),
  });
  const common = { source, subject: path };
  const denied = 'denied\t-\t-\t-\t-';
  const looks: readonly Mutation[] = [
    ...(bundle.stats.get(path) === denied
      ? []
      : [
          {
            ...common,
            operator: 'path-denied',
            site: 'all',
            ...damage,
            apply: () => at({ stat: denied }),
          },
        ]),
    { ...common, operator: 'not-recorded', site: 'all', ...damage, apply: () => at({}) },
  ];
  if (content === undefined) return looks;
  const empty: TextChange = { operator: 'silent', site: 'all', ...damage, text: () => '' };
  const junk: TextChange = { operator: 'junk', site: 'all', ...damage, text: () => 'not a property list\n' };
  const inside = [empty, junk, ...textChanges(bundle, 'file', '', textOf(content))].map(
    ({ text: changed, ...effect }) => ({
      ...common,
      ...effect,
      apply: () => at({ bytes: made(changed) }),
    }),
  );
  return [...looks, ...inside];
};

/**
 * Every mutation of what a Mac was asked for, in a fixed order.
 *
 * @param asked Commands by argv, and paths.
 */
export const mutationsOf = (bundle: Bundle, asked: ReadonlySet<string>): readonly Mutation[] => [
  ...[...bundle.runs].flatMap(([argv, run]) => (asked.has(argv) ? ofRun(bundle, run) : [])),
  ...[...new Set([...bundle.files.keys(), ...bundle.stats.keys()])].flatMap((path) =>
    asked.has(path) ? ofPath(bundle, path) : [],
  ),
];
