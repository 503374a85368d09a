/**
 * Writes samples/: four constructed Macs, each an evidence bundle as a real Mac would have recorded it.
 * Edit a declaration in scripts/samples/ and run `node scripts/samples.ts`; `--check` exits 1 when a folder is stale.
 *
 * A declaration has the form of a fixture (test/fixtures/backend.ts). What is true of the Mac is said once, and
 * test/fixtures/mac.ts prints it as each Apple tool does. Names, UUIDs and times are invented. No clock, no chance: the
 * same declarations always give the same bytes.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  allowListVersion,
  argvOf,
  fileNames,
  files,
  folders,
  isReadablePath,
  statOnly,
} from '../collector/sources.ts';
import type { CommandName } from '../collector/sources.ts';
import { bytesOf, statOf } from '../test/fixtures/backend.ts';
import type { Fixture } from '../test/fixtures/backend.ts';
import { byName, dataDevice, hashOf, loginsOf, noise, seconds, withMac } from '../test/fixtures/mac.ts';
import type { Mac } from '../test/fixtures/mac.ts';
import { answersBeside } from './sample_answers.ts';

/** A fixture of a whole Mac. */
export type MacFixture = Fixture & Required<Pick<Fixture, 'captured' | 'euid' | 'host_id' | 'mac'>>;

const declared = join(import.meta.dirname, 'samples');
const samples = join(import.meta.dirname, '../samples');

export const hosts: readonly MacFixture[] = readdirSync(declared)
  .toSorted()
  .map((name) => JSON.parse(readFileSync(join(declared, name), 'utf8')) as MacFixture);

// --- Commands ---

/** What each takes on a Mac, about; in the order in which they are recorded. */
const milliseconds: Readonly<Partial<Record<CommandName, number>>> = {
  sw_vers: 22,
  sysctl: 6,
  ioreg_platform: 19,
  csrutil_status: 14,
  launchctl_print_disabled: 9,
  diskutil_info_root: 160,
  diskutil_apfs_list: 310,
  diskutil_apfs_list_users: 190,
  ds_users: 120,
  ds_groups: 80,
  ds_account_policy: 90,
  sysadminctl_secure_token_status: 70,
  fdesetup_status: 40,
  fdesetup_list_extended: 60,
  fdesetup_list: 50,
  fdesetup_has_personal_recovery_key: 45,
  fdesetup_has_institutional_recovery_key: 45,
  fdesetup_using_recovery_key: 40,
  fdesetup_supports_auth_restart: 40,
  fdesetup_show_deferral_info: 45,
  fdesetup_version: 30,
  profiles_status_bootstraptoken: 130,
  profiles_status_enrollment: 110,
  profiles_show_configuration: 140,
  profiles_show_enrollment_cached: 120,
  ds_remote_rights: 80,
  dsconfigad_show: 40,
};
const recorded = Object.keys(milliseconds);

