/**
 * The printed collector in the mutation test: what it keeps of a changed output or file, and whom it asks on the ground
 * of it, against what the program makes of the same output. Its own text runs, in the awks that a Mac may have: the
 * functions, the lines `ask` and `keep`, and the part that decides which volume, accounts and paths are asked for. Only
 * what starts a program is replaced by one that hands out the recorded bytes, so that hundreds can be tried in seconds.
 * test/cli/script.test.ts runs the script as a whole.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { noShells } from '../../collector/accounts.ts';
import { captureScript, isInScript } from '../../collector/script/script.ts';
import { fileNames, isReadablePath } from '../../collector/sources.ts';
import type { CommandName } from '../../collector/sources.ts';
import { textOf, withRun, writeFolder } from './bundle.ts';
import type { Bundle, Run } from './bundle.ts';
import type { Opened, Way } from './harness.ts';
import { compareAnswers } from './judge.ts';
import type { Complaint } from './judge.ts';
import { mutationsOf } from './operators.ts';
import type { Mutation } from './operators.ts';
import { keyOf, sourceNameOf } from './program.ts';
import type { Answers, Program } from './program.ts';

// --- The text of the script, in parts ---

const script = captureScript({ tool: 'tokenquery', noShells });
const between = (from: string, to: string): string => {
  const [start, end] = [script.indexOf(from), script.indexOf(to)];
  if (start === -1 || end < start) throw new Error(`the script has no part from "${from}" to "${to}"`);
  return script.slice(start, end);
};
const functions = between('#!/bin/sh', 'started=$(date +%s)');
const decisions = between('# The Data volume of the running system, or', `printf '{"format"`);
/** The line that asks a source, or keeps a file. */
const linesThatAsk = new Map(
  script.split('\n').flatMap((line) => {
    const [, source] = /^ask (\w+) /.exec(line) ?? [];
    return source === undefined ? [] : [[source, line] as const];
  }),
);
/** On these it rests which volume, accounts and paths are asked for, and whose bundle it is. */
const deciding: ReadonlySet<string> = new Set([
  'diskutil_info_root',
  'diskutil_apfs_list',
  'ds_users',
  'sw_vers',
  'ioreg_platform',
  'fdesetup_show_deferral_info',
]);
/** What else is reduced; the others are kept as they are. */
const reduced: ReadonlySet<string> = new Set([
  'ds_groups',
  'ds_account_policy',
  'profiles_show_configuration',
  'profiles_show_enrollment_cached',
]);
export const isTried = (source: string): boolean =>
  deciding.has(source) || reduced.has(source) || source === 'file';

/** The awks of Macs and of others; that of macOS is original-awk. */
const awks = ['original-awk', 'busybox awk', 'mawk', 'gawk'].filter(
  (awk) => spawnSync('sh', ['-c', `command -v ${awk.split(' ')[0]}`]).status === 0,
);

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const fileSourceOf = (path: string) => fileNames.find((name) => isReadablePath(name, path)) ?? 'none';

// --- What is handed to it, and what comes of it ---

/** One change: in its folder `given` are the bytes, in `bundle` what the script made of them. */
interface Case {
  readonly folder: string;
  readonly run: Run | null;
  readonly path: string | null;
}

const put = (at: string, content: Uint8Array | string): void => {
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
};
const giveRun = (folder: string, { exit, stdout, stderr }: Run): void => {
  put(join(folder, 'out'), stdout);
  put(join(folder, 'err'), stderr);
  put(join(folder, 'code'), `${exit}\n`);
};

/** In place of what starts a program: what it would have printed. `plutil` prints a file as it is. */
const handsOut = String.raw`
launch() {
  if [ "$2" = /usr/bin/plutil ]; then
    for launch_file in "$@"; do :; done
    cat "$launch_file" > "$work/out"
    : > "$work/err"
    code=0
  else
    cp "$given/out" "$work/out"
    cp "$given/err" "$work/err"
    read -r code < "$given/code"
  fi
}
begin() { # FOLDER
  given=$1/given
  bundle=$1/bundle
  root=$1/given/root
  count=0
  : > "$work/asked"
  mkdir -p "$bundle/commands"
}
`;

/** What the script goes on with, told and not done. */
const tells = `(
  ask() { shift 3; printf '%s\\n' "$*" >> "$given/asked"; }
  keep() { printf '%s\\n' "$2" >> "$given/asked"; }
  look() { printf '%s\\n' "$1" >> "$given/asked"; }
${decisions}
  printf '%s' "$uuid" > "$given/uuid"
)`;

const answersOf = (run: Run, source: string): string =>
  `begin "$cases/base"\ngiven=$cases/base/given/${source}\nbundle=$cases/base/${source}\nmkdir -p "$bundle/commands"\n${linesThatAsk.get(sourceNameOf(run.argv)) ?? ':'}\n`;

const keeps = (path: string): string => `keep ${fileSourceOf(path)} ${quote(path)}`;

