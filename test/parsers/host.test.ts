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
import { sizeAndDigest } from '../../collector/parsers/withheld.ts';
import { plistOf, samplesOf, textOf } from './corpus.ts';
import { noted } from './directory.ts';
import { answerOf, failsOnlyAsCollectError, fuzzParser, fuzzText } from './fuzz.ts';
import { noiseLines, tell } from './more.ts';

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

test('sw_vers: what is missing, odd, twice or cut costs itself', (t) => {
  const good = textOf('sw_vers-01.txt');
  const whole = parseSwVers(answerOf({ stdout: good }));
  const cases: ReadonlyArray<readonly [string, Partial<typeof whole>, string | null]> = [
    [good.replace(/BuildVersion.*\n/, ''), { buildVersion: null }, 'sw_vers printed no BuildVersion'],
    [
      `${good}BuildVersion:\t\t25G84\n`,
      { buildVersion: null },
      'sw_vers printed BuildVersion twice, with different values',
    ],
    [`${good}BuildVersion:\t\t25G83\n`, {}, null],
    [
      good.replace('26.6.2', 'twenty-six'),
      { productVersion: null },
      'sw_vers printed a ProductVersion that is not known: twenty-six',
    ],
    [good.replace('25G83', ''), { buildVersion: null }, 'sw_vers printed a BuildVersion that is not known: '],
    [good.trimEnd(), { buildVersion: null }, 'sw_vers ended in the midst of BuildVersion'],
    [good.trimEnd().slice(0, -1), { buildVersion: null }, 'sw_vers ended in the midst of BuildVersion'],
    [
      `${good}a new sentence\n`,
      {},
      'sw_vers printed a line that is not known: 14 bytes, sha256 2150ef4bba38',
    ],
    [`${good}ProductNickname:\t\tGolden Gate\n`, {}, null],
    [`2026-01-02 03:04:05.678 sw_vers[1:2] x\nobjc[1]: y\n\n${good}`, {}, null],
    [good.replaceAll('\n', ' \r\n'), {}, null],
    [`\n${good.split('\n').toReversed().join('\n')}\n`, {}, null],
  ];
  for (const [stdout, facts, note] of cases) {
    const { value, notes } = noted(parseSwVers, stdout);
    t.deepEqual(value, { ...whole, ...facts }, stdout);
    t.deepEqual(notes, note === null ? [] : [note]);
  }
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseSwVers(answerOf({ stdout, exitCode })));
  t.is(code(''), 'parse_failed');
  t.is(code('dyld: Library not loaded', 134), 'source_failed');
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
  const sysctl = parseSysctl(answerOf({ stdout: sysctlOutput }));
  t.deepEqual(Object.fromEntries(sysctl.values), {
    'hw.model': 'Mac15,3',
    'hw.optional.arm64': '1',
    'kern.boottime': '{ sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026',
    'kern.hv_vmm_present': '0',
  });
  t.is(bootTimeOf(sysctl), 1790153387);
  const bootTime = (values: [string, string][]): number | null =>
    bootTimeOf({ values: new Map(values), unknownNames: new Set() });
  t.is(bootTime([]), null);
  t.is(bootTime([['kern.boottime', 'Wed Sep 23 08:49:47 2026']]), null);
  t.is(bootTime([['kern.boottime', '{ sec = 1789']]), null);
});

test('sysctl: an Intel Mac says that it has no such name, and a missing line says nothing', (t) => {
  const stdout = sysctlOutput.replace('hw.optional.arm64: 1\n', '');
  const stderr = "sysctl: unknown oid 'hw.optional.arm64'\n";
  const intel = parseSysctl(answerOf({ stdout, stderr, exitCode: 1 }));
  t.is(intel.values.size, 3);
  t.deepEqual([...intel.unknownNames], ['hw.optional.arm64']);
  const silent = parseSysctl(answerOf({ stdout }));
  t.deepEqual([silent.values.size, silent.unknownNames.size], [3, 0]);
  // A name that answers is not unknown.
  t.is(parseSysctl(answerOf({ stdout: sysctlOutput, stderr })).unknownNames.size, 0);
});

test('sysctl: one odd line of many costs itself', (t) => {
  const all = Object.fromEntries(parseSysctl(answerOf({ stdout: sysctlOutput })).values);
  const without = (name: string) => Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
  const cases: ReadonlyArray<readonly [string, object, string | null]> = [
    [
      `${sysctlOutput}hw.model: Mac16,1\n`,
      without('hw.model'),
      'sysctl printed hw.model twice, with different values',
    ],
    [`${sysctlOutput}hw.model: Mac15,3\n`, all, null],
    [sysctlOutput.replace('Mac15,3', ' '), without('hw.model'), 'sysctl printed no value for hw.model'],
    [
      sysctlOutput.trimEnd(),
      without('kern.hv_vmm_present'),
      'sysctl ended in the midst of kern.hv_vmm_present',
    ],
    [
      sysctlOutput.slice(0, -30),
      { ...without('kern.hv_vmm_present'), 'kern.boottime': undefined },
      'sysctl ended in the midst of kern.boottime\nsysctl printed no kern.hv_vmm_present',
    ],
    [
      `hw.memsize: 1\n${sysctlOutput}`,
      all,
      'sysctl printed a line that is not known: 13 bytes, sha256 ad2397c540fe',
    ],
    [`objc[1]: x\n${sysctlOutput}2026-01-02 03:04:05.678 sysctl[1:2] x\n`, all, null],
    [sysctlOutput.replaceAll('\n', ' \r\n\r\n'), all, null],
    [sysctlOutput.replaceAll(': ', '='), all, null],
  ];
  for (const [stdout, values, note] of cases) {
    const { value, notes } = noted(parseSysctl, stdout);
    t.deepEqual({ ...values, ...Object.fromEntries(value.values) }, { ...values }, stdout);
    t.is(value.values.size, Object.values(values).filter((each) => each !== undefined).length, stdout);
    t.is(notes.join('\n'), note ?? '');
  }
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseSysctl(answerOf({ stdout, exitCode })));
  t.is(code('', 1), 'parse_failed');
  t.is(code(textOf('sysctl-04.txt')), 'parse_failed');
  t.is(parseSysctl(answerOf({ stdout: textOf('sysctl-01.txt') })).values.get('hw.model'), 'VirtualMac2,1');
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
  // Which other services a Mac has is not read.
  t.deepEqual(
    [...services],
    [
      ['com.openssh.sshd', false],
      ['com.apple.smbd', true],
    ],
  );
});

