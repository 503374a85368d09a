/**
 * Measures the property list and directory parsers: time and memory of a Mac with 5,000 accounts, and growth
 * with the size of hostile inputs (twice the size should take about twice the time).
 *
 * Run: node --expose-gc bench/parsers.ts [accounts]
 */
import { CollectError } from '../collector/errors.ts';
import { parseDsAccountPolicy } from '../collector/parsers/ds_account_policy.ts';
import { parseDsUsers } from '../collector/parsers/ds_users.ts';
import { sanitizeDsAccountPolicy, sanitizeDsUsers } from '../collector/parsers/ds_records.ts';
import { parseBinaryPlist } from '../collector/parsers/plist_binary.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../collector/parsers/plist_xml.ts';
import type { PlistValue } from '../collector/parsers/plist_value.ts';

const accounts = Number(process.argv[2] ?? 5000);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const guid = (index: number): string =>
  `E9F6E0ED-138E-40C9-B9E7-${index.toString(16).toUpperCase().padStart(12, '0')}`;
const user = (index: number): PlistValue =>
  new Map(
    Object.entries({
      'dsAttrTypeNative:IsHidden': ['0'],
      'dsAttrTypeStandard:AltSecurityIdentities': [`PlatformSSO:user${index}@corp.example.com`],
      'dsAttrTypeStandard:AuthenticationAuthority': [
        ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2>',
        `;Kerberosv5;;user${index}@LKDC:SHA1.4C5D4E7ABB3AAEFE370FDAFBDA4E9550E3529076;LKDC:SHA1.4C5D4E7ABB3AAEFE370F;`,
        `;LocalCachedUser;/Active Directory/CORP/corp.example.com:user${index}:${guid(index)}`,
        ';SecureToken;',
      ],
      'dsAttrTypeStandard:CopyTimestamp': ['2024-01-02T03:04:05Z'],
      'dsAttrTypeStandard:GeneratedUID': [guid(index)],
      'dsAttrTypeStandard:NFSHomeDirectory': [`/Users/user${index}`],
      'dsAttrTypeStandard:OriginalNodeName': ['/Active Directory/CORP/corp.example.com'],
      'dsAttrTypeStandard:PrimaryGroupID': ['20'],
      'dsAttrTypeStandard:RealName': [`Üser Number ${index} ☃`],
      'dsAttrTypeStandard:RecordName': [`user${index}`, `com.apple.idms.appleid.prd.${guid(index)}`],
      'dsAttrTypeStandard:SMBPasswordLastSet': ['133500000000000000'],
      'dsAttrTypeStandard:UniqueID': [String(501 + index)],
      'dsAttrTypeStandard:UserShell': ['/bin/zsh'],
    }),
  );
const policy = writeXmlPlist(
  new Map([
    ['creationTime', 1_739_202_907.275],
    ['failedLoginCount', 0],
    ['failedLoginTimestamp', 0],
    ['passwordLastSetTime', 1_739_203_049.84],
  ]),
);
const policyRecord = (index: number): PlistValue =>
  new Map(
    Object.entries({
      'dsAttrTypeNative:accountPolicyData': [policy],
      'dsAttrTypeStandard:GeneratedUID': [guid(index)],
      'dsAttrTypeStandard:RecordName': [`user${index}`],
      'dsAttrTypeStandard:UniqueID': [String(501 + index)],
    }),
  );
const text = (record: (index: number) => PlistValue): string =>
  new TextDecoder().decode(
    new TextEncoder().encode(writeXmlPlist(Array.from({ length: accounts }, (_, index) => record(index)))),
  );
const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0, euid: 0 });

const measure = (what: string, input: string, run: () => unknown): void => {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const kept = run();
  const time = performance.now() - start;
  const grown = process.memoryUsage.rss() - before;
  print(
    `${what.padEnd(24)} ${megabytes(input.length).padStart(9)} ${time.toFixed(0).padStart(6)} ms ` +
      `${megabytes(grown).padStart(9)} more RSS${kept === undefined ? ' (nothing)' : ''}`,
  );
};

print(`${accounts} accounts`);
const users = text(user);
const policies = text(policyRecord);
const other = users.replaceAll('\t', ' ');
measure('parseDsUsers', users, () => parseDsUsers(answer(users)));
measure('reduceDsUsers', users, () => sanitizeDsUsers(users));
measure('reduceDsUsers, parsed', other, () => sanitizeDsUsers(other));
measure('parseDsAccountPolicy', policies, () => parseDsAccountPolicy(answer(policies)));
measure('reduceDsAccountPolicy', policies, () => sanitizeDsAccountPolicy(policies));
print(`peak RSS of all ${megabytes(process.resourceUsage().maxRSS * 1024)}`);

const timeOf = (run: () => unknown): number => {
  const start = performance.now();
  try {
    run();
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
  }
  return performance.now() - start;
};
const hostile: Readonly<Record<string, (size: number) => () => unknown>> = {
  ...Object.fromEntries(
    ['<', '<!--', '<![CDATA[a]]>', '&lt;', '&#65;', '<!---->a', '<array>', '<a b="', ' ', '\t', '"'].flatMap(
      (part) => [
        [
          `${JSON.stringify(part)} in a string`,
          (size: number) => {
            const document = `<plist><string>${part.repeat(size / part.length)}</string></plist>`;
            return () => parseXmlPlist(document);
          },
        ],
        [
          `${JSON.stringify(part)} in a tag`,
          (size: number) => {
            const document = `<plist ${part.repeat(size / part.length)}><true/></plist>`;
            return () => parseXmlPlist(document);
          },
        ],
      ],
    ),
  ),
  'binary, shared arrays': (size) => {
    const bytes = new Uint8Array(size);
    bytes.set(new TextEncoder().encode('bplist00'));
    // One array of references to itself.
    const view = new DataView(bytes.buffer);
    view.setUint8(8, 0xaf);
    view.setUint8(9, 0x12);
    view.setUint32(10, size - 47);
    bytes.set([8, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], size - 33);
    view.setUint32(size - 4, size - 33);
    return () => parseBinaryPlist(bytes);
  },
};
print('');
print('growth              2^18      2^19      2^20      2^21 characters');
for (const [what, make] of Object.entries(hostile)) {
  const times = [18, 19, 20, 21].map((power) => timeOf(make(2 ** power)));
  print(`${what.padEnd(30)} ${times.map((time) => `${time.toFixed(0)} ms`.padStart(9)).join(' ')}`);
}
