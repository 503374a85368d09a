/**
 * Some nights of a Mac and of its centre, lived through on the command line: the job of the Mac, what it sends, the merge, and a monitor
 * at both ends. Some nights go wrong. `node test/nights/month.ts` does thirty; month.test.ts fewer. Both ends are constructed.
 */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  appendFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { splayOf } from '../../cli/due.ts';
import { ownPathOf } from '../../collector/sources.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { makeStandIn, program, root, sample } from '../standin.ts';
import { askAt } from './clock.ts';

const hour = 3600;
const day = 24 * hour;
const host = '7BA9E49B-B07F-4780-9868-65AA59440444';

/** What befalls a night. */
type Mishap = 'blind' | 'nameless' | 'reboot' | 'clock' | 'half file';

/** Exit codes of one night. */
export interface Night {
  readonly number: number;
  readonly mishap: Mishap | null;
  readonly job: number | null;
  /** What the monitor of the Mac, and of the centre, says three hours after the turn. */
  readonly mac: number;
  readonly merge: readonly number[];
  readonly centre: number;
  /** What both show people that is not well. */
  readonly shown: string;
}

/** What a night says: of a good one, nothing. */
const expected: Readonly<Record<Mishap | 'good', Omit<Night, 'number' | 'mishap' | 'shown'>>> = {
  good: { job: 0, mac: 0, merge: [0, 0], centre: 0 },
  // Nearly no source answers: the snapshot is stored, and says little.
  blind: { job: 4, mac: 5, merge: [0, 0], centre: 5 },
  // Nothing says which Mac it is: nothing is stored.
  nameless: { job: 1, mac: 5, merge: [0, 0], centre: 5 },
  // The Mac goes down in the midst of a run.
  reboot: { job: null, mac: 5, merge: [0, 0], centre: 5 },
  // One start with a clock that is 400 days ahead.
  clock: { job: 0, mac: 5, merge: [0, 0], centre: 5 },
  // The sender ends in the midst of a file: it is looked at twice, and put aside.
  'half file': { job: 0, mac: 0, merge: [0, 6], centre: 5 },
};

class World {
  readonly at: (...names: string[]) => string;
  readonly mac: string;
  readonly #runs: string;
  #exported = '';

  constructor(folder: string) {
    this.at = (...names) => join(folder, ...names);
    const { root: mac, log } = makeStandIn(sample('macos26-managed'), folder);
    [this.mac, this.#runs] = [mac, log];
    const settings = join(mac, ownPathOf('local_settings'));
    mkdirSync(dirname(settings), { recursive: true });
    writeFileSync(settings, writeXmlPlist(new Map([['Enabled', true]])), { mode: 0o644 });
    for (const name of [join('incoming', host), 'centre', 'done', 'bad', 'logs'])
      mkdirSync(this.at(name), { recursive: true });
    cpSync(join(mac, 'usr'), this.at('usr'), { recursive: true });
  }

  get #words(): readonly string[] {
    return [
      ...[
        'job',
        '--exec-root',
        this.mac,
        '--db',
        this.at('mac.db'),
        '--cursor',
        this.at('export.cursor'),
        '--strict',
      ],
      ...['--output', this.at('logs', 'results.ndjson')],
    ];
  }

