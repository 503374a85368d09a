/** A mounted volume: the files from which the Mac of a bundle would have answered, with the secrets that a real one holds. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { dsclKey } from '../collector/parsers/ds_records.ts';
import { PlistDate } from '../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../collector/parsers/plist_xml.ts';
import type { PlistValue } from '../collector/parsers/plist_value.ts';
import { commands } from '../collector/sources.ts';
import { canary, neverCollected } from './parsers/directory.ts';
import { makeStandIn } from './standin.ts';

export const bigEndian = (value: number | bigint, size: number): number[] =>
  Array.from({ length: size }, (_, index) =>
    Number((BigInt(value) >> BigInt(8 * (size - 1 - index))) & 0xffn),
  );

/** A binary property list, as macOS keeps its records and preferences. */
export const writeBinaryPlist = (value: PlistValue): Uint8Array => {
  const objects: number[][] = [];
  const sized = (type: number, count: number): number[] =>
    count < 15 ? [type | count] : [type | 15, 0x12, ...bigEndian(count, 4)];
  const add = (of: PlistValue): number => {
    const at = objects.push([]) - 1;
    const references = (values: readonly PlistValue[]): number[] =>
      values.flatMap((each) => bigEndian(add(each), 4));
    const bytes = ((): number[] => {
      if (typeof of === 'boolean') return [of ? 0x09 : 0x08];
      if (typeof of === 'bigint' || Number.isSafeInteger(of)) {
        return [0x13, ...bigEndian(BigInt.asUintN(64, BigInt(of as number)), 8)];
      }
      if (typeof of === 'number' || of instanceof PlistDate) {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, typeof of === 'number' ? of : of.unixSeconds - 978_307_200);
        return [typeof of === 'number' ? 0x23 : 0x33, ...new Uint8Array(view.buffer)];
      }
      if (of instanceof Uint8Array) return [...sized(0x40, of.length), ...of];
      if (typeof of === 'string') {
        if (Buffer.byteLength(of) === of.length) return [...sized(0x50, of.length), ...Buffer.from(of)];
        return [
          ...sized(0x60, of.length),
          ...Array.from({ length: of.length }, (_, index) => bigEndian(of.charCodeAt(index), 2)).flat(),
        ];
      }
      if (of instanceof Map) {
        return [...sized(0xd0, of.size), ...references([...of.keys()]), ...references([...of.values()])];
      }
      const array = of as readonly PlistValue[];
      return [...sized(0xa0, array.length), ...references(array)];
    })();
    objects[at] = bytes;
    return at;
  };
  add(value);
  const out = [...Buffer.from('bplist00')];
  const offsets = objects.map((bytes) => {
    const offset = out.length;
    for (const byte of bytes) out.push(byte);
    return offset;
  });
  const table = out.length;
  for (const offset of offsets) out.push(...bigEndian(offset, 4));
  out.push(
    0,
    0,
    0,
    0,
    0,
    0,
    4,
    4,
    ...bigEndian(objects.length, 8),
    ...bigEndian(0, 8),
    ...bigEndian(table, 8),
  );
  return Uint8Array.from(out);
};

const nativeNames: Readonly<Record<string, string>> = {
  RecordName: 'name',
  UniqueID: 'uid',
  PrimaryGroupID: 'gid',
  RealName: 'realname',
  GeneratedUID: 'generateduid',
  NFSHomeDirectory: 'home',
  UserShell: 'shell',
  IsHidden: 'IsHidden',
  AuthenticationAuthority: 'authentication_authority',
  OriginalNodeName: 'original_node_name',
  AltSecurityIdentities: 'altsecurityidentities',
  CopyTimestamp: 'copy_timestamp',
  SMBPasswordLastSet: 'smb_pwd_last_set',
  GroupMembership: 'users',
  GroupMembers: 'groupmembers',
  NestedGroups: 'nestedgroups',
  accountPolicyData: 'accountPolicyData',
};
const namesByKey = new Map(Object.entries(nativeNames).map(([name, native]) => [dsclKey(name), native]));

/** What a command of the bundle answered; null when it is not recorded. */
export const recorded = (bundle: string, argv: readonly string[]): string | null => {
  for (const name of readdirSync(join(bundle, 'commands'))) {
    const at = join(bundle, 'commands', name);
    if (readFileSync(join(at, 'argv'), 'utf8') === `${argv.join('\n')}\n`)
      return readFileSync(join(at, 'stdout'), 'utf8');
  }
  return null;
};

/** Everything that must never be kept, as text and as bytes. */
const secrets: readonly (readonly [string, PlistValue])[] = neverCollected.map((key) => [
  key,
  [canary(key), new TextEncoder().encode(canary(key))],
]);

