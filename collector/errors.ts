/** Every way in which looking can fail. Documented in docs/errors.md; a test holds both lists equal. */
export const errorCodes = [
  'source_missing',
  'source_failed',
  'source_timed_out',
  'output_too_large',
  'permission_denied',
  'full_disk_access_required',
  'unsupported_macos',
  'parse_failed',
  'contradicted',
  'row_invalid',
  'not_recorded',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** What the reader can do, where the failure itself does not know better. */
const defaultHints: Readonly<Record<ErrorCode, string>> = {
  source_missing: 'this Mac has no such program; check the version of macOS against docs/tables',
  source_failed: 'run the command of command_log by hand and read what it prints',
  source_timed_out: 'try again when the Mac is less busy',
  output_too_large: 'run the command of command_log by hand and look at what it prints',
  permission_denied: 'run as root',
  full_disk_access_required: 'grant Full Disk Access to the program that starts tokenquery',
  unsupported_macos: 'upgrade macOS to have this fact',
  parse_failed: 'capture the evidence and send it in: an output that is not known is never guessed at',
  contradicted: 'run both commands by hand: one of them does not tell of this Mac as it is',
  row_invalid: 'this is a fault of tokenquery: capture the evidence and send it in',
  not_recorded: 'collect the evidence again with this version of tokenquery',
};

/**
 * What a problem costs whoever reads the answer: a record, or what a record is known by, so that what is absent
 * may exist; a value of a list, so that a table of such values may lack a row; or but a value, which is unknown.
 */
export type Cost = 'record' | 'entry' | 'value';

/** Two records of one key that differ in one answer. */
export interface Twice {
  readonly of: 'volume' | 'profile' | 'administrator' | 'FileVault user';
  /** What the records are known by. */
  readonly key: string;
  /** Names of what differs. */
  readonly differing: readonly string[];
}

/**
 * A source could not be read, or its answer could not be understood. Such errors become rows
 * of `table_status` and `collection_errors`; any other error is a bug in this program.
 */
export class CollectError extends Error {
  override readonly name = 'CollectError';
  readonly code: ErrorCode;
  /** What the reader can do about it; empty when there is nothing. */
  readonly hint: string;
  /** The source that failed, where there is one (sources.ts), and its parameters. */
  readonly source: string | null;
  readonly parameters: readonly string[];
  readonly costs: Cost;
  /** What the answer has twice, and not alike: the two contradict each other (M20). */
  readonly twice: Twice | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      hint?: string;
      cause?: unknown;
      source?: string;
      parameters?: readonly string[];
      costs?: Cost;
      twice?: Twice | null;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint || defaultHints[code];
    this.source = options.source ?? null;
    this.parameters = options.parameters ?? [];
    this.costs = options.costs ?? 'record';
    this.twice = options.twice ?? null;
  }

  /** The same failure, named after the source that it befell. */
  at(source: string, parameters: readonly string[] = []): CollectError {
    const { code, message, hint, costs, twice } = this;
    return new CollectError(code, message, { hint, cause: this, source, parameters, costs, twice });
  }

  /** The same failure, where it costs less than a record. */
  costing(costs: Cost): CollectError {
    const { code, message, hint, source, parameters, twice } = this;
    return new CollectError(code, message, {
      hint,
      twice,
      cause: this,
      ...(source === null ? {} : { source }),
      parameters,
      costs,
    });
  }
}

/** The output is not one that the parser knows. */
export const parseFailed = (message: string, cause?: unknown): CollectError =>
  new CollectError('parse_failed', message, { cause });

/** An answer has something twice, and not alike. */
export const saidTwice = (message: string, twice: Twice): CollectError =>
  new CollectError('parse_failed', message, { twice });

/** The caller is not allowed to read it. */
export const permissionDenied = (message: string, hint = ''): CollectError =>
  new CollectError('permission_denied', message, { hint });

/** A source was left alone on purpose, by an option or by a rule: not an error. */
export class NotAsked extends Error {
  override readonly name = 'NotAsked';
}

/** A mistake of the person who runs the program: a wrong flag, a path that is not there, SQL that is refused. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string;
  readonly exitCode: 1 | 2;

  /** @param cause What was thrown, where that was no mistake of a person. */
  constructor(message: string, hint = '', exitCode: 1 | 2 = 1, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** What is wrong with a file or folder that somebody named: the message begins with its path. */
export class FileError extends UserError {
  readonly path: string;

  /** @param what What follows the path, with the space or colon between them. */
  constructor(path: string, what: string, hint = '') {
    super(`${path}${what}`, hint);
    this.path = path;
  }
}

/** The code of what the file system or SQLite said, such as ENOENT; empty where an error has none. */
export const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};
