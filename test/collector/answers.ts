/** Every answer that is recorded in the tests, by its source; and the same with something planted in each of its nodes. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CollectError } from '../../collector/errors.ts';
import { PlistDate, PlistOdd } from '../../collector/parsers/plist_value.ts';
import type { PlistDict, PlistValue } from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { readDocument } from '../../collector/parsers/plist_xml.ts';
import { argvOf, commandNames, isReadablePath, sourceOf } from '../../collector/sources.ts';
import type { CommandName, FileName } from '../../collector/sources.ts';
import { bytesOf, fixtureBackend } from '../fixtures/backend.ts';
import type { Fixture } from '../fixtures/backend.ts';
import { cases, textOf } from '../parsers/corpus.ts';
import { root } from '../standin.ts';

export interface Recorded {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const fixtureFolder = join(root, 'test/fixtures');
const fixtures = readdirSync(fixtureFolder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('fixture.json'))
  .toSorted()
  .map((path) => JSON.parse(readFileSync(join(fixtureFolder, path), 'utf8')) as Fixture);

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const found = new Map<string, Map<string, Recorded>>();
const add = (source: string, answer: Recorded): void => {
  const known = found.get(source) ?? new Map<string, Recorded>();
  found.set(source, known.set(JSON.stringify(answer), answer));
};

for (const fixture of fixtures) {
  const { backend } = fixtureBackend(fixture, '');
  for (const { command, parameter } of fixture.commands ?? []) {
    const output = await backend.run(command, argvOf(command, parameter === undefined ? [] : [parameter]));
    if (output === null || output.exitCode === null) continue;
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
    add(command, { stdout: text(output.stdout), stderr: text(output.stderr), exitCode: output.exitCode });
  }
}
for (const { file, argv, stream, exit_code: exitCode } of cases) {
  const source = sourceOf(argv);
  const text = textOf(file);
  if (source !== null) add(source, { stdout: '', stderr: '', exitCode: exitCode ?? 0, [stream]: text });
}
for (const host of readdirSync(join(root, 'samples')).filter((name) => name.startsWith('macos'))) {
  const commands = join(root, 'samples', host, 'commands');
  for (const number of readdirSync(commands)) {
    const at = (name: string): string => join(commands, number, name);
    const source = sourceOf(read(at('argv')).replace(/\n$/, '').split('\n'));
    const exitCode = Number(read(at('exit_code')));
    if (source === null || !Number.isSafeInteger(exitCode)) continue;
    add(source, { stdout: read(at('stdout')), stderr: read(at('stderr')), exitCode });
  }
}

/** mdmclient is asked by no sample; these hold what else it prints. */
for (const source of commandNames.filter((name) => name.startsWith('mdmclient_')))
  add(source, { stdout: 'Daemon response: (null)\nAgent response: (null)\n', stderr: '', exitCode: 0 });

export const recordedOf = (source: CommandName): readonly Recorded[] => [
  ...(found.get(source)?.values() ?? []),
];

/** The contents of the files of a source, as XML. */
export const contentsOf = (source: FileName): readonly string[] => {
  const texts = new Set<string>();
  for (const fixture of fixtures) {
    for (const [path, content] of Object.entries(fixture.files ?? {})) {
      if (!isReadablePath(source, path)) continue;
      if (typeof content === 'object' && 'plist' in content)
        texts.add(writeXmlPlist(plistOf(JSON.parse(JSON.stringify(content.plist)))));
      else texts.add(Buffer.from(bytesOf(content)).toString());
    }
  }
  return [...texts];
};

const plistOf = (value: unknown): PlistValue => {
  if (Array.isArray(value)) return value.map(plistOf);
  if (typeof value !== 'object' || value === null) return value as PlistValue;
  const dict = value as Readonly<Record<string, unknown>>;
  if (typeof dict['$date'] === 'string') return new PlistDate(Date.parse(dict['$date']) / 1000);
  if (typeof dict['$data'] === 'string') return new Uint8Array(Buffer.from(dict['$data'], 'base64'));
  return new Map(Object.entries(dict).map(([key, each]) => [key, plistOf(each)]));
};

/** Makes each canary another one: no word of an open column, so that it may be shown only where it is the value that was asked for. */
export type NextCanary = () => string;

