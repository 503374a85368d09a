import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import { parseCsrutilStatus } from '../../collector/parsers/csrutil_status.ts';
import {
  parseIoregPlatform,
  sanitizeIoregPlatform,
  sanitizeIoregPlatformWithSerial,
} from '../../collector/parsers/ioreg_platform.ts';
import { parseLaunchctlPrintDisabled } from '../../collector/parsers/launchctl_print_disabled.ts';
import { firstLine, linesOf, notUnderstood, saysRootNeeded } from '../../collector/parsers/lines.ts';
import { parseSwVers } from '../../collector/parsers/sw_vers.ts';
import { bootTimeOf, parseSysctl } from '../../collector/parsers/sysctl.ts';
import { plistOf, samplesOf, textOf } from './corpus.ts';
import { answerOf, failsOnlyAsCollectError, fuzzParser, fuzzText } from './fuzz.ts';

const codeOf = (parse: () => unknown): string => {
  try {
    return `no error: ${JSON.stringify(parse())}`;
  } catch (error) {
    return error instanceof CollectError ? error.code : String(error);
  }
};

// --- lines ---

test('a message echoes one short line without control characters', (t) => {
  t.is(firstLine('\n\n  one\u001b[31m \u0007two\u009b \r\nthree\n'), 'one[31m two');
  t.is(firstLine(' \n\t\n'), '');
  t.is(Array.from(firstLine('\u{1f511}'.repeat(5000))).length, 200);
  t.is(firstLine('x'.repeat(5000)).length, 200);
  t.false(firstLine('\u{1f511}'.repeat(5000)).includes('\ufffd'));
});

test('a message never echoes what has the form of a recovery key', (t) => {
  t.is(firstLine("Recovery key = 'ABCD-EF12-GH34-IJ56-KL78-MN90'"), "Recovery key = '[removed]'");
  t.is(firstLine('FB756838-523C-4604-B75A-40FB5E7D5D3F'), 'FB756838-523C-4604-B75A-40FB5E7D5D3F');
});

test('firstLine holds for any text', (t) => {
  fuzzText(samplesOf(''), (text) => {
    const line = firstLine(text);
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f-\u009f]/.test(line) || Array.from(line).length > 200)
      throw new Error(JSON.stringify(line));
  });
  t.pass();
});

test('lines end with LF or CR LF, and the last one needs no end', (t) => {
  t.deepEqual(linesOf('a\r\n\nb'), ['a', '', 'b']);
  t.deepEqual(linesOf('a\n'), ['a']);
  t.deepEqual(linesOf(''), []);
});

test('tools ask for root in these words', (t) => {
  for (const text of [
    'Must be running as root',
    'profiles: this command requires root privileges',
    'This tool must be run as root.',
    'fdesetup: only root can do this',
    'Permission denied',
  ]) {
    t.true(saysRootNeeded(text), text);
  }
  for (const text of ['/Users/root', 'FileVault is On.', 'uprooted must', 'must be\nroot', '']) {
    t.false(saysRootNeeded(text), text);
  }
});

test('what is not an answer has a code', (t) => {
  t.is(notUnderstood('x', answerOf({})).code, 'parse_failed');
  t.is(notUnderstood('x', answerOf({ exitCode: 1 })).code, 'parse_failed');
  t.is(notUnderstood('x', answerOf({ stdout: 'new' })).code, 'parse_failed');
  t.is(notUnderstood('x', answerOf({ stdout: 'Must be running as root' })).code, 'permission_denied');
  t.is(notUnderstood('x', answerOf({ stderr: 'new', exitCode: 3 })).code, 'source_failed');
  t.is(notUnderstood('x', answerOf({ stdout: 'x: Error: no' })).code, 'source_failed');
});

// --- sw_vers ---

test('sw_vers: what is missing or twice is not guessed', (t) => {
  const good = textOf('sw_vers-01.txt');
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseSwVers(answerOf({ stdout, exitCode })));
  t.is(code(''), 'parse_failed');
  t.is(code(good.replace(/BuildVersion.*\n/, '')), 'parse_failed');
  t.is(code(`${good}BuildVersion:\t\t25G84\n`), 'parse_failed');
  t.is(code(good.replace('26.6.2', 'twenty-six')), 'parse_failed');
  t.is(code(good.replace('25G83', '')), 'parse_failed');
  t.is(code('dyld: Library not loaded', 134), 'source_failed');
  t.is(parseSwVers(answerOf({ stdout: good.replaceAll('\n', '\r\n') })).buildVersion, '25G83');
  t.is(
    parseSwVers(answerOf({ stdout: `${good}ProductNickname:\t\tGolden Gate\n` })).productVersion,
    '26.6.2',
  );
});

test('sw_vers: any text', (t) => fuzzParser(t, parseSwVers, samplesOf('sw_vers-')));

// --- sysctl ---

