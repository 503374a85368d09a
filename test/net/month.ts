/**
 * A small fleet in a month, constructed: two Macs, nineteen snapshots of them, made of two samples. Accounts gain and lose
 * tokens and rights, one is deleted, one is made anew; some lack root, some commands fail, some evidence comes late.
 */
import { edited, replace, says, without } from './evidence.ts';
import type { Bundle, Edit } from './evidence.ts';

export const dayTime = (day: number): number => 1_788_000_000 + day * 86_400;

const list = 'apfs listUsers';
const accounts = '/Users RecordName UniqueID PrimaryGroupID';
const groups = '/Groups RecordName';
const loaner = '80E94671-8C71-4EE5-99DF-7826C4BB7DB8';

const all =
  (...edits: readonly Edit[]): Edit =>
  (bundle) => {
    for (const edit of edits) edit(bundle);
  };
const isDenied = (word: string, stderr: string, code = '1'): Edit =>
  says(word, { exit_code: `${code}\n`, stderr: `${stderr}\n` });

/** What a Mac says when it is asked by a user. */
const notRoot = all(
  isDenied('fdesetup list -extended', 'Error: This command requires root access.', '11'),
  isDenied('fdesetup showdeferralinfo', 'Error: This command requires root access.', '11'),
  isDenied('status -type bootstraptoken', 'profiles: this command requires root privileges'),
  isDenied('show -type configuration', 'Must be running as root'),
  isDenied('show -type enrollment', 'Must be running as root'),
);
/** What the second Mac says when it is asked by root. */
const asRoot = all(
  says('fdesetup list -extended', {
    exit_code: '0\n',
    stdout:
      'ESCROW  UUID                                                                     TYPE USER\n' +
      '        3E49B3B6-D7B3-4582-BAA3-64353ECFA991                                  OS User ethorne\n' +
      '        66054271-B271-4638-BA9E-DFEAE9EA5964                                  OS User itadmin\n' +
      '        EBC6C064-0000-11AA-AA11-00306543ECAC                 Personal Recovery Record\n',
  }),
  says('fdesetup showdeferralinfo', { exit_code: '0\n', stdout: 'Not found.\n' }),
  says('status -type bootstraptoken', {
    exit_code: '0\n',
    stdout:
      'profiles: Bootstrap Token supported on server: YES\nprofiles: Bootstrap Token escrowed to server: NO\n',
  }),
  replace('stat.tsv', /\tdenied\t/g, '\tmissing\t'),
);

const token = '\t\t\t<string>;SecureToken;</string>\n';
const loanerGainsToken = all(
  replace(accounts, '\t\t\t<string>;Kerberosv5;;loaner@', `${token}\t\t\t<string>;Kerberosv5;;loaner@`),
  replace('-secureTokenStatus loaner', 'DISABLED', 'ENABLED'),
  replace(
    list,
    '\t\t<dict>\n\t\t\t<key>APFSCryptoUserType</key>\n\t\t\t<string>PersonalRecovery</string>',
    '\t\t<dict>\n\t\t\t<key>APFSCryptoUserType</key>\n\t\t\t<string>LocalOpenDirectory</string>\n' +
      `\t\t\t<key>APFSCryptoUserUUID</key>\n\t\t\t<string>${loaner}</string>\n\t\t\t<key>VolumeOwner</key>\n\t\t\t<true/>\n\t\t</dict>\n` +
      '\t\t<dict>\n\t\t\t<key>APFSCryptoUserType</key>\n\t\t\t<string>PersonalRecovery</string>',
  ),
  replace(
    'fdesetup list -extended',
    '        EBC6C064',
    `        ${loaner}                                  OS User loaner\n        EBC6C064`,
  ),
);
const loanerIsAdmin = all(
  replace(
    groups,
    `\t\t\t<string>deskops</string>\n`,
    `\t\t\t<string>deskops</string>\n\t\t\t<string>loaner</string>\n`,
  ),
  replace(
    groups,
    '\t\t\t<string>6C894B5E-566C-47E3-9E7E-C4370769ADD9</string>\n',
    `\t\t\t<string>6C894B5E-566C-47E3-9E7E-C4370769ADD9</string>\n\t\t\t<string>${loaner}</string>\n`,
  ),
);
const loanerIsGone = all(
  replace(
    accounts,
    /\t<dict>\n(?:(?!\t<\/dict>)[^\n]*\n)*\t\t\t<string>loaner<\/string>\n(?:(?!\t<\/dict>)[^\n]*\n)*\t<\/dict>\n/,
    '',
  ),
  without('-secureTokenStatus loaner'),
);
const notEscrowed = replace(
  'status -type bootstraptoken',
  'escrowed to server: YES',
  'escrowed to server: NO',
);
const mquistIsAnother = all(
  replace(accounts, '09A21BED-E3D9-4AEF-92C1-F3D22B179948', '1F0E9D8C-7B6A-4958-8776-655443322110'),
  replace(groups, /09A21BED-E3D9-4AEF-92C1-F3D22B179948/g, '1F0E9D8C-7B6A-4958-8776-655443322110'),
  replace(accounts, `${token}\t\t\t<string>;Kerberosv5;;mquist@`, '\t\t\t<string>;Kerberosv5;;mquist@'),
  replace('-secureTokenStatus mquist', 'ENABLED', 'DISABLED'),
);
const filevaultIsOff = all(
  says('fdesetup status', { exit_code: '0\n', stdout: 'FileVault is Off.\n' }),
  isDenied('fdesetup list -extended', 'Error: FileVault is Off.'),
  says('fdesetup haspersonalrecoverykey', { exit_code: '0\n', stdout: 'false\n' }),
);
const upgraded = all(replace('sw_vers', '26.1', '26.2'), replace('sw_vers', '25B78', '25C56'));

