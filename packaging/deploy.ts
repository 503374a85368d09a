/** What those need who bring it to Macs: a Homebrew formula, pkginfo for Munki, and configuration profiles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlistDict, PlistValue } from '../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { sha256, uuidOf } from './digest.ts';
import { home, jobLabel, oldestMacos, packageIdentifier, targets } from './facts.ts';
import type { MacTarget, Target } from './facts.ts';
import { filled } from './texts.ts';

const dict = (values: Readonly<Record<string, PlistValue>>): PlistDict => new Map(Object.entries(values));

export interface Link {
  readonly version: string;
  /** The folder from which the files are to be fetched. */
  readonly url: string;
  readonly homepage: string;
}

export const archiveName = (version: string, target: Target): string =>
  `tokenquery-${version}-${target}.tar.gz`;
export const packageName = (version: string, target: MacTarget): string =>
  `tokenquery-${version}-${target.replace('darwin-', '')}.pkg`;

export const formula = (
  project: string,
  { version, url, homepage }: Link,
  sums: Readonly<Record<Target, string>>,
): string =>
  filled(readFileSync(join(project, 'packaging/templates/tokenquery.rb'), 'utf8'), {
    version,
    url,
    homepage,
    ...Object.fromEntries(targets.map((target) => [target.replace('-', '_'), sums[target]])),
  });

export interface Installer {
  readonly version: string;
  readonly target: MacTarget;
  readonly bytes: Uint8Array;
  readonly installedKilobytes: number;
}

/** Munki picks the one of a Mac's architecture, and installs it where the receipt is missing or older. */
export const munkiInfo = ({ version, target, bytes, installedKilobytes }: Installer): string =>
  writeXmlPlist(
    dict({
      name: 'tokenquery',
      display_name: 'tokenquery',
      description:
        'Tells who holds a secure token, who can unlock FileVault and who owns the volume. It only reads.',
      version,
      catalogs: ['testing'],
      supported_architectures: [target === 'darwin-arm64' ? 'arm64' : 'x86_64'],
      minimum_os_version: oldestMacos,
      installer_item_location: `tokenquery/${packageName(version, target)}`,
      installer_item_hash: sha256(bytes),
      installer_item_size: Math.ceil(bytes.length / 1024),
      installed_size: installedKilobytes,
      receipts: [dict({ packageid: packageIdentifier, version, installed_size: installedKilobytes })],
      unattended_install: true,
      unattended_uninstall: true,
      uninstallable: true,
      uninstall_method: 'uninstall_script',
      uninstall_script: `#!/bin/sh\nexec ${home}/bin/uninstall\n`,
    }),
  );

const payload = (type: string, name: string, content: Readonly<Record<string, PlistValue>>): PlistDict =>
  dict({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `${jobLabel}.${name}`,
    // The same for the same name: a new version of a profile takes the place of the old one.
    PayloadUUID: uuidOf(`${jobLabel}.${name}`).toUpperCase(),
    PayloadDisplayName: `tokenquery: ${name}`,
    ...content,
  });

const profile = (
  name: string,
  description: string,
  comment: readonly string[],
  content: readonly PlistDict[],
): string =>
  writeXmlPlist(
    payload('Configuration', `profile.${name}`, {
      PayloadDescription: description,
      PayloadOrganization: 'tokenquery',
      PayloadScope: 'System',
      PayloadRemovalDisallowed: true,
      PayloadContent: content,
    }),
    { indent: '  ', comment },
  );

/** Switches the job on and sets its options; macOS writes them to /Library/Managed Preferences, where the job reads them. */
export const settingsProfile = (): string =>
  profile(
    'settings',
    'Switches the collector of tokenquery on, and keeps users from switching it off.',
    ['<!-- docs/settings.md explains the keys. Change them before you send this to Macs. -->'],
    [
      payload(jobLabel, 'settings', { Enabled: true, Every: '24h' }),
      payload('com.apple.servicemanagement', 'background', {
        Rules: [
          dict({
            RuleType: 'Label',
            RuleValue: jobLabel,
            Comment: 'The job of tokenquery runs in the background',
          }),
        ],
      }),
    ],
  );

const nodeRequirement =
  'identifier node and anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and ' +
  'certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and certificate leaf[subject.OU] = HX7739G8FX';

export const fullDiskAccessProfile = (): string =>
  profile(
    'full-disk-access',
    'Gives the Node that comes with tokenquery Full Disk Access. Nothing that tokenquery reads today needs it.',
    [
      '<!-- Do not send this to Macs as it is. No source of tokenquery needs it, and whoever can start this Node has what it',
      '     is given. Where you need it all the same: docs/install.md, Full Disk Access. -->',
    ],
    [
      payload('com.apple.TCC.configuration-profile-policy', 'full-disk-access', {
        Services: dict({
          SystemPolicyAllFiles: [
            dict({
              Identifier: `${home}/node`,
              IdentifierType: 'path',
              CodeRequirement: nodeRequirement,
              StaticCode: false,
              Allowed: true,
              Comment: 'The Node that tokenquery brings',
            }),
          ],
        }),
      }),
    ],
  );