const sysctlOutput = [
  'hw.model: Mac15,3',
  'hw.optional.arm64: 1',
  'kern.boottime: { sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026',
  'kern.hv_vmm_present: 0',
  '',
].join('\n');

test('sysctl: values as printed, and the boot time', (t) => {
  const values = parseSysctl(answerOf({ stdout: sysctlOutput }));
  t.deepEqual(Object.fromEntries(values), {
    'hw.model': 'Mac15,3',
    'hw.optional.arm64': '1',
    'kern.boottime': '{ sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026',
    'kern.hv_vmm_present': '0',
  });
  t.is(bootTimeOf(values), 1790153387);
  t.is(bootTimeOf(new Map()), null);
  t.is(bootTimeOf(new Map([['kern.boottime', 'Wed Sep 23 08:49:47 2026']])), null);
});

test('sysctl: an Intel Mac lacks one name, and the others still answer', (t) => {
  const values = parseSysctl(
    answerOf({
      stdout: sysctlOutput.replace('hw.optional.arm64: 1\n', ''),
      stderr: "sysctl: unknown oid 'hw.optional.arm64'\n",
      exitCode: 1,
    }),
  );
  t.is(values.size, 3);
  t.false(values.has('hw.optional.arm64'));
});

test('sysctl: what was not asked, answers twice or not at all', (t) => {
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseSysctl(answerOf({ stdout, exitCode })));
  t.is(code('', 1), 'parse_failed');
  t.is(code(textOf('sysctl-01.txt')), 'parse_failed');
  t.is(code(textOf('sysctl-04.txt')), 'parse_failed');
  t.is(code(`${sysctlOutput}hw.model: Mac16,1\n`), 'parse_failed');
  t.is(code('hw.model:  \n'), 'parse_failed');
  const asked = textOf('sysctl-01.txt').split('\n', 1)[0] ?? '';
  t.is(parseSysctl(answerOf({ stdout: asked })).get('hw.model'), 'VirtualMac2,1');
});

test('sysctl: any text', (t) => fuzzParser(t, (answer) => bootTimeOf(parseSysctl(answer)), [sysctlOutput]));

// --- csrutil ---

test('csrutil: only the two plain sentences say on or off', (t) => {
  const state = (stdout: string): boolean | null => parseCsrutilStatus(answerOf({ stdout })).enabled;
  t.is(state('System Integrity Protection status: enabled.\n'), true);
  t.is(state('System Integrity Protection status: disabled.\n'), false);
  t.is(
    state('System Integrity Protection status: enabled (Custom Configuration).\n\nConfiguration:\n'),
    null,
  );
  t.is(state('System Integrity Protection status: disabled (Apple Internal).\n'), null);
  t.is(state('System Integrity Protection status: unknown.\n'), null);
});

test('csrutil: anything else is not known', (t) => {
  const code = (stdout: string): string => codeOf(() => parseCsrutilStatus(answerOf({ stdout })));
  t.is(code(''), 'parse_failed');
  t.is(code('Authenticated Root status: enabled\n'), 'parse_failed');
  t.is(code('System Integrity Protection status: maybe.\n'), 'parse_failed');
  t.is(
    code('System Integrity Protection status: enabled.\nSystem Integrity Protection status: disabled.\n'),
    'parse_failed',
  );
  t.is(code('csrutil: failed to retrieve system integrity protection status\n'), 'source_failed');
});

test('csrutil: any text', (t) => fuzzParser(t, parseCsrutilStatus, samplesOf('csrutil-')));

// --- launchctl ---

// Constructed after the forms of macOS 12 and 26.
const disabledServices = [
  '',
  '\tdisabled services = {',
  '\t\t"com.openssh.sshd" => enabled',
  '\t\t"com.apple.smbd" => disabled',
  '\t\t"com.example.\\"odd\\" => x" => disabled',
  '\t}',
  '\tlogin item associations = {',
  '\t\t"com.example" => "else"',
  '\t}',
  '',
].join('\n');

test('launchctl: enabled and disabled', (t) => {
  const services = parseLaunchctlPrintDisabled(answerOf({ stdout: disabledServices }));
  t.deepEqual(
    [...services],
    [
      ['com.openssh.sshd', false],
      ['com.apple.smbd', true],
      ['com.example.\\"odd\\" => x', true],
    ],
  );
});

test('launchctl: true means disabled in older versions', (t) => {
  const stdout = 'disabled services = {\n\t"com.openssh.sshd" => true\n\t"com.apple.ftpd" => false\n}\n';
  t.deepEqual(
    [...parseLaunchctlPrintDisabled(answerOf({ stdout }))],
    [
      ['com.openssh.sshd', true],
      ['com.apple.ftpd', false],
    ],
  );
});

