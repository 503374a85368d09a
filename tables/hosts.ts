import { CollectError } from '../collector/errors.ts';
import { bootTimeOf } from '../collector/parsers/sysctl.ts';
import type { Sysctl } from '../collector/parsers/sysctl.ts';
import type { SystemConfiguration } from '../collector/parsers/system_configuration.ts';
import { known } from '../collector/setting.ts';
import { versionOf } from '../collector/version.ts';
import { knownWords, versionNumber } from '../collector/privacy.ts';
import { bit, boolean, defineTable, integer, oneOf, text, time, toldForCertain } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';

// Apple's list of Macs with the T2 chip; it is closed, since the line ended with Apple silicon.
const t2Models = new Set([
  'iMac20,1',
  'iMac20,2',
  'iMacPro1,1',
  'MacBookAir8,1',
  'MacBookAir8,2',
  'MacBookAir9,1',
  'MacBookPro15,1',
  'MacBookPro15,2',
  'MacBookPro15,3',
  'MacBookPro15,4',
  'MacBookPro16,1',
  'MacBookPro16,2',
  'MacBookPro16,3',
  'MacBookPro16,4',
  'Macmini8,1',
  'MacPro7,1',
]);
const intelModel = /^(?:iMac|iMacPro|MacBook|MacBookAir|MacBookPro|Macmini|MacPro)[0-9]+,[0-9]+$/;

const hasT2 = (isAppleSilicon: 0 | 1 | null, model: string | null): 0 | 1 | null => {
  if (isAppleSilicon === 1) return 0;
  if (isAppleSilicon === null || model === null || !intelModel.test(model)) return null;
  return t2Models.has(model) ? 1 : 0;
};

/** Models of Apple silicon only; those before Mac13,1 have names that Intel Macs have too. */
const appleSiliconModel = /^(?:Mac|VirtualMac)[0-9]+,[0-9]+$/;

/**
 * 1 or 0 by a witness: the value of hw.optional.arm64, or the word of sysctl that this Mac has no such name, as
 * an Intel Mac has none. A line that is missing says nothing; then the model may tell.
 */
const isAppleSiliconBy = (sysctl: Sysctl | null, model: string | null): 0 | 1 | null => {
  const told = sysctl?.unknownNames.has('hw.optional.arm64')
    ? 0
    : flag(sysctl?.values.get('hw.optional.arm64'));
  const byModel = appleSiliconModel.test(model ?? '') ? 1 : t2Models.has(model ?? '') ? 0 : null;
  if (told === null || byModel === null) return told ?? byModel;
  return told === byModel ? told : null;
};

const flag = (value: string | undefined): 0 | 1 | null => (value === '1' ? 1 : value === '0' ? 0 : null);

const consoleUsername = async (context: Context, uid: number | null): Promise<string | null> => {
  if (uid === null) return null;
  const users = await context.orUnknown(context.read('ds_users'));
  return users?.find((user) => user.uid === uid)?.recordName ?? null;
};

/** Null where the file is not there, and where it was not read. */
const readNames = (context: Context): Promise<SystemConfiguration | null> =>
  context.orUnknown(
    context.readFile('system_configuration', '/Library/Preferences/SystemConfiguration/preferences.plist'),
  );

const nameOf = (setting: SystemConfiguration['localHostName'] | undefined): string | null =>
  setting === undefined ? null : known(setting);

