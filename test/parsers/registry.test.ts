/** Every command's parser, on its own fixtures cut and changed: it answers, or says that it does not understand. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parserOf } from '../../collector/parsing.ts';
import { argvOf, commandNames, commands } from '../../collector/sources.ts';
import type { Command, CommandName } from '../../collector/sources.ts';
import { fixtureBackend } from '../fixtures/backend.ts';
import type { Fixture } from '../fixtures/backend.ts';
import { answerOf, failsOnlyAsCollectError, fuzzRuns, fuzzText } from './fuzz.ts';

const folder = join(import.meta.dirname, '../fixtures');
const fixtures = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('fixture.json'))
  .toSorted()
  .map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Fixture);

/** What a command prints in the fixtures: a text each, of the stream that has one. */
const outputsOf = async (name: CommandName): Promise<readonly string[]> => {
  const texts = new Set<string>();
  for (const fixture of fixtures) {
    const { backend } = fixtureBackend(fixture, '');
    for (const { command, parameter } of fixture.commands ?? []) {
      if (command !== name) continue;
      const output = await backend.run(name, argvOf(name, parameter === undefined ? [] : [parameter]));
      const bytes = output?.stdout.length === 0 ? output.stderr : output?.stdout;
      if (bytes !== undefined && bytes.length > 0) texts.add(Buffer.from(bytes).toString('utf8'));
    }
  }
  return [...texts];
};

for (const name of commandNames) {
  test(`${name}: a fixture has an output, and no change of it brings the parser down`, async (t) => {
    const outputs = await outputsOf(name);
    const { network }: Command = commands[name];
    t.true(outputs.length > 0 || network, 'no fixture has an output of it');
    const parse = await parserOf(name);
    // The parsers that need more have it in tests of their own.
    fuzzText(
      outputs,
      (stdout) => failsOnlyAsCollectError(() => parse(answerOf({ stdout }))),
      Math.ceil(fuzzRuns / 20),
    );
  });
}
