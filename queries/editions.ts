/**
 * The editions of questions: what a version of one stands for. `docs/questions.json` has all of them; that of the last
 * release, test/contract/questions.json, says which must have moved since.
 */
import { hash } from 'node:crypto';
import { requirementText, severityRuleText } from './query.ts';
import type { Query } from './query.ts';

/** What decides what a question finds, what it must know for it, and how grave that is; not what it says of itself. */
type Deciding = Pick<
  Query,
  | 'sql'
  | 'requires'
  | 'applies'
  | 'severity'
  | 'severityWhere'
  | 'severityFrom'
  | 'needsHistory'
  | 'isOfFleet'
  | 'leastHosts'
  | 'maxAge'
>;

/** One question as a release has it. */
export interface Edition {
  readonly name: string;
  readonly version: number;
  readonly modified: string;
  readonly status: string;
  /** SHA-256 of what decides its answer. */
  readonly digest: string;
}

/** The same for the same answers; the SQL goes in as it stands, with all that several questions share. */
export const digestOf = (query: Deciding): string =>
  hash(
    'sha256',
    JSON.stringify([
      query.sql,
      query.requires.map(requirementText),
      query.applies,
      query.severity,
      query.severityWhere.map(severityRuleText),
      query.severityFrom,
      query.needsHistory,
      query.isOfFleet,
      query.leastHosts,
      query.maxAge,
    ]),
  );

export const editionOf = (query: Query): Edition => ({
  name: query.name,
  version: query.version ?? 0,
  modified: query.modified ?? '',
  status: query.status ?? '',
  digest: digestOf(query),
});

const faultsOf = (was: Edition | undefined, is: Edition): readonly string[] => {
  const { name, version, modified, digest } = is;
  if (was === undefined) return version === 1 ? [] : [`${name} is new, and its version is ${version}, not 1`];
  if (digest !== was.digest) {
    const next = was.version + 1;
    return [
      ...(version === next
        ? []
        : [`${name} answers otherwise than in the last release: its version is ${version}, not ${next}`]),
      ...(modified >= was.modified
        ? []
        : [`${name} was modified ${modified}, before the last release has it`]),
    ];
  }
  return version === was.version && modified === was.modified
    ? []
    : [`${name} answers as in the last release: its version is ${was.version}, of ${was.modified}`];
};

/** What is wrong with the versions of questions, by those of the last release. */
export const editionFaults = (released: readonly Edition[], now: readonly Edition[]): readonly string[] => {
  const before = new Map(released.map((edition) => [edition.name, edition]));
  return now.flatMap((edition) => faultsOf(before.get(edition.name), edition));
};
