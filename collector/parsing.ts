/** What reads the answer of a source: found by the name of the source, and loaded only when it is needed. */
import type { Parse, ParseFile } from './answer.ts';
import { commandParsers, commandSanitizers, fileParsers, fileSanitizers } from './parsers/index.ts';
import type { CommandName, FileName } from './sources.ts';

/** A sanitizer keeps what may be kept, before anything is hashed, recorded or parsed. */
export type SanitizeText = (stdout: string, include: ReadonlySet<string>) => string;
export type SanitizeBytes = (content: Uint8Array) => Uint8Array;

type Lazy<T> = () => Promise<T>;

// A source without a parser does not compile here, and neither does a file without a sanitizer.
const parsers: Readonly<Record<CommandName, Lazy<Parse<unknown>>>> = commandParsers;
const sanitizers: Readonly<Partial<Record<CommandName, Lazy<SanitizeText>>>> = commandSanitizers;
const parsersOfFiles: Readonly<Record<FileName, Lazy<ParseFile<unknown>>>> = fileParsers;
const sanitizersOfFiles: Readonly<Record<FileName, Lazy<SanitizeBytes>>> = fileSanitizers;

type Loaded<F> = F extends () => Promise<infer T> ? T : never;

/** What the parser of a source answers. */
export type Parsed<S extends CommandName> = ReturnType<Loaded<(typeof commandParsers)[S]>>;
export type ParsedFile<S extends FileName> = ReturnType<Loaded<(typeof fileParsers)[S]>>;

export const parserOf = (source: CommandName): Promise<Parse<unknown>> => parsers[source]();
export const fileParserOf = (source: FileName): Promise<ParseFile<unknown>> => parsersOfFiles[source]();
export const fileSanitizerOf = (source: FileName): Promise<SanitizeBytes> => sanitizersOfFiles[source]();

/** Whether an answer of this command can hold more than may be kept. */
export const isSanitized = (source: CommandName): boolean => sanitizers[source] !== undefined;

/** Null where all that the command prints may be kept. */
export const sanitizerOf = async (source: CommandName): Promise<SanitizeText | null> =>
  (await sanitizers[source]?.()) ?? null;