export default defineTable({
  name: 'hosts',
  description: 'One row per Mac: its model, chip and macOS, when it was started, and who sits at the screen.',
  columns: {
    hardware_uuid: text('IOPlatformUUID.', {
      privacy: 'device',
      example: 'F6329A14-3B4C-4D5E-8F60-718293A4B5C6',
      from: ['ioreg_platform'],
    }),
    serial_number: text('Serial number; off by default.', {
      privacy: 'device',
      from: ['ioreg_platform'],
      nullBecause: 'off by default: --include serial_number',
    }),
    hostname: text('LocalHostName: the name of the Mac on its network, without .local.', {
      privacy: 'device',
      example: 'mac-07',
      from: ['system_configuration'],
      nullIsAnswer: 'no such name is set',
    }),
    os_version: text('ProductVersion.', { privacy: versionNumber, example: '15.6.1', from: ['sw_vers'] }),
    os_version_num: integer('Major*10000 + minor*100 + patch.', {
      privacy: 'nobody',
      example: '150601',
      from: ['sw_vers'],
    }),
    os_major: integer('Major version.', { privacy: 'nobody', example: '15', from: ['sw_vers'] }),
    os_build: text('BuildVersion.', {
      privacy: knownWords(/^[0-9]+[A-Z][0-9]+[a-z]*$/),
      example: '24G90',
      from: ['sw_vers'],
    }),
    cpu_arch: oneOf(
      ['arm64', 'x86_64'],
      'Architecture of the Mac, not of the process: hw.optional.arm64, which is right under Rosetta too.',
      { privacy: 'nobody', from: ['sysctl', 'ioreg_platform'], settled: toldForCertain },
    ),
    is_apple_silicon: boolean('1 on Apple silicon.', {
      privacy: 'nobody',
      example: '1',
      from: ['sysctl', 'ioreg_platform'],
      settled: toldForCertain,
    }),
    has_t2: boolean(
      '1 when the model is on Apple’s list of Macs with the T2 chip; NULL for models of no list.',
      { privacy: 'nobody', example: '0', from: ['sysctl', 'ioreg_platform'], settled: toldForCertain },
    ),
    model_identifier: text('Model identifier.', {
      privacy: knownWords(/^[A-Za-z]*[0-9]+$/),
      example: 'Mac15,3',
      from: ['sysctl', 'ioreg_platform'],
      settled: toldForCertain,
    }),
    is_virtual_machine: boolean('kern.hv_vmm_present.', {
      privacy: 'nobody',
      example: '0',
      from: ['sysctl'],
    }),
    boot_volume_fs: oneOf(['apfs', 'hfs'], 'File system of the startup volume.', {
      privacy: 'nobody',
      from: ['diskutil_info_root'],
    }),
    boot_time: time('When the Mac was started.', {
      privacy: 'nobody',
      example: '1790153387',
      from: ['sysctl'],
    }),
    setup_done_time: time('Modification time of /var/db/.AppleSetupDone: when Setup Assistant was done.', {
      privacy: 'nobody',
      example: '1757000000',
      from: ['stat'],
      nullIsAnswer: 'the file is not there',
    }),
    sip_enabled: boolean('System Integrity Protection; NULL for a custom configuration.', {
      privacy: 'nobody',
      example: '1',
      from: ['csrutil_status'],
      nullIsAnswer: 'the configuration is a custom one',
    }),
    remote_login_enabled: boolean('Whether launchd may start sshd; NULL when launchd holds no override.', {
      privacy: 'nobody',
      example: '0',
      from: ['launchctl_print_disabled'],
      nullIsAnswer: 'launchd holds no override',
    }),
    console_username: text('Owner of /dev/console: who sits at the screen, root at the login window.', {
      privacy: 'private',
      example: 'alice',
      from: ['stat', 'ds_users'],
      nullIsAnswer: 'no local account owns the console',
    }),
    computer_name: text('ComputerName: the name of the Mac as people read it; any text.', {
      privacy: 'device',
      example: 'Ada’s MacBook Pro',
      from: ['system_configuration'],
      nullIsAnswer: 'no such name is set',
    }),
  },
  key: ['hardware_uuid'],
  // There is one row, whatever answers.
  rowsFrom: [],
  sources: [
    'sw_vers',
    'sysctl',
    'ioreg_platform',
    'diskutil_info_root',
    'csrutil_status',
    'launchctl_print_disabled',
    'stat',
    'ds_users',
    'system_configuration',
  ],
  macos: '10.13+',
  // Told by a witness, not by a missing line.
  readAnew: {
    '0.3.0': { columns: ['is_apple_silicon', 'boot_time'] },
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['model_identifier'] },
    // Until then nothing was asked for them.
    '0.7.0': { columns: ['hostname', 'computer_name'] },
  },
  examples: [
    'SELECT os_version, os_build, model_identifier, cpu_arch FROM hosts;',
    'SELECT host_id, os_version FROM hosts WHERE is_apple_silicon = 1 AND os_version_num < 150000;',
  ],
  generate: async (context) => {
    const [version, sysctl, ioreg, root, sip, services, setupDone, console, names] = await Promise.all([
      context.orUnknown(context.read('sw_vers')),
      context.orUnknown(context.read('sysctl')),
      context.orUnknown(context.read('ioreg_platform')),
      context.orUnknown(context.read('diskutil_info_root')),
      context.orUnknown(context.read('csrutil_status')),
      context.orUnknown(context.read('launchctl_print_disabled')),
      context.orUnknown(context.stat('/var/db/.AppleSetupDone')),
      context.orUnknown(context.stat('/dev/console')),
      readNames(context),
    ]);
    // A host of which nothing answered is not a row of NULLs.
    if ([version, sysctl, ioreg, root, sip, services].every((answer) => answer === null)) {
      await context.read('sw_vers');
      throw new CollectError('not_recorded', 'nothing is known of this host');
    }
    const { number, major } = versionOf(version?.productVersion);
    const model = sysctl?.values.get('hw.model') ?? ioreg?.model ?? null;
    const isAppleSilicon = isAppleSiliconBy(sysctl, model);
    if (sysctl?.unknownNames.has('kern.hv_vmm_present'))
      context.inapplicable(['is_virtual_machine'], 'this macOS has no kern.hv_vmm_present');
    const sshdIsDisabled = services?.get('com.openssh.sshd');
    return [
      {
        hardware_uuid: ioreg?.uuid ?? null,
        serial_number: context.include.has('serial_number') ? (ioreg?.serialNumber ?? null) : null,
        hostname: nameOf(names?.localHostName),
        os_version: version?.productVersion ?? null,
        os_version_num: number,
        os_major: major,
        os_build: version?.buildVersion ?? null,
        cpu_arch: isAppleSilicon === null ? null : isAppleSilicon === 1 ? 'arm64' : 'x86_64',
        is_apple_silicon: isAppleSilicon,
        has_t2: hasT2(isAppleSilicon, model),
        model_identifier: model,
        is_virtual_machine: flag(sysctl?.values.get('kern.hv_vmm_present')),
        boot_volume_fs: root?.filesystem ?? null,
        boot_time: sysctl === null ? null : bootTimeOf(sysctl),
        setup_done_time: setupDone !== null && setupDone.kind !== 'missing' ? setupDone.mtime : null,
        sip_enabled: bit(sip?.enabled),
        remote_login_enabled: sshdIsDisabled === undefined ? null : sshdIsDisabled ? 0 : 1,
        console_username:
          console !== null && console.kind !== 'missing' ? await consoleUsername(context, console.uid) : null,
        computer_name: nameOf(names?.computerName),
      },
    ];
  },
});
