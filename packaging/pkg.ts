/**
 * A macOS package as one file, on any system: a product archive with one component, which is what an MDM can install once it
 * is signed. It is a xar of `Distribution` and `tokenquery.pkg/` with `Bom`, `Payload`, `Scripts` and `PackageInfo`.
 */
import { bomOf } from './bom.ts';
import { cpioParts } from './cpio.ts';
import { oldestMacos, packageIdentifier } from './facts.ts';
import type { MacTarget } from './facts.ts';
import { gzipOf } from './gzip.ts';
import type { Level } from './gzip.ts';
import { escapeXml } from './texts.ts';
import { entriesOf } from './tree.ts';
import type { Entry, PackedFile } from './tree.ts';
import { xarOf } from './xar.ts';

export interface Package {
  readonly version: string;
  readonly target: MacTarget;
  /** By the paths on the volume that it is installed to. */
  readonly payload: readonly PackedFile[];
  /** preinstall and postinstall. */
  readonly scripts: readonly PackedFile[];
}

export const kilobytesOf = (files: readonly PackedFile[]): number =>
  Math.ceil(files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1024);

const packageInfo = ({ version, payload, scripts }: Package, entries: readonly Entry[]): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<pkg-info overwrite-permissions="true" relocatable="false" identifier="${packageIdentifier}" ` +
      `postinstall-action="none" version="${escapeXml(version)}" format-version="2" install-location="/" auth="root">`,
    `  <payload numberOfFiles="${entries.length}" installKBytes="${kilobytesOf(payload)}"/>`,
    '  <bundle-version/>',
    '  <upgrade-bundle/>',
    '  <update-bundle/>',
    '  <atomic-update-bundle/>',
    '  <strict-identifier/>',
    '  <relocate/>',
    '  <scripts>',
    ...scripts.map(({ path }) => `    <${path} file="./${path}"/>`),
    '  </scripts>',
    '</pkg-info>',
    '',
  ].join('\n');

const distribution = ({ version, target, payload }: Package): string => {
  const architecture = target === 'darwin-arm64' ? 'arm64' : 'x86_64';
  const id = packageIdentifier;
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<installer-gui-script minSpecVersion="2">',
    `  <title>tokenquery ${escapeXml(version)}</title>`,
    `  <options customize="never" require-scripts="false" allow-external-scripts="false" hostArchitectures="${architecture}"/>`,
    '  <domains enable_anywhere="false" enable_currentUserHome="false" enable_localSystem="true"/>',
    `  <volume-check><allowed-os-versions><os-version min="${oldestMacos}"/></allowed-os-versions></volume-check>`,
    `  <choices-outline><line choice="default"><line choice="${id}"/></line></choices-outline>`,
    '  <choice id="default"/>',
    `  <choice id="${id}" visible="false"><pkg-ref id="${id}"/></choice>`,
    `  <pkg-ref id="${id}" version="${escapeXml(version)}" onConclusion="none" ` +
      `installKBytes="${kilobytesOf(payload)}">#tokenquery.pkg</pkg-ref>`,
    '</installer-gui-script>',
    '',
  ].join('\n');
};

export const pkgOf = async (given: Package, level: Level): Promise<Buffer> => {
  const payload = entriesOf(given.payload);
  return xarOf([
    { name: 'Distribution', bytes: Buffer.from(distribution(given)) },
    {
      name: 'tokenquery.pkg',
      members: [
        { name: 'Bom', bytes: bomOf(payload) },
        { name: 'Payload', bytes: await gzipOf(cpioParts(payload), level) },
        { name: 'Scripts', bytes: await gzipOf(cpioParts(entriesOf(given.scripts)), level) },
        { name: 'PackageInfo', bytes: Buffer.from(packageInfo(given, payload)) },
      ],
    },
  ]);
};