test('launchctl: true means disabled in older versions', (t) => {
  const stdout = 'disabled services = {\n\t"com.openssh.sshd" => true\n\t"com.apple.ftpd" => false\n}\n';
  t.deepEqual([...parseLaunchctlPrintDisabled(answerOf({ stdout }))], [['com.openssh.sshd', true]]);
});

test('launchctl: an empty block is an answer, a missing or cut one is not', (t) => {
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(() => parseLaunchctlPrintDisabled(answerOf({ stdout, exitCode })));
  t.is(parseLaunchctlPrintDisabled(answerOf({ stdout: 'disabled services = {\n}\n' })).size, 0);
  t.is(code(''), 'parse_failed');
  t.is(code(disabledServices, 1), 'source_failed');
});

test('launchctl: the odd line i of n costs itself, noise nothing', (t) => {
  const told = (lines: readonly string[], end = '}\n') =>
    tell(
      (stdout: string, note) => [...parseLaunchctlPrintDisabled(answerOf({ stdout }), note)],
      `disabled services = {\n${lines.join('\n')}\n${end}`,
    );
  const sshd = '"com.openssh.sshd" => enabled';
  const lines = ['"a" => enabled', sshd, '"c" => true'];
  const whole = told(lines);
  t.deepEqual(whole, { value: [['com.openssh.sshd', false]], notes: [] });
  for (const at of lines.keys()) {
    for (const odd of ['"x" => perhaps', 'x => enabled', '"x"', 'something new']) {
      const { value, notes } = told(lines.with(at, odd));
      t.deepEqual(value, at === 1 ? [] : whole.value);
      t.deepEqual(notes, [
        `launchctl print-disabled: a service has a form that is not known: ${sizeAndDigest(odd)}`,
      ]);
    }
    for (const line of noiseLines) t.deepEqual(told(lines.toSpliced(at, 0, line)), whole);
    t.deepEqual(told([...lines, lines[at] ?? '']), whole, 'the same twice');
  }
  const other = told([...lines, sshd.replace('enabled', 'disabled')]);
  t.deepEqual(other.value, []);
  t.is(other.notes.length, 1);
  t.deepEqual(told(lines, ''), {
    ...whole,
    notes: ['launchctl print-disabled ended inside the list of services'],
  });
});

test('csrutil: a sentence that is cut is none', (t) => {
  const text = 'System Integrity Protection status: enabled (Custom Configuration).';
  for (let length = 0; length < text.length; length++) {
    const stdout = text.slice(0, length);
    t.is(
      codeOf(() => parseCsrutilStatus(answerOf({ stdout }))),
      'parse_failed',
      stdout,
    );
  }
  t.is(
    parseCsrutilStatus(answerOf({ stdout: 'System Integrity Protection status: enabled\n' })).enabled,
    true,
  );
  t.is(
    parseCsrutilStatus(answerOf({ stdout: 'SYSTEM INTEGRITY PROTECTION STATUS: ENABLED.\n' })).enabled,
    true,
  );
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
  t.is(code(plistOf('<array><string>x</string></array>')), 'parse_failed');
  t.is(code(platform.slice(0, -30)), 'parse_failed');
});

test('ioreg: one odd value costs itself, reduced or not', (t) => {
  const uuid = '<key>IOPlatformUUID</key><string>F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3</string>';
  const model = '<key>model</key><string>Mac14,5</string>';
  const whole = { uuid: 'F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3', serialNumber: null, model: 'Mac14,5' };
  const body = (text: string): string => plistOf(`<array>${text}</array>`);
  const one = `<dict>${uuid}${model}</dict>`;
  const cases: ReadonlyArray<
    readonly [string, Partial<typeof whole> | { model: null } | { uuid: null }, number]
  > = [
    [ioregOf(`<key>IOPlatformUUID</key><string>no</string>${model}`), { uuid: null }, 1],
    [ioregOf(`${uuid}<key>model</key><integer>1</integer>`), { model: null }, 1],
    [ioregOf(`${uuid}<key>model</key><data>/w==</data>`), { model: null }, 1],
    [ioregOf(`<string>F6C0D60A-C485-4E40-A4DC-FE6A38C42CE3</string>${model}`), { uuid: null }, 1],
    [ioregOf(`${uuid}${model}<key>model</key><string>Mac14,6</string>`), { model: null }, 1],
    [body(one + one), {}, 0],
    [body(one + one.replace('Mac14,5', 'Mac14,6')), { model: null }, 1],
    [body(`${one}<string>x</string>`), {}, 1],
    [`2026-01-02 03:04:05.678 ioreg[1:2] x\n${body(one)}`, {}, 0],
  ];
  for (const [stdout, facts, count] of cases) {
    for (const text of [stdout, sanitizeIoregPlatform(stdout)]) {
      const { value, notes } = noted(parseIoregPlatform, text);
      t.deepEqual(value, { ...whole, ...facts }, text);
      t.is(notes.length, count, notes.join());
    }
  }
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