test('launchctl: an empty block is an answer, a missing or cut one is not', (t) => {
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseLaunchctlPrintDisabled(answerOf({ stdout, exitCode })));
  t.is(parseLaunchctlPrintDisabled(answerOf({ stdout: 'disabled services = {\n}\n' })).size, 0);
  t.is(code(''), 'parse_failed');
  t.is(code('disabled services = {\n"a" => enabled\n'), 'parse_failed');
  t.is(code('disabled services = {\n"a" => perhaps\n}\n'), 'parse_failed');
  t.is(code('disabled services = {\n"a" => enabled\n"a" => disabled\n}\n'), 'parse_failed');
  t.is(code(disabledServices, 1), 'source_failed');
});

test('launchctl: any text', (t) => fuzzParser(t, parseLaunchctlPrintDisabled, [disabledServices]));

// --- ioreg ---

const ioregOf = (body: string): string => plistOf(`<array>\n<dict>\n${body}\n</dict>\n</array>`);
/** The object of the captured tree, in the array that -r prints. */
const platformDict =
  /<array>\s*(<dict>[^]*<\/dict>)\s*<\/array>/.exec(textOf('ioreg-platform-03.plist'))?.[1] ?? '';
const platform = plistOf(`<array>${platformDict}</array>`);

test('ioreg: the object of the corpus', (t) => {
  t.deepEqual(parseIoregPlatform(answerOf({ stdout: platform })), {
    uuid: 'F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3',
    serialNumber: 'MYSERIAL',
    model: 'Mac14,5',
  });
});

test('ioreg: a UUID in small letters, a model as text, keys that are absent', (t) => {
  const stdout = ioregOf(
    '<key>IOPlatformUUID</key><string>f6c0d60a-c485-4e40-a4dc-fe6a38c42ce3</string>' +
      '<key>model</key><string>Mac14,5</string>',
  );
  t.deepEqual(parseIoregPlatform(answerOf({ stdout })), {
    uuid: 'F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3',
    serialNumber: null,
    model: 'Mac14,5',
  });
  t.deepEqual(parseIoregPlatform(answerOf({ stdout: ioregOf('') })), {
    uuid: null,
    serialNumber: null,
    model: null,
  });
});

test('ioreg: other shapes are not known', (t) => {
  const code = (stdout: string): string => codeOf(() => parseIoregPlatform(answerOf({ stdout })));
  t.is(code(''), 'parse_failed');
  t.is(code(textOf('ioreg-platform-03.plist')), 'parse_failed');
  t.is(code(plistOf('<array/>')), 'parse_failed');
  t.is(code(plistOf('<array><dict/><dict/></array>')), 'parse_failed');
  t.is(code(ioregOf('<key>IOPlatformUUID</key><string>no</string>')), 'parse_failed');
  t.is(code(ioregOf('<key>model</key><integer>1</integer>')), 'parse_failed');
  t.is(code(ioregOf('<key>model</key><data>/w==</data>')), 'parse_failed');
  t.is(code(platform.slice(0, -30)), 'parse_failed');
});

test('ioreg: what is kept never has the serial number unless it was asked for', (t) => {
  const reduced = sanitizeIoregPlatform(platform);
  t.false(
    reduced.includes('MYSERIAL') ||
      reduced.includes('IOPlatformSerialNumber') ||
      reduced.includes('manufacturer'),
  );
  t.deepEqual(parseIoregPlatform(answerOf({ stdout: reduced })), {
    uuid: 'F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3',
    serialNumber: null,
    model: 'Mac14,5',
  });
  t.is(sanitizeIoregPlatform(reduced), reduced);
  const withSerial = sanitizeIoregPlatformWithSerial(platform);
  t.is(parseIoregPlatform(answerOf({ stdout: withSerial })).serialNumber, 'MYSERIAL');
  t.false(withSerial.includes('manufacturer'));
  t.is(sanitizeIoregPlatformWithSerial(withSerial), withSerial);
  t.is(sanitizeIoregPlatform(withSerial), reduced);
});

test('ioreg: a serial number that stands elsewhere is not kept either', (t) => {
  for (const text of [
    textOf('ioreg-platform-03.plist'),
    platform.replace('</plist>', ''),
    platform.replace('<dict>', '<dict><!-- MYSERIAL -->'),
    ioregOf('<key>model</key><dict><key>model</key><string>MYSERIAL</string></dict>'),
    'IOPlatformSerialNumber = MYSERIAL',
  ]) {
    const reduced = sanitizeIoregPlatform(text);
    t.false(reduced.includes('MYSERIAL'), text);
    failsOnlyAsCollectError(() => parseIoregPlatform(answerOf({ stdout: reduced })));
  }
});

test('ioreg: any text', (t) =>
  fuzzParser(
    t,
    (answer) => {
      const reduced = sanitizeIoregPlatform(answer.stdout);
      if (sanitizeIoregPlatform(reduced) !== reduced) throw new Error('reducing twice differs from once');
      return parseIoregPlatform(answer);
    },
    [platform, sanitizeIoregPlatform(platform)],
  ));
