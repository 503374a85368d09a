/**
 * doctor --verify: asks what docs/verify-on-a-mac.md wants to know, as far as sources of the list answer it, and says of each answer
 * whether its parser knows the form. The rest is left to be run by hand.
 */
import type { Backend } from '../../collector/backends/backend.ts';
import type { OwnMac } from '../../collector/backends/own.ts';
import { mustBeFree, recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { CollectError, NotAsked } from '../../collector/errors.ts';
import type { LaunchdService } from '../../collector/parsers/launchctl_print_job.ts';
import { SourceReader } from '../../collector/source_reader.ts';
import { asksSysadminctl } from '../../collector/version.ts';
import { toolName } from '../version.ts';
import type { Ask, Claim } from './claim.ts';
import { claims } from './claims.ts';
import { serviceOf } from './job.ts';
import type { Line, Verdict } from './report.ts';

/** What came of one question, or of all those of a line. */
type Outcome = 'parsed' | 'parsed in part' | 'not run' | 'failed' | 'unknown form';

interface Told {
  readonly outcome: Outcome;
  readonly why: string;
}

interface Verified extends Told {
  readonly claim: Claim;
}

const statuses: Readonly<Record<Outcome, Verdict>> = {
  parsed: 'ok',
  'parsed in part': 'warning',
  'not run': 'unknown',
  failed: 'warning',
  'unknown form': 'error',
};
/** The worst comes last. */
const outcomes = Object.keys(statuses) as readonly Outcome[];

const outcomeOfError = (error: unknown, isUser: boolean): Told => {
  if (error instanceof NotAsked) return { outcome: 'not run', why: error.message };
  if (!(error instanceof CollectError)) throw error;
  const { code, message } = error;
  // To be refused is an answer too, where a user asks what root is told.
  if (code === 'permission_denied' && isUser) return { outcome: 'parsed', why: message };
  const isForm = code === 'parse_failed' || code === 'contradicted' || code === 'row_invalid';
  return { outcome: isForm ? 'unknown form' : 'failed', why: message };
};

/** Asks of one host; each question is put once, however many lines have it. */
class Asker {
  readonly #reader: SourceReader;
  readonly #mac: OwnMac;
  readonly #isUser: boolean;
  readonly #services = new Map<string, Promise<LaunchdService>>();

  constructor(reader: SourceReader, mac: OwnMac, isUser: boolean) {
    this.#reader = reader;
    this.#mac = mac;
    this.#isUser = isUser;
  }

  async ask(ask: Ask): Promise<Told> {
    try {
      return await this.#answer(ask);
    } catch (error) {
      return outcomeOfError(error, this.#isUser);
    }
  }

  /** Below macOS 10.14 sysadminctl may ask for an administrator: it is left alone, as it is in collecting. */
  async #checkSysadminctl(): Promise<void> {
    if (asksSysadminctl(await this.#reader.said('sw_vers')) === true) return;
    throw new NotAsked('sysadminctl is run only where macOS is known to be 10.14 or later');
  }

  async #answer(ask: Ask): Promise<Told> {
    switch (ask.kind) {
      case 'command': {
        if (ask.source === 'sysadminctl_secure_token_status') await this.#checkSysadminctl();
        await this.#reader.read(ask.source, ask.parameters);
        const [problem, ...more] = this.#reader.problemsOf(ask.source, ask.parameters);
        if (problem === undefined) return { outcome: 'parsed', why: '' };
        const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
        return { outcome: 'parsed in part', why: `${problem.message}${others}` };
      }
      case 'file': {
        const found = await this.#reader.readFile(ask.source, ask.path);
        const [problem] = this.#reader.problemsOfFile(ask.path);
        if (problem !== undefined) return { outcome: 'parsed in part', why: problem.message };
        return { outcome: 'parsed', why: found === null ? 'there is no such file' : '' };
      }
      case 'stat': {
        const { kind } = await this.#reader.stat(ask.path);
        return { outcome: 'parsed', why: kind === 'missing' ? 'nothing is there' : '' };
      }
      case 'service': {
        const service = this.#services.get(ask.label) ?? serviceOf(this.#mac, ask.label);
        this.#services.set(ask.label, service);
        const { isLoaded } = await service;
        return { outcome: 'parsed', why: isLoaded ? '' : 'there is no such service' };
      }
    }
  }
}

const notFor: Readonly<Record<'root' | 'user', string>> = {
  root: 'only root is told: run it with sudo',
  user: 'it is about what a user is told: run it without sudo',
};

const verifyClaim = async (claim: Claim, asker: Asker, isRoot: boolean): Promise<Verified> => {
  const { who } = claim;
  if (who !== 'anybody' && (who === 'root') !== isRoot)
    return { claim, outcome: 'not run', why: notFor[who] };
  const told: Told[] = [];
  for (const ask of claim.asks) told.push(await asker.ask(ask));
  const outcome = outcomes.findLast((known) => told.some((each) => each.outcome === known)) ?? 'not run';
  const whys = told.filter((each) => each.outcome === outcome).map(({ why }) => why);
  return { claim, outcome, why: [...new Set(whys)].filter((why) => why !== '').join('; ') };
};

const lineOf = ({ claim, outcome, why }: Verified, index: number): Line => ({
  check: `verify ${index + 1}`,
  status: statuses[outcome],
  says: `${outcome}${why === '' ? '' : ` (${why})`}: ${claim.command}`,
  todo: outcome === 'unknown form' ? 'send the bundle in (--output): its parser does not know this form' : '',
});

export interface Verification {
  readonly lines: readonly Line[];
  /** What is left, in the order of the page. */
  readonly byHand: readonly Claim[];
  /** Null where none was asked for. */
  readonly bundle: { readonly path: string; readonly files: number; readonly bytes: number } | null;
}

/**
 * Asks all that can be asked.
 *
 * @param output Where the bundle goes; null for none. Throws UserError where it cannot be written.
 */
export const verify = async (
  live: Backend,
  mac: OwnMac,
  { output, allowNetwork }: { readonly output: string | null; readonly allowNetwork: boolean },
): Promise<Verification> => {
  // Before a minute of questions.
  if (output !== null) await mustBeFree(output);
  const { backend, recording } = recordingBackend(live, new Set());
  const reader = new SourceReader(backend, { allowNetwork });
  const isRoot = live.euid === 0;
  const asker = new Asker(reader, mac, !isRoot);
  // Which macOS answered.
  await asker.ask({ kind: 'command', source: 'sw_vers', parameters: [] });
  const verified: Verified[] = [];
  for (const claim of claims)
    if (claim.asks.length > 0) verified.push(await verifyClaim(claim, asker, isRoot));
  const results = verified.map(({ claim: { claim, command }, outcome, why }) => ({
    claim,
    command,
    outcome,
    why,
  }));
  const byHand = claims.filter(({ isByHand }) => isByHand);
  const bundle =
    output === null
      ? null
      : {
          path: output,
          ...(await writeBundle(
            output,
            recording,
            { capturedTime: live.capturedTime, euid: live.euid, hostId: null, tool: toolName },
            new Map([['verify.json', `${JSON.stringify({ version: 1, results }, null, 1)}\n`]]),
          )),
        };
  return { lines: verified.map(lineOf), byHand, bundle };
};