  async job(time: number): Promise<number> {
    const { exitCode, stdout, stderr } = await askAt(time, ...this.#words);
    appendFileSync(this.at('job.log'), stdout + stderr);
    return exitCode;
  }

  /** The job, killed while it collects. */
  killed(time: number): Promise<void> {
    rmSync(this.#runs, { force: true });
    return new Promise((fulfil) => {
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          '--require',
          join(root, 'test/net/clock.cjs'),
          program,
          ...this.#words,
        ],
        { env: { ...process.env, TOKENQUERY_NET_TIME: String(time) }, stdio: 'ignore' },
      );
      const looking = setInterval(() => {
        if (existsSync(this.#runs)) child.kill('SIGKILL');
      }, 5);
      child.on('exit', () => {
        clearInterval(looking);
        fulfil();
      });
    });
  }

  /** Lets every command but some fail. */
  break(still: RegExp): void {
    for (const entry of readdirSync(join(this.mac, 'usr'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && statSync(path).mode & 0o100 && !still.test(path))
        writeFileSync(path, '#!/bin/sh\nexit 1\n');
    }
  }

  mend(): void {
    rmSync(join(this.mac, 'usr'), { recursive: true });
    cpSync(this.at('usr'), join(this.mac, 'usr'), { recursive: true });
  }

  /** Brings what is new to the centre. @param isHalf The sender is cut off. */
  send(time: number, isHalf: boolean): void {
    const results = this.at('logs', 'results.ndjson');
    if (!existsSync(results)) return;
    const text = readFileSync(results, 'utf8');
    if (text === this.#exported) return;
    this.#exported = text;
    const to = this.at('incoming', host, `${time}.ndjson`);
    copyFileSync(results, to);
    // A file that has its beginning: it was just being written.
    if (isHalf) truncateSync(to, Math.floor(statSync(to).size / 2));
    const changed = isHalf ? time - 60 : time - hour;
    utimesSync(to, changed, changed);
  }

  /** What was cut comes once more, whole. */
  resend(time: number): void {
    this.#exported = '';
    this.send(time, false);
  }

  async merge(time: number): Promise<number> {
    const { exitCode } = await askAt(
      time,
      ...[
        'merge',
        '--db',
        this.at('centre', 'fleet.db'),
        '--host-from-folder',
        '--move-done',
        this.at('done'),
      ],
      ...['--move-bad', this.at('bad'), this.at('incoming')],
    );
    return exitCode;
  }

  /** What a monitor gets, and what people are shown that is not well. */
  async monitor(
    time: number,
    where: 'mac' | 'centre',
  ): Promise<{ readonly code: number; readonly shown: string }> {
    const words = [
      ...[
        'status',
        '--db',
        where === 'mac' ? this.at('mac.db') : this.at('centre', 'fleet.db'),
        '--max-age',
        '26h',
        '--strict',
      ],
      ...(where === 'mac' ? ['--log', this.at('job.log')] : []),
    ];
    const { exitCode, stdout, stderr } = await askAt(time, ...words);
    const lines = stdout.split('\n').filter((line) => /^(?:warning|error|unknown)/.test(line));
    return { code: exitCode, shown: [...lines, stderr].join('\n').trim() };
  }
}

const liveNight = async (
  world: World,
  turn: number,
  mishap: Mishap | null,
): Promise<Omit<Night, 'number' | 'mishap'>> => {
  let job: number | null = null;
  if (mishap === 'blind') world.break(/ioreg|sw_vers/);
  if (mishap === 'nameless') world.break(/nothing/);
  if (mishap === 'reboot') await world.killed(turn);
  else job = await world.job(mishap === 'clock' ? turn + 400 * day : turn);
  world.mend();
  world.send(turn + hour, mishap === 'half file');
  const merge = [await world.merge(turn + hour), await world.merge(turn + 2 * hour)];
  const [mac, centre] = [
    await world.monitor(turn + 3 * hour, 'mac'),
    await world.monitor(turn + 3 * hour, 'centre'),
  ];
  if (mishap === 'reboot') {
    // When it is on again it takes the turn, and all is well.
    const late = await world.job(turn + 4 * hour);
    world.send(turn + 5 * hour, false);
    const after = [await world.merge(turn + 5 * hour), (await world.monitor(turn + 5 * hour, 'mac')).code];
    const there = (await world.monitor(turn + 5 * hour, 'centre')).code;
    if ([late, ...after, there].some((code) => code !== 0))
      throw new Error(`after a reboot: ${JSON.stringify([late, after, there])}`);
  }
  if (mishap === 'half file') {
    // It is sent again.
    const [bad = ''] = readdirSync(world.at('bad', host)).filter((name) => name.endsWith('.ndjson'));
    renameSync(world.at('bad', host, bad), world.at('cut.ndjson'));
    world.resend(turn + 4 * hour);
    await world.merge(turn + 4 * hour);
  }
  return {
    job,
    merge,
    mac: mac.code,
    centre: centre.code,
    shown: [mac.shown, centre.shown].join('\n').trim(),
  };
};

/** A night in which something went wrong says so, in codes and to people; a good one says nothing. */
export const isAsItShouldBe = ({ mishap, job, mac, merge, centre, shown }: Night): boolean => {
  const codes = expected[mishap ?? 'good'];
  return (
    [codes.job === job, codes.mac === mac, codes.centre === centre].every(Boolean) &&
    codes.merge.join() === merge.join() &&
    (shown === '') === (mishap === null)
  );
};

/** Lives through nights; which go wrong is said by their numbers. */
export const live = async (
  folder: string,
  count: number,
  wrong: ReadonlyMap<number, Mishap>,
): Promise<readonly Night[]> => {
  const world = new World(folder);
  // A minute after the turn of this Mac begins.
  const first = Math.floor(1_790_000_000 / day) * day + splayOf(host, day) + 60;
  const nights: Night[] = [];
  for (let number = 0; number < count; number += 1) {
    const mishap = wrong.get(number) ?? null;
    nights.push({ number, mishap, ...(await liveNight(world, first + number * day, mishap)) });
  }
  return nights;
};

if (process.argv[1] === import.meta.filename) {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-month-'));
  const wrong = new Map<number, Mishap>([
    [4, 'blind'],
    [5, 'nameless'],
    [11, 'reboot'],
    [16, 'clock'],
    [22, 'half file'],
  ]);
  let faults = 0;
  try {
    for (const night of await live(folder, 30, wrong)) {
      const { number, mishap, job, mac, merge, centre, shown } = night;
      const isRight = isAsItShouldBe(night);
      faults += isRight ? 0 : 1;
      process.stdout.write(
        `${isRight ? 'ok' : 'WRONG'} night ${number} ${mishap ?? 'good'}: job ${job ?? 'killed'}, mac ${mac}, merge ${merge.join(' ')}, centre ${centre}
${
  shown === ''
    ? ''
    : `${shown}
`
}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = faults === 0 ? 0 : 1;
}