/** Everything as it is, then each change by itself. */
const driverOf = (bundle: Bundle, asked: readonly string[], cases: readonly Case[]): string => {
  const base = [...bundle.runs.values()].filter((run) => linesThatAsk.has(sourceNameOf(run.argv)));
  const each = cases.map(({ folder, run, path }) => {
    const source = run === null ? '' : sourceNameOf(run.argv);
    const lines = [`begin ${quote(folder)}`];
    if (run !== null) lines.push(linesThatAsk.get(source) ?? ':');
    if (path !== null) lines.push(keeps(path));
    if (!deciding.has(source)) return lines.join('\n');
    const own = quote(`answer.${source}`);
    return [
      'rm -f "$work"/answer.* "$work/output_path"',
      'cp "$work"/base/* "$work/"',
      `rm -f "$work/"${own}${source === 'fdesetup_show_deferral_info' ? ' "$work/output_path"' : ''}`,
      ...lines,
      tells,
    ].join('\n');
  });
  return [
    handsOut,
    'set +f',
    ...base.map((run) => answersOf(run, sourceNameOf(run.argv))),
    'mkdir "$work/base"',
    'for each in "$work"/answer.* "$work/output_path"; do if [ -e "$each" ]; then cp "$each" "$work/base/"; fi; done',
    'begin "$cases/base"',
    tells,
    ...asked.filter((path) => bundle.files.has(path)).map(keeps),
    ...each,
    '',
  ].join('\n');
};

const readIf = (at: string): Uint8Array => (existsSync(at) ? readFileSync(at) : new Uint8Array());

/** What the script recorded of a command: it asked for one thing in that bundle. */
const recordedRun = (bundle: string, argv: readonly string[]): Run => ({
  argv,
  exit: readFileSync(join(bundle, 'commands/001/exit_code'), 'utf8').trim(),
  stdout: readIf(join(bundle, 'commands/001/stdout')),
  stderr: readIf(join(bundle, 'commands/001/stderr')),
});

interface Made {
  readonly run: Run | null;
  readonly file: Uint8Array | null;
  /** Argv and paths that it goes on with, and the UUID that it found; null where nothing is decided. */
  readonly asked: ReadonlySet<string>;
  readonly hostId: string;
}

// --- The way ---

/** A Mac as far as the script asks it; whose it is, it has to find out. */
const asFarAsAsked = (bundle: Bundle): Bundle => ({
  ...bundle,
  hostId: '',
  runs: new Map([...bundle.runs].filter(([, { argv }]) => isInScript(sourceNameOf(argv) as CommandName))),
});

/** Where the list of volumes cannot be read, `/` is asked, and is the volume that was asked for before. */
const answeringForRoot = async (
  bundle: Bundle,
  program: Program,
): Promise<{ readonly asked: ReadonlySet<string>; readonly bundle: Bundle }> => {
  const { asked } = await program.answer(bundle);
  const listing = [...bundle.runs.values()].find(
    ({ argv }) => sourceNameOf(argv) === 'diskutil_apfs_list_users' && asked.has(argv.join(' ')),
  );
  if (listing === undefined) return { asked, bundle };
  return { asked, bundle: withRun(bundle, { ...listing, argv: [...listing.argv.slice(0, -1), '/'] }) };
};

const rank = ['ok', 'empty', 'unsupported', 'partial'];
/** A status that is better than that of the program is untrue of what was left out. */
const compareStatus = (live: Answers, now: Answers): readonly Complaint[] =>
  [...live.status].flatMap(([table, row]): Complaint[] => {
    const [from, to] = [String(row['status']), String(now.status.get(table)?.['status'])];
    if (from === to) return [];
    const [before, after] = [from, to].map((word) =>
      rank.indexOf(word) === -1 ? rank.length : rank.indexOf(word),
    );
    const sort = (after ?? 0) < (before ?? 0) ? 'unexplained' : 'lost';
    return [{ sort, where: `${table} status`, from, to }];
  });

class Shell {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tokenquery-script-'));
  readonly #bundle: Bundle;
  readonly #awk: string | undefined;
  readonly #cases = new Map<Mutation, Case>();

