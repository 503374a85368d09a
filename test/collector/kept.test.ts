/** What is kept of an answer is what its parser reads of it: no less, so that it says the same, and no more. */
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import { decodeText } from '../../collector/parsers/decode.ts';
import { fileParserOf, parserOf, sanitizerOf, stderrSanitizerOf } from '../../collector/parsing.ts';
import { sanitizeFile, sanitizeOutput } from '../../collector/sanitize.ts';
import { commandNames, fileNames } from '../../collector/sources.ts';
import type { CommandName } from '../../collector/sources.ts';
import type { Note } from '../../collector/answer.ts';
import { fuzzRuns, fuzzText } from '../parsers/fuzz.ts';
import { contentsOf, plantedAnswers, plantedTexts, recordedOf } from './answers.ts';
import type { Recorded } from './answers.ts';

const plain = (_: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set
    ? [...value]
    : value instanceof Uint8Array
      ? Buffer.from(value).toString('latin1')
      : typeof value === 'symbol'
        ? 'unread'
        : value;

interface Reading {
  /** What a parser answers; empty where it answers nothing. */
  readonly value: string;
  /** All that it says beside: why there is no answer, and what is odd of it. */
  readonly said: string;
  readonly code: string | null;
}

/** Why a dictionary is not pairs, or a property list none, is not written down with what is kept of it. */
const withoutWhy = (said: string): string =>
  said
    .replace(
      /a value without a key|text between its elements|an element that is not known|attributes that are not known|a key that cannot be read|a key without a value|a key in an array|elements in a text|it is there twice, with different values|what stands as <[a-z]+> is none/g,
      'odd',
    )
    .replace(/not a property list: [^"()]*/g, 'not a property list');

const readingOf = (parse: (note: Note) => unknown): Reading => {
  const notes: unknown[] = [];
  try {
    const value = parse(({ code, message, twice }, costs) => notes.push([code, message, costs, twice]));
    return { value: JSON.stringify(value, plain) ?? '', said: withoutWhy(JSON.stringify(notes)), code: null };
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    const { code, message, hint, twice } = error;
    return { value: '', said: withoutWhy(JSON.stringify([code, message, hint, twice])), code };
  }
};

const wholly = /^tokenquery: \d+ bytes that are not .* were withheld\n$/;

const toolsOf = async (source: CommandName) => {
  const [parse, sanitize, sanitizeStderr] = [
    await parserOf(source),
    await sanitizerOf(source),
    await stderrSanitizerOf(source),
  ];
  const kept = ({ stdout, stderr, exitCode }: Recorded): Recorded => ({
    stdout: sanitize(stdout, new Set(['serial_number', 'identities'])),
    stderr: sanitizeStderr(stderr),
    exitCode,
  });
  const reading = (answer: Recorded): Reading => readingOf((note) => parse({ ...answer, euid: 0 }, note));
  return { kept, reading };
};

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** Of these a note names the account of an entry that has no more than a name. */
const toldByName: ReadonlySet<string> = new Set(['mdmclient_query_device_information']);

for (const source of commandNames) {
  test(`${source}: what is kept of an answer says the same as all of it, and is kept whole`, async (t) => {
    const { kept, reading } = await toolsOf(source);
    const answers = recordedOf(source);
    t.true(answers.length > 0);
    const isSame = (answer: Recorded): void => {
      const reduced = kept(answer);
      const [whole, part] = [reading(answer), reading(reduced)];
      const asserted = wholly.test(reduced.stdout) ? [whole.code, part.code] : [whole, part];
      t.deepEqual(asserted[1], asserted[0], JSON.stringify(answer));
      t.deepEqual(kept(reduced), reduced, JSON.stringify(answer));
    };
    for (const answer of answers) isSame(answer);
    const runs = Math.ceil(fuzzRuns / 100);
    const of = (stream: 'stdout' | 'stderr'): string[] => answers.map((answer) => answer[stream]);
    const [first = { stdout: '', stderr: '', exitCode: 0 }] = answers;
    fuzzText(of('stdout').filter(Boolean), (stdout) => isSame({ ...first, stdout }), runs);
    fuzzText(of('stderr').filter(Boolean), (stderr) => isSame({ ...first, stderr }), runs);
    fuzzText(of('stderr').filter(Boolean), (stderr) => isSame({ stdout: '', stderr, exitCode: 1 }), runs);
  });

  test(`${source}: of what its parser does not read nothing is kept or said`, async (t) => {
    const { kept, reading } = await toolsOf(source);
    let planted = 0;
    let [hidden, read] = [0, 0];
    const next = (): string => `CANARY${(planted += 1)}!`;
    const answers = recordedOf(source).toSorted((a, b) => a.stdout.length - b.stdout.length);
    // The longest, the shortest, and some between.
    const few = answers.filter(
      (_, index) => index % Math.ceil(answers.length / 3) === 0 || index === answers.length - 1,
    );
    for (const answer of few.filter(({ stdout }) => stdout.length < 12_000)) {
      for (const variant of plantedAnswers(answer, next)) {
        const { value, said } = reading(variant);
        const reduced = kept(variant);
        const places = [reduced.stdout, reduced.stderr, said, reading(reduced).said].join('\n');
        for (const canary of new Set(JSON.stringify(variant).match(/CANARY\d+!/g))) {
          const isRead =
            value.includes(canary) || (toldByName.has(source) && said.includes(`of ${canary} in`));
          if (isRead) read += 1;
          else if (places.includes(canary))
            t.fail(`${canary} of ${JSON.stringify(variant)}\nis in ${places}`);
          else hidden += 1;
        }
        const hiddenBytes = [...variant.stdout.matchAll(/<data>([A-Za-z0-9+/=]+)<\/data>/g)]
          .map(([, base64 = '']) => base64)
          .filter((base64) => Buffer.from(base64, 'base64').toString().startsWith('CANARY'));
        for (const base64 of hiddenBytes)
          if (!value.includes(Buffer.from(base64, 'base64').toString()))
            t.false(places.includes(base64), base64);
      }
    }
    t.log(`${hidden} hidden, ${read} read`);
    t.true(hidden > 20);
  });
}

for (const source of fileNames) {
  test(`${source}: a file keeps what its parser reads, and nothing else`, async (t) => {
    const parse = await fileParserOf(source);
    let planted = 0;
    const next = (): string => `CANARY${(planted += 1)}!`;
    const contents = contentsOf(source);
    t.true(contents.length > 0);
    for (const content of contents) {
      for (const variant of [content, ...plantedTexts(content, next)]) {
        const reading = readingOf((note) => parse(bytes(variant), note));
        const kept = await sanitizeFile(source, bytes(variant));
        const text = decodeText(kept) ?? '';
        const again = readingOf((note) => parse(kept, note));
        if (wholly.test(text)) t.is(again.code, reading.code, variant);
        else t.deepEqual(again, reading, variant);
        t.deepEqual(await sanitizeFile(source, kept), kept);
        for (const canary of new Set(variant.match(/CANARY\d+!/g)))
          if (!reading.value.includes(canary)) t.false(`${text}${reading.said}`.includes(canary), variant);
      }
    }
    t.true(planted > 20);
  });
}

test('a stream that is kept whole is the same bytes, and half an answer is none', async (t) => {
  const ended = { exitCode: 0, signal: null, startedTime: null, durationMs: null, isSpawned: true };
  const whole = bytes('ProductName:\t\tmacOS\nProductVersion:\t\t26.5.2\nBuildVersion:\t\t25F84\n');
  const output = { ...ended, outcome: 'exited', stdout: whole, stderr: bytes('') } as const;
  t.is((await sanitizeOutput('sw_vers', output, new Set())).stdout, whole);
  const late = await sanitizeOutput(
    'sw_vers',
    { ...output, outcome: 'timed_out', exitCode: null },
    new Set(),
  );
  t.is(late.stdout.length, 0);
});

test('what is no XML does not become it by what is left out', async (t) => {
  for (const source of ['ds_users', 'ds_groups'] as const) {
    const { kept, reading } = await toolsOf(source);
    const [answer] = recordedOf(source).filter(({ stdout }) => /-[0-9A-F]{12}<\/string>/.test(stdout));
    if (answer === undefined) throw new Error(source);
    for (const odd of ['\0', '\u0001', '\v', '\f', '\u001f', '\ufffe', '\uffff']) {
      const stdout = answer.stdout.replace(/(-[0-9A-F]{12})(<\/string>)/, `$1${odd}$2`);
      const [whole, part] = [reading({ ...answer, stdout }), reading(kept({ ...answer, stdout }))];
      t.is(part.code, whole.code, `${source} ${JSON.stringify(odd)}`);
    }
  }
});
