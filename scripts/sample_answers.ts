/**
 * What the sample hosts answer to commands of which scripts/samples.ts says nothing: what the first normal fixture
 * that has one says. So a new source needs no line there, unless the hosts are to answer differently.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from '../collector/backends/backend.ts';
import { decodeUtf8, sanitizeOutput } from '../collector/sanitize.ts';
import { commandNames, commands } from '../collector/sources.ts';
import type { Command, CommandName } from '../collector/sources.ts';
import { fixtureBackend } from '../test/fixtures/backend.ts';
import type { Fixture } from '../test/fixtures/backend.ts';

export interface SampleAnswer {
  readonly argv: readonly string[];
  /** Whether anybody gets it, or root alone: what the others are told is in no fixture that can be known here. */
  readonly isForAll: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
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

const outputOf = async (name: CommandName, all: readonly Fixture[]): Promise<Output | null> => {
  const fixture = all.find(({ commands: known = [] }) => known.some(({ command }) => command === name));
  if (fixture === undefined) return null;
  const output = await fixtureBackend(fixture, '').backend.run(name, (commands[name] as Command).argv);
  return output === null ? null : sanitizeOutput(name, output, new Set());
};

/** For the commands that none of these is; without those that take a parameter, or may ask a server. */
export const answersBeside = async (known: ReadonlySet<string>): Promise<readonly SampleAnswer[]> => {
  const all = normalFixtures();
  const answers: SampleAnswer[] = [];
  for (const name of commandNames) {
    const { argv, parameter, network, privilege }: Command = commands[name];
    if (network || parameter !== undefined || known.has(argv.join(' '))) continue;
    const output = await outputOf(name, all);
    if (output === null || output.exitCode === null) continue;
    const stdout = decodeUtf8(output.stdout) ?? '';
    const stderr = decodeUtf8(output.stderr) ?? '';
    answers.push({ argv, isForAll: privilege === 'user', stdout, stderr, exitCode: output.exitCode });
  }
  return answers;
};
