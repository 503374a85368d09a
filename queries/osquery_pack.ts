/** Query packs of osquery, read as osquery reads them. */
import { UserError } from '../collector/errors.ts';
import { readText } from './custom.ts';
import { parseJson } from './json_places.ts';

export interface PackQuery {
  /** As osquery names it in its results: pack_<pack>_<query>. */
  readonly name: string;
  readonly sql: string;
  readonly description: string;
}

export interface Pack {
  readonly name: string;
  /** All of them must answer a row, else osquery leaves the pack alone. */
  readonly discovery: readonly string[];
  readonly queries: readonly PackQuery[];
}

export interface ReadPacks {
  readonly packs: readonly Pack[];
  /** What is left out, and why. */
  readonly skipped: readonly string[];
}

/** osquery reads no configuration beyond this size. */
const mostBytes = 4 * 1024 * 1024;

/** What osquery strips before it parses: whole lines of comment, and a backslash at the end of a line joins it. */
export const stripComments = (text: string): string =>
  text
    .replaceAll('\\\n', '')
    .split('\n')
    .map((line) => line.trim())
    // The line stays, empty, so that an error still names the right one.
    .map((line) => (line.startsWith('#') || line.startsWith('//') ? '' : line))
    .join('\n');

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Substrings, as osquery compares them: "darwin,linux" names two.
const platforms = ['darwin', 'posix', 'all', 'any'];
const isForMac = (platform: unknown): boolean =>
  typeof platform !== 'string' ||
  platform === '' ||
  platform === 'null' ||
  platforms.some((known) => platform.includes(known));

const packOf = (name: string, value: Json, skipped: string[]): Pack | null => {
  if (!isForMac(value['platform'])) {
    skipped.push(`pack ${name}: it is for ${String(value['platform'])}`);
    return null;
  }
  const queries: PackQuery[] = [];
  const given = value['queries'];
  for (const [key, query] of Object.entries(isObject(given) ? given : {})) {
    const full = name === '' ? key : `pack_${name}_${key}`;
    if (!isObject(query) || typeof query['query'] !== 'string' || query['query'].trim() === '') {
      skipped.push(`${full}: it has no query`);
    } else if (isForMac(query['platform'])) {
      const description = typeof query['description'] === 'string' ? query['description'] : '';
      queries.push({ name: full, sql: query['query'].trim().replace(/;\s*$/, ''), description });
    } else skipped.push(`${full}: it is for ${String(query['platform'])}`);
  }
  const discovery = Array.isArray(value['discovery'])
    ? value['discovery'].filter((sql): sql is string => typeof sql === 'string')
    : [];
  return { name, discovery, queries };
};

/**
 * Reads a pack, or a configuration of osquery with packs and a schedule.
 *
 * @throws UserError when the file cannot be read or is none.
 */
export const readPacks = (path: string): ReadPacks => {
  const text = readText(path, '--pack', '--pack takes a query pack of osquery');
  if (Buffer.byteLength(text) > mostBytes)
    throw new UserError(`${path} is larger than the 4 MiB that osquery reads`);
  const document = parseJson(
    stripComments(text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')),
    path,
    'osquery takes comments on lines of their own only, and no comma after the last entry',
  );
  if (!isObject(document))
    throw new UserError(`${path} holds no object`, 'a pack is {"queries": {"name": {"query": "SELECT …"}}}');
  const skipped: string[] = [];
  const packs: (Pack | null)[] = [];
  const stem =
    path
      .split(/[/\\]/)
      .at(-1)
      ?.replace(/\.[a-z]+$/i, '') ?? 'pack';
  if (isObject(document['queries'])) packs.push(packOf(stem, document, skipped));
  if (isObject(document['schedule'])) packs.push(packOf('', { queries: document['schedule'] }, skipped));
  for (const [name, value] of Object.entries(isObject(document['packs']) ? document['packs'] : {})) {
    if (isObject(value)) packs.push(packOf(name, value, skipped));
    else skipped.push(`pack ${name}: it is another file, ${JSON.stringify(value)}; give it with --pack`);
  }
  if (packs.length === 0 && skipped.length === 0) {
    throw new UserError(
      `${path} has neither queries nor packs nor a schedule`,
      'a pack is {"queries": {"name": {"query": "SELECT …"}}}',
    );
  }
  return { packs: packs.filter((pack) => pack !== null), skipped };
};
