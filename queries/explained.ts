/** One cause, one finding: what another finding explains is told with it. The headers say which explains which. */
import { UserError } from '../collector/errors.ts';
import type { Finding } from './findings.ts';
import { severityRank } from './query.ts';
import type { Explanation, Query } from './query.ts';

const names = ({ explainedBy }: Query): readonly string[] => explainedBy.map(({ query }) => query);

/** Throws where a cause is no query of these, or a query in the end explains itself. */
export const checkExplanations = (queries: readonly Query[]): void => {
  const byName = new Map(queries.map((query) => [query.name, query]));
  for (const query of queries) {
    const unknown = names(query).find((name) => !byName.has(name));
    if (unknown !== undefined)
      throw new UserError(
        `${query.file}: explained-by names a query that is not there: ${unknown}`,
        'it names others of the same library or folder',
      );
    const reached = new Set<string>();
    const open = [...names(query)];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      open.push(...names(byName.get(name) as Query));
    }
    if (reached.has(query.name))
      throw new UserError(
        `${query.file}: explained-by goes round in a circle: ${query.name} explains itself`,
      );
  }
};

const holds = ({ where }: Explanation, { details }: Finding): boolean =>
  where === null || details.every((facts) => where.values.includes(String(facts[where.column])));

/** What explains a finding: one that is graver, or as grave, so that nothing hides behind what matters less. */
const causeOf = (finding: Finding, found: ReadonlyMap<string, readonly Finding[]>): Finding | null => {
  const isCause = (explanation: Explanation, other: Finding): boolean =>
    severityRank(other.severity) <= severityRank(finding.severity) &&
    (!explanation.isOfSubject || other.subject === finding.subject);
  for (const explanation of finding.query.explainedBy) {
    if (!holds(explanation, finding)) continue;
    const cause = found
      .get(keyOf(finding.hostId, explanation.query))
      ?.find((other) => isCause(explanation, other));
    if (cause !== undefined) return cause;
  }
  return null;
};

const keyOf = (hostId: string | null, query: string): string => JSON.stringify([hostId, query]);

/** By finding, the one that explains it on the same host. */
export const explain = (findings: readonly Finding[]): ReadonlyMap<Finding, Finding> => {
  const causes = new Set(findings.flatMap(({ query }) => names(query)));
  const found = Map.groupBy(
    findings.filter(({ query }) => causes.has(query.name)),
    ({ hostId, query }) => keyOf(hostId, query.name),
  );
  return new Map(
    findings.flatMap((finding): [Finding, Finding][] => {
      const cause = finding.hostId === null ? null : causeOf(finding, found);
      return cause === null ? [] : [[finding, cause]];
    }),
  );
};

/** The cause at the end: what explains a cause explains what that one explains. */
export const rootOf = (finding: Finding, explained: ReadonlyMap<Finding, Finding>): Finding => {
  let root = finding;
  for (let cause = explained.get(root); cause !== undefined; cause = explained.get(root)) root = cause;
  return root;
};