const isDict = (value: PlistValue): value is PlistDict => value instanceof Map;

/** A value with a canary in one of its nodes, once for each node and each way to put it there. */
function* plantedValues(value: PlistValue, next: NextCanary): Generator<PlistValue> {
  const bytes = (): Uint8Array => new Uint8Array(Buffer.from(next()));
  const others = (): PlistValue[] => [
    next(),
    bytes(),
    [next()],
    new Map([['CanaryKey', next()]]),
    [[next()], new Map([['x', next()]])],
  ];
  if (isDict(value)) {
    for (const other of others()) yield new Map([...value, ['CanaryKey', other]]);
    yield new Map([...value, [next(), true]]);
    for (const [key, each] of value) {
      for (const other of others()) yield new Map(value).set(key, other);
      for (const planted of plantedValues(each, next)) yield new Map(value).set(key, planted);
    }
  } else if (Array.isArray(value)) {
    for (const other of others()) yield [...(value as readonly PlistValue[]), other];
    // What holds for one element holds for its like.
    for (const [at, each] of (value as readonly PlistValue[]).slice(0, 3).entries())
      for (const planted of plantedValues(each, next))
        yield (value as readonly PlistValue[]).with(at, planted);
  } else if (typeof value === 'string') {
    yield `${value}${next()}`;
    if (value.includes('<plist')) for (const planted of plantedTexts(value, next)) yield planted;
  }
}

const entryLine = /^(\s*)("[^"]*"|\w+)(\s*=\s*)(.*?);?$/;

/** A text with a canary in, before or after one of its lines. */
function* plantedLines(text: string, next: NextCanary): Generator<string> {
  const lines = text.replace(/\n$/, '').split('\n');
  const end = text.endsWith('\n') ? '\n' : '';
  const of = (all: readonly string[]): string => all.join('\n') + end;
  for (const [at, line] of lines.entries()) {
    yield of(lines.toSpliced(at, 0, next()));
    yield of(lines.toSpliced(at, 0, `2026-01-02 03:04:05.678 tool[1:2] ${next()}`));
    yield of(lines.toSpliced(at, 0, `Canary: ${next()}`));
    yield of(lines.with(at, `${line} ${next()}`));
    yield of(lines.with(at, `${line} (${next()})`));
    yield of(lines.with(at, `${next()} ${line}`));
    yield of(lines.with(at, line.replace(/[^\s:;,]+(?=[;,]?$)/, next)));
    yield of(lines.with(at, line.replace(/\S+/, next)));
    if (!entryLine.test(line)) continue;
    yield of(lines.toSpliced(at, 0, `        CanaryKey = "${next()}";`));
    for (const other of ['"$"', '( "$" )', '{ x = "$"; }'])
      yield of(
        lines.with(
          at,
          line.replace(entryLine, (_, a, b, c) => `${a}${b}${c}${other.replace('$', next())};`),
        ),
      );
  }
  yield `${text}${next()}`;
}

/** A property list with a canary in a node of it; any other text with one in a line. */
export function* plantedTexts(text: string, next: NextCanary): Generator<string> {
  let document: PlistValue | null = null;
  try {
    if (text.includes('<plist')) document = readDocument(text).value;
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
  }
  if (document === null || document instanceof PlistOdd) {
    yield* plantedLines(text, next);
    return;
  }
  for (const planted of plantedValues(document, next)) yield writeXmlPlist(planted);
  yield `${next()}\n${text}`;
  yield `${text}${next()}\n`;
  yield text.replace('<plist version="1.0">', `<!-- ${next()} -->\n<plist version="1.0">`);
  yield text.replace('<true/>', `<true>${next()}</true>`).replace('</dict>', `${next()}</dict>`);
}

/** The same of either stream of an answer. */
export function* plantedAnswers(answer: Recorded, next: NextCanary): Generator<Recorded> {
  for (const stdout of plantedTexts(answer.stdout, next)) yield { ...answer, stdout };
  for (const stderr of plantedLines(answer.stderr, next)) yield { ...answer, stderr };
  for (const stderr of plantedLines(answer.stderr, next))
    yield { stdout: '', stderr, exitCode: answer.exitCode === 0 ? 1 : answer.exitCode };
}