interface Run {
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

const textOf = (content: Parameters<typeof bytesOf>[0]): string => Buffer.from(bytesOf(content)).toString();

const runsOf = ({ commands = [] }: Fixture): readonly Run[] =>
  commands
    .toSorted((a, b) => recorded.indexOf(a.command) - recorded.indexOf(b.command))
    .map(({ command, parameter, exit_code: exitCode = '0', stdout, stderr }) => ({
      argv: argvOf(command, parameter === undefined ? [] : [parameter]),
      exitCode: Number(exitCode),
      stdout: textOf(stdout),
      stderr: textOf(stderr),
      milliseconds: milliseconds[command] ?? 50,
    }));

const laterAnswers = await answersBeside(
  new Set(hosts.flatMap((host) => (withMac(host).commands ?? []).map(({ command }) => command))),
);

/** What a parameter of a source stands for on a Mac. */
const argumentsOf = (mac: Mac, placeholder: string | null): readonly string[] => {
  if (placeholder === null) return [''];
  return placeholder === '{device}' ? [dataDevice(mac)] : loginsOf(mac);
};

/** Of newer sources, for which no declaration has an answer of its own. */
const laterRuns = ({ mac, euid }: MacFixture): readonly Run[] =>
  laterAnswers
    .filter(({ isForAll }) => isForAll || euid === 0)
    .flatMap((answer) =>
      argumentsOf(mac, answer.placeholder).map((value) => ({ ...answer.runFor(value), milliseconds: 50 })),
    );

/** sysadminctl logs: its answer begins with the time and the process. */
const stamped = (text: string, account: string, started: number): string => {
  const time = new Date(started * 1000 + noise(`${account} ${started}`, 1000)).toISOString();
  const process = 1000 + noise(`${account} ${started} pid`, 60000);
  const thread = 10000 + noise(`${account} ${started} tid`, 900000);
  const when = time.replace('T', ' ').replace('Z', '');
  return text.replace(/^\S+ \S+ sysadminctl\[\d+:\d+\]/, `${when} sysadminctl[${process}:${thread}]`);
};

function* commandFiles(host: MacFixture): Generator<readonly [string, string]> {
  let elapsed = 0;
  const runs = [...runsOf(withMac(host)), ...laterRuns(host)];
  for (const [index, { argv, exitCode, stdout, stderr, milliseconds: about }] of runs.entries()) {
    const folder = `commands/${String(index + 1).padStart(3, '0')}`;
    const started = seconds(host.captured) + Math.floor(elapsed / 1000);
    const duration = Math.round(about * (0.8 + noise(`${host.mac.name} ${argv.join(' ')}`, 400) / 1000));
    elapsed += duration;
    const said = stamped(stderr, argv.at(-1) ?? '', started);
    yield [`${folder}/argv`, argv.map((word) => `${word}\n`).join('')];
    yield [`${folder}/duration_ms`, `${duration}\n`];
    yield [`${folder}/exit_code`, `${exitCode}\n`];
    yield [`${folder}/started_time`, `${started}\n`];
    if (said !== '') yield [`${folder}/stderr`, said];
    if (stdout !== '') yield [`${folder}/stdout`, stdout];
  }
}

// --- Files and paths ---

/** Every file that is read on a Mac with these accounts; one that its declaration does not have is missing there. */
const filePathsOf = (mac: Mac): readonly string[] =>
  fileNames
    .flatMap((name) => [...files[name].paths])
    .filter((path) => !path.includes('{drop_in}') && !path.includes('{home}'))
    .flatMap((path) =>
      path.includes('{username}')
        ? argumentsOf(mac, '{username}').map((name) => path.replace('{username}', name))
        : [path],
    );

const statCells = (line: string): readonly (string | number)[] => {
  const stat = statOf(line);
  if (stat.kind === 'missing' || stat.kind === 'denied') return [stat.kind, '-', '-', '-', '-'];
  const { kind, mode, uid, size, mtime } = stat;
  return [kind, mode.toString(8).padStart(4, '0'), uid, size, mtime];
};

const statLines = (host: MacFixture): string => {
  const known = new Set(Object.keys(host.files ?? {}));
  const found = new Map([
    ...[...statOnly, ...Object.values(folders)].map((path) => [path, 'missing'] as const),
    ...Object.entries(withMac(host).stat ?? {}),
    ...filePathsOf(host.mac)
      .filter((path) => !known.has(path))
      .map((path) => [path, 'missing'] as const),
  ]);
  return [...found]
    .toSorted(([a], [b]) => byName(a, b))
    .map(([path, line]) => `${[path, ...statCells(line)].join('\t')}\n`)
    .join('');
};

function* readFiles(host: MacFixture): Generator<readonly [string, string]> {
  const named = new Set(filePathsOf(host.mac));
  const isDropIn = (path: string): boolean =>
    Object.values(folders).some((folder) => path.startsWith(`${folder}/`)) &&
    fileNames.some((name) => isReadablePath(name, path));
  for (const [path, content] of Object.entries(host.files ?? {})) {
    if (!named.has(path) && !isDropIn(path))
      throw new Error(`${host.mac.name}: ${path} is no file that is read`);
    yield [`files${path}`, textOf(content)];
  }
}

/** Path inside the bundle to content. */
export const bundleOf = (host: MacFixture): ReadonlyMap<string, string> => {
  const about = {
    format: 'tokenquery-evidence',
    version: 1,
    origin: 'constructed',
    captured_time: seconds(host.captured),
    euid: host.euid,
    host_id: host.host_id,
    tool: 'tokenquery 0.1.0',
    allow_list: allowListVersion,
  };
  const bundle = new Map<string, string>([
    ['evidence.json', `${JSON.stringify(about, null, 2)}\n`],
    ...commandFiles(host),
    ...readFiles(host),
    ['stat.tsv', statLines(host)],
  ]);
  const sums = [...bundle]
    .toSorted(([a], [b]) => byName(a, b))
    .map(([path, content]) => `${hashOf(content)}  ${path}\n`);
  return bundle.set('SHA256SUMS', sums.join(''));
};

// --- Writing and checking ---

/** Files below a folder, with `/` on every system; none when it is not there. */
const filesBelow = (folder: string): readonly string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        );

const stalePaths = (folder: string, wanted: ReadonlyMap<string, string>): readonly string[] => {
  const present = new Set(filesBelow(folder));
  const wrong = [...wanted].filter(
    ([path, content]) => !present.has(path) || readFileSync(join(folder, path), 'utf8') !== content,
  );
  return [...wrong.map(([path]) => path), ...[...present].filter((path) => !wanted.has(path))];
};

const writeBundle = (folder: string, bundle: ReadonlyMap<string, string>): void => {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of bundle) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
};

const main = (options: readonly string[]): number => {
  if (options.some((option) => option !== '--check')) {
    process.stderr.write('samples: error: the only option is --check\n');
    return 2;
  }
  let stale = 0;
  for (const host of hosts) {
    const folder = join(samples, host.mac.name);
    if (!options.includes('--check')) {
      writeBundle(folder, bundleOf(host));
      continue;
    }
    for (const path of stalePaths(folder, bundleOf(host))) {
      process.stderr.write(`samples: error: samples/${host.mac.name}/${path} is stale\n`);
      stale += 1;
    }
  }
  if (stale > 0) process.stderr.write('samples: hint: run node scripts/samples.ts\n');
  return stale > 0 ? 1 : 0;
};

// The tests print further Macs with what stands here.
if (import.meta.main) process.exitCode = main(process.argv.slice(2));