const itadminLosesToken = all(
  replace(accounts, `${token}\t\t\t<string>;Kerberosv5;;itadmin@`, '\t\t\t<string>;Kerberosv5;;itadmin@'),
  replace('-secureTokenStatus itadmin', 'ENABLED', 'DISABLED'),
);
const ethorneGetsCard = replace(
  accounts,
  '\t\t\t<string>;Kerberosv5;;ethorne@',
  '\t\t\t<string>;tokenidentity;C8D5E6F70718293A4B5C6D7E8F9012A3B4C5D6E7</string>\n\t\t\t<string>;Kerberosv5;;ethorne@',
);

const mac = (day: number, ...edits: readonly Edit[]): Bundle =>
  edited('macos26-managed', dayTime(day) + 245, edits);
const asUser = (day: number, ...edits: readonly Edit[]): Bundle =>
  edited('macos26-managed', dayTime(day) + 245, [...edits, notRoot], 501);
const other = (day: number, ...edits: readonly Edit[]): Bundle =>
  edited('macos14-not-root', dayTime(day) + 7486, edits);
const otherAsRoot = (day: number, ...edits: readonly Edit[]): Bundle =>
  edited('macos14-not-root', dayTime(day) + 7486, [asRoot, ...edits], 0);

/** Folder name to evidence. a is the one Mac, b the other; the number is the day. */
export const month: Readonly<Record<string, Bundle>> = {
  a00: mac(0),
  a01: mac(1),
  a03: mac(3, loanerGainsToken),
  a05: mac(5, loanerGainsToken, loanerIsAdmin),
  a07: mac(7, loanerGainsToken, loanerIsAdmin),
  a09: asUser(9, loanerGainsToken, loanerIsAdmin),
  a11: mac(11, loanerGainsToken, loanerIsAdmin, says(accounts, { exit_code: 'timeout\n' })),
  a13: mac(13, loanerIsGone),
  a15: mac(15, loanerIsGone, says(list, { exit_code: '0\n', stdout: 'nobody knows this\n' })),
  a18: mac(18, loanerIsGone, notEscrowed, without('csrutil')),
  a21: mac(21, loanerIsGone, notEscrowed, mquistIsAnother),
  a24: mac(24, loanerIsGone, mquistIsAnother, filevaultIsOff),
  a28: mac(28, loanerIsGone, mquistIsAnother, upgraded),
  b00: other(0),
  b02: other(2, without('-secureTokenStatus ethorne')),
  b06: otherAsRoot(6),
  b08: other(8, itadminLosesToken),
  b12: otherAsRoot(12, itadminLosesToken),
  b16: other(16, itadminLosesToken, ethorneGetsCard),
  b20: otherAsRoot(
    20,
    itadminLosesToken,
    ethorneGetsCard,
    says('apfs list -plist', { exit_code: 'signal:SIGKILL\n' }),
  ),
  b27: other(27, ethorneGetsCard),
};

/** Nights after the month in which nothing is new. */
export const nextNight: Readonly<Record<string, Bundle>> = {
  a29: mac(29, loanerIsGone, mquistIsAnother, upgraded),
  b29: other(29, ethorneGetsCard),
};

export interface Step {
  readonly command: 'snapshot' | 'merge';
  readonly bundles: readonly string[];
  /** When it is done. */
  readonly day: number;
}

/**
 * Facts of the evidence, such as when a Mac was started, are of its samples and lie in the month. Whoever receives them does so
 * on this day at the earliest: a time that is ahead of the snapshot and of the receiver as well is not believed.
 */
const factsDay = 24;
export const receivedTime = (day: number): number => dayTime(Math.max(day, factsDay));

/** How the evidence came: b08, a05 and a15 late, a03 and b06 twice. */
export const steps: readonly Step[] = [
  { command: 'snapshot', bundles: ['a00', 'b00'], day: 0.5 },
  { command: 'snapshot', bundles: ['a01'], day: 1.5 },
  { command: 'snapshot', bundles: ['b02'], day: 2.5 },
  { command: 'snapshot', bundles: ['a03'], day: 3.5 },
  { command: 'snapshot', bundles: ['b06', 'a07'], day: 7.5 },
  { command: 'snapshot', bundles: ['a09'], day: 9.5 },
  { command: 'merge', bundles: ['b08', 'a05', 'a03'], day: 10 },
  { command: 'snapshot', bundles: ['a11', 'b12'], day: 12.5 },
  { command: 'snapshot', bundles: ['a13'], day: 13.5 },
  { command: 'merge', bundles: ['b16', 'a18'], day: 18.5 },
  { command: 'snapshot', bundles: ['b20', 'a21'], day: 21.5 },
  { command: 'merge', bundles: ['a15', 'b06'], day: 22 },
  { command: 'snapshot', bundles: ['a24'], day: 24.5 },
  { command: 'snapshot', bundles: ['b27', 'a28'], day: 28.5 },
];

/** After these steps, what is new is exported by a cursor. */
export const exportedAfter: readonly number[] = [1, 6, 8, 11, 13];
/** When the fleet is asked about; "now". */
export const now = dayTime(28.75);