  constructor(bundle: Bundle, awk: string | undefined) {
    this.#bundle = bundle;
    this.#awk = awk;
    mkdirSync(join(this.#folder, 'tmp'));
    for (const run of bundle.runs.values())
      giveRun(join(this.#folder, 'base/given', sourceNameOf(run.argv)), run);
    for (const [path, content] of bundle.files) put(join(this.#folder, 'base/given/root', path), content);
  }

  async run(chosen: readonly Mutation[], asked: ReadonlySet<string>): Promise<void> {
    for (const [index, mutation] of chosen.entries()) this.#cases.set(mutation, this.#give(index, mutation));
    const own = this.#awk === undefined ? '' : `\nawk() { ${this.#awk} "$@"; }`;
    const text =
      functions.replace(/^umask 077$/m, `umask 077${own}\ncases=${quote(this.#folder)}`) +
      driverOf(this.#bundle, [...asked], [...this.#cases.values()]);
    const at = join(this.#folder, 'script.sh');
    writeFileSync(at, text);
    const ended = await new Promise<{ code: number | null; stderr: string }>((resolve, reject) => {
      const child = spawn('sh', [at, join(this.#folder, 'none.tar.gz'), this.#folder], {
        env: { PATH: process.env['PATH'], TMPDIR: join(this.#folder, 'tmp') },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const err: Buffer[] = [];
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stderr: Buffer.concat(err).toString() }));
    });
    if (ended.code !== 0 || ended.stderr !== '') throw new Error(`the script ended so: ${ended.stderr}`);
  }

  /** The bundle that the script would have made of the changed Mac. */
  bundleOf(mutation: Mutation, changed: Bundle): Bundle {
    const found = this.#cases.get(mutation);
    if (found === undefined) throw new Error('a mutation that was not prepared');
    const base = this.#made(join(this.#folder, 'base'), null);
    const made = this.#made(found.folder, found);
    const asked = made.asked.size > 0 ? made.asked : base.asked;
    const runs = new Map<string, Run>();
    for (const [argv, run] of changed.runs) {
      const source = sourceNameOf(run.argv);
      if (source === mutation.source && made.run !== null) runs.set(argv, made.run);
      else if (linesThatAsk.has(source)) runs.set(argv, this.#baseRun(source, run));
      else if (asked.has(argv)) runs.set(argv, run);
    }
    const files = new Map<string, Uint8Array>();
    for (const path of changed.files.keys()) {
      if (!asked.has(path)) continue;
      const own = path === found.path ? made.file : this.#baseFile(path);
      if (own !== null) files.set(path, own);
    }
    const stats = new Map([...changed.stats].filter(([path]) => asked.has(path)));
    const hostId = made.asked.size > 0 ? made.hostId : base.hostId;
    return { ...changed, runs, files, stats, hostId };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #give(index: number, mutation: Mutation): Case {
    const folder = join(this.#folder, String(index));
    const changed = mutation.apply();
    if (mutation.source === 'file') {
      put(join(folder, 'given/root', mutation.subject), changed.files.get(mutation.subject) ?? '');
      return { folder, run: null, path: mutation.subject };
    }
    const run = [...changed.runs.values()].find(({ argv }) => sourceNameOf(argv) === mutation.source) ?? null;
    if (run !== null) giveRun(join(folder, 'given'), run);
    return { folder, run, path: null };
  }

  #made(folder: string, of: Case | null): Made {
    const { run, path } = of ?? { run: null, path: null };
    const lines = textOf(readIf(join(folder, 'given/asked'))).split('\n');
    const kept = path === null ? null : join(folder, 'bundle/files', path);
    return {
      run: run === null ? null : recordedRun(join(folder, 'bundle'), run.argv),
      file: kept !== null && existsSync(kept) ? readFileSync(kept) : null,
      asked: new Set(lines.filter((line) => line !== '')),
      hostId: /"host_id":"([^"]*)"/.exec(textOf(readIf(join(folder, 'given/uuid'))))?.[1] ?? '',
    };
  }

  #baseRun(source: string, { argv }: Run): Run {
    return recordedRun(join(this.#folder, 'base', source), argv);
  }

  #baseFile(path: string): Uint8Array | null {
    const at = join(this.#folder, 'base/bundle/files', path);
    return existsSync(at) ? readFileSync(at) : null;
  }
}

/** It is told apart from what a tool may do that the script has no word for. */
const isPossible = ({ source, operator, site }: Mutation): boolean =>
  isTried(source) && operator !== 'not-recorded' && operator !== 'path-denied' && site !== 'not_started';

let opened = 0;
export const printedScript: Way = {
  open: async (whole, program): Promise<Opened> => {
    const { asked, bundle } = await answeringForRoot(asFarAsAsked(whole), program);
    const truth = await program.answer(bundle);
    const shell = new Shell(bundle, awks[opened++ % Math.max(1, awks.length)]);
    return {
      mutations: mutationsOf(bundle, asked).filter(isPossible),
      prepare: (chosen) => shell.run(chosen, asked),
      judge: async (mutation, changed) => {
        const live = await program.answer(changed);
        const now = await program.answer(shell.bundleOf(mutation, changed));
        const complaints = [
          ...compareAnswers(live, now, keyOf, { kind: 'same', isOne: false }),
          ...compareStatus(live, now),
        ];
        // It may tell more than the program, where that is true of the Mac.
        const untrue = compareAnswers(truth, now, keyOf, mutation).map(({ where }) => where);
        return complaints.filter(({ sort, where }) => sort === 'lost' || untrue.includes(where));
      },
      close: () => shell.close(),
    };
  },
  write: writeFolder,
};