/** A record of dscl as the file of the local node holds it. */
export const recordFile = (record: ReadonlyMap<string, PlistValue>): Map<string, PlistValue> =>
  new Map([
    ...[...record].map(([key, values]): [string, PlistValue] => {
      const name = namesByKey.get(key);
      if (name === undefined) throw new Error(`no native name of ${key}`);
      const isPolicy = name === 'accountPolicyData';
      return [
        name,
        (values as readonly string[]).map((value) => (isPolicy ? new TextEncoder().encode(value) : value)),
      ];
    }),
    ...secrets,
  ]);

export const recordFolder = 'private/var/db/dslocal/nodes/Default';

export interface Mounted {
  /** Of the account and group records. */
  readonly data: string;
  /** Of SystemVersion.plist; the same folder for a volume that is not split. */
  readonly system: string;
}

export const put = (at: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
};

/**
 * Lays the volume of a bundle's Mac out in `folder`: `whole` as up to macOS 10.14, `pair` as a folder with both
 * volumes, `booted` as macOS mounts the pair.
 */
export const makeVolume = (
  bundle: string,
  folder: string,
  form: 'whole' | 'pair' | 'booted' = 'whole',
): Mounted => {
  const system = form === 'pair' ? join(folder, 'Macintosh HD') : folder;
  const data =
    form === 'whole' ? folder : form === 'pair' ? join(folder, 'Data') : join(folder, 'System/Volumes/Data');
  // Preference files and paths that are only looked at, as the stand-in has them.
  const standIn = makeStandIn(bundle, join(folder, '..', 'stand-in')).root;
  mkdirSync(data, { recursive: true });
  mkdirSync(system, { recursive: true });
  for (const name of ['Library', 'Users', 'private']) {
    const from = join(standIn, name);
    cpTree(from, join(data, name));
  }
  for (const name of ['var', 'etc']) cpTree(join(standIn, name), join(data, 'private', name));
  rmSync(join(folder, '..', 'stand-in'), { recursive: true });
  for (const name of ['var', 'etc', 'tmp']) {
    if (form !== 'pair') symlinkSync(name === 'var' ? '/private/var' : `private/${name}`, join(folder, name));
    else symlinkSync(`private/${name}`, join(system, name));
  }

  const records = (argv: readonly string[]): readonly ReadonlyMap<string, PlistValue>[] => {
    const stdout = recorded(bundle, argv);
    return stdout === null ? [] : (parseXmlPlist(stdout) as readonly ReadonlyMap<string, PlistValue>[]);
  };
  const policies = new Map(
    records(commands.ds_account_policy.argv).map((record) => [
      String(record.get(dsclKey('RecordName'))),
      record,
    ]),
  );
  for (const record of records(commands.ds_users.argv)) {
    const names = record.get(dsclKey('RecordName')) as readonly string[];
    const full = new Map([...record, ...(policies.get(String(names)) ?? [])]);
    put(join(data, recordFolder, 'users', `${names[0]}.plist`), writeBinaryPlist(recordFile(full)));
  }
  for (const record of records(commands.ds_groups.argv)) {
    const names = record.get(dsclKey('RecordName')) as readonly string[];
    put(join(data, recordFolder, 'groups', `${names[0]}.plist`), writeXmlPlist(recordFile(record)));
  }
  const version = new Map<string, PlistValue>(
    (recorded(bundle, commands.sw_vers.argv) ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/:\t+/))
      .map(([key = '', value = '']) => [key === 'BuildVersion' ? 'ProductBuildVersion' : key, value]),
  );
  put(join(system, 'System/Library/CoreServices/SystemVersion.plist'), writeXmlPlist(version));
  utimesSync(join(system, 'System/Library/CoreServices/SystemVersion.plist'), 1_700_000_000, 1_700_000_000);
  for (const [name, time] of [
    ['users', 1_790_000_000],
    ['groups', 1_780_000_000],
  ] as const) {
    utimesSync(join(data, recordFolder, name), time, time);
  }
  utimesSync(join(data, 'private/var/db/dslocal'), 1_600_000_000, 1_600_000_000);
  return { data, system };
};

/** Like cp -Rp: owners and modes too, for rows tell them. */
const cpTree = (from: string, to: string): void => {
  if (!existsSync(from)) return;
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  const keep = (name: string): void => {
    const found = lstatSync(join(from, name));
    if (found.isDirectory()) for (const below of readdirSync(join(from, name))) keep(join(name, below));
    if (process.geteuid?.() === 0) chownSync(join(to, name), found.uid, found.gid);
    chmodSync(join(to, name), found.mode & 0o7777);
    utimesSync(join(to, name), found.mtime, found.mtime);
  };
  keep('.');
};
