/** What reads the answer of a source: found by the name of the source, and loaded only when it is needed. */
import type { Parse, ParseFile } from './answer.ts';
import {
  commandParsers,
  commandSanitizers,
  commandStderrSanitizers,
  fileParsers,
  fileSanitizers,
} from './parsers/index.ts';
import { keepLines } from './parsers/kept_lines.ts';
import type { CommandName, FileName } from './sources.ts';

/** A sanitizer keeps what may be kept, before anything is hashed, recorded or parsed. */
export type SanitizeText = (stdout: string, include: ReadonlySet<string>) => string;
export type SanitizeBytes = (content: Uint8Array) => Uint8Array;

type Lazy<T> = () => Promise<T>;

// A source without a parser or without a sanitizer does not compile here.
const parsers: Readonly<Record<CommandName, Lazy<Parse<unknown>>>> = commandParsers;
const sanitizers: Readonly<Record<CommandName, Lazy<SanitizeText>>> = commandSanitizers;
const stderrSanitizers: Readonly<Partial<Record<CommandName, Lazy<(stderr: string) => string>>>> =
  commandStderrSanitizers;
const parsersOfFiles: Readonly<Record<FileName, Lazy<ParseFile<unknown>>>> = fileParsers;
const sanitizersOfFiles: Readonly<Record<FileName, Lazy<SanitizeBytes>>> = fileSanitizers;

type Loaded<F> = F extends () => Promise<infer T> ? T : never;

/** What the parser of a source answers. */
export type Parsed<S extends CommandName> = ReturnType<Loaded<(typeof commandParsers)[S]>>;
export type ParsedFile<S extends FileName> = ReturnType<Loaded<(typeof fileParsers)[S]>>;

export const parserOf = (source: CommandName): Promise<Parse<unknown>> => parsers[source]();
export const fileParserOf = (source: FileName): Promise<ParseFile<unknown>> => parsersOfFiles[source]();
export const fileSanitizerOf = (source: FileName): Promise<SanitizeBytes> => sanitizersOfFiles[source]();

export const sanitizerOf = (source: CommandName): Promise<SanitizeText> => sanitizers[source]();

/** For stderr; where a source has none of its own, sentences that are known. */
export const stderrSanitizerOf = async (source: CommandName): Promise<(stderr: string) => string> =>
  (await stderrSanitizers[source]?.()) ?? keepLines;
