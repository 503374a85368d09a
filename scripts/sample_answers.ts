/**
 * What the sample hosts answer to commands of which their declarations say nothing: what the first normal fixture
 * that has one says. So a new source needs no line there, unless the hosts are to answer differently.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from '../collector/backends/backend.ts';
import { decodeUtf8, sanitizeOutput } from '../collector/sanitize.ts';
import { argvOf, commandNames, commands } from '../collector/sources.ts';
import type { Command, CommandName } from '../collector/sources.ts';
import { fixtureBackend } from '../test/fixtures/backend.ts';
import type { Fixture } from '../test/fixtures/backend.ts';

export interface SampleAnswer {
  /** What the source is asked for, one after the other; null where it takes no parameter. */
  readonly placeholder: string | null;
  /** Whether anybody gets it, or root alone: what the others are told is in no fixture that can be known here. */
  readonly isForAll: boolean;
  /** The answer for one value; where the fixture names its own, this one stands in its place. */
  runFor(value: string): {
    readonly argv: readonly string[];
    readonly stdout: string;
    readonly stderr: string;
    readonly exitCode: number;
  };
}

const fixtures = join(import.meta.dirname, '../test/fixtures');
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const normalFixtures = (): readonly Fixture[] =>
  readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .map((folder) => folder.replaceAll('\\', '/'))
    .toSorted()
    .map((folder) => join(fixtures, folder))
    .filter((at) => existsSync(join(at, 'fixture.json')) && existsSync(join(at, 'status.json')))
    .filter((at) => (json(join(at, 'status.json')) as { readonly situation: string }).situation === 'normal')
    .map((at) => json(join(at, 'fixture.json')) as Fixture);

interface Found {
  readonly parameter: string | null;
  readonly output: Output;
}

const outputOf = async (name: CommandName, all: readonly Fixture[]): Promise<Found | null> => {
  for (const fixture of all) {
    const asked = fixture.commands?.find(({ command }) => command === name);
    if (asked === undefined) continue;
    const parameter = asked.parameter ?? null;
    const { backend } = fixtureBackend(fixture, '');
    const output = await backend.run(name, argvOf(name, parameter === null ? [] : [parameter]));
    if (output === null) throw new Error(`a fixture of ${name} has no answer`);
    return { parameter, output: await sanitizeOutput(name, output, new Set()) };
  }
  return null;
};

/** For the commands that none of these is; without those that may ask a server. */
export const answersBeside = async (
  known: ReadonlySet<CommandName | null>,
): Promise<readonly SampleAnswer[]> => {
  const all = normalFixtures();
  const answers: SampleAnswer[] = [];
  for (const name of commandNames) {
    const { parameter, network, privilege }: Command = commands[name];
    const found = network || known.has(name) ? null : await outputOf(name, all);
    if (found === null || found.output.exitCode === null) continue;
    const { exitCode, stdout, stderr } = found.output;
    const told = (bytes: Uint8Array, value: string): string => {
      const text = decodeUtf8(bytes) ?? '';
      return found.parameter === null ? text : text.replaceAll(found.parameter, value);
    };
    answers.push({
      placeholder: parameter?.placeholder ?? null,
      isForAll: privilege === 'user',
      runFor: (value) => ({
        argv: argvOf(name, parameter === undefined ? [] : [value]),
        stdout: told(stdout, value),
        stderr: told(stderr, value),
        exitCode,
      }),
    });
  }
  return answers;
};
