/** Where something was found: a line for each finding, and for a fleet a line for each subject, so that it fits a page. */
import type { Value } from '../collector/table.ts';
import { plural, someOf } from '../collector/plural.ts';
import type { Finding } from '../queries/findings.ts';
import { isoSeconds } from './time.ts';

type Label = (hostId: string) => string;

/** On more hosts than this, what is found is told by subject, and a host by its name alone. */
export const hostsApart = 5;
const rowsShown = 20;
const subjectsShown = 3;

const factText = (name: string, value: Value): string => {
  if (value === null) return 'unknown';
  // 0 stands for "never" where macOS counts failed logins.
  const isTime = /_(?:time|timestamp)$/.test(name) && typeof value !== 'string' && value > 0;
  return isTime ? isoSeconds(Math.floor(value)) : String(value);
};

const factsText = (details: Finding['details']): string =>
  details
    .map((facts) =>
      Object.entries(facts)
        .map(([name, value]) => `${name} ${factText(name, value)}`)
        .join(', '),
    )
    .join('; ');

const hostsOf = (findings: readonly Finding[]): readonly string[] => [
  ...new Set(findings.map(({ hostId }) => hostId).filter((id) => id !== null)),
];

const lineOf = ({ hostId, subject, details, blindSpots }: Finding, labelOf: Label): string => {
  const more = blindSpots.length === 0 ? '' : ' (and not all could be looked at)';
  const facts = factsText(details);
  const host = hostId === null ? 'fleet' : labelOf(hostId);
  return `${host}  ${subject ?? '-'}${more}${facts === '' ? '' : `: ${facts}`}`;
};

/** The facts that are the same on every host. */
const sameFacts = (findings: readonly Finding[]): string => {
  const [first, ...others] = findings;
  if (first === undefined || findings.some(({ details }) => details.length !== 1)) return '';
  const same = Object.entries(first.details[0] ?? {}).filter(([name, value]) =>
    others.every(({ details }) => details[0]?.[name] === value),
  );
  return factsText([Object.fromEntries(same)]);
};

interface Group {
  readonly subject: string | null;
  readonly findings: readonly Finding[];
  readonly hosts: readonly string[];
}

const groupText = ({ subject, findings, hosts }: Group, nameOf: Label, hasFacts: boolean): string => {
  const blind = hostsOf(findings.filter(({ blindSpots }) => blindSpots.length > 0)).length;
  const facts = hasFacts ? sameFacts(findings) : '';
  return [
    `${subject ?? '-'} on ${plural(hosts.length, 'host')}: ${someOf(hosts.map(nameOf))}`,
    ...(facts === '' ? [] : [`the same on each: ${facts}`]),
    ...(blind === 0 ? [] : [`on ${blind} of them not all could be looked at`]),
  ].join('; ');
};

interface Places {
  readonly lines: readonly string[];
  /** What is not told, and how to see it; null where all is told. */
  readonly rest: string | null;
}

const bySubject = (findings: readonly Finding[], nameOf: Label, hint: string): Places => {
  const groups = [...Map.groupBy(findings, ({ subject }) => subject)]
    .map(([subject, own]): Group => ({ subject, findings: own, hosts: hostsOf(own) }))
    .toSorted((a, b) => b.hosts.length - a.hosts.length || ((a.subject ?? '') < (b.subject ?? '') ? -1 : 1));
  // With several subjects, what they are found on is what a page has room for.
  const hasFacts = groups.length === 1;
  const more = groups.length - subjectsShown;
  return {
    lines: groups.slice(0, subjectsShown).map((group) => groupText(group, nameOf, hasFacts)),
    rest: more > 0 ? `and ${plural(more, 'subject')} more: ${hint}` : null,
  };
};

/** Whether something was found on so many hosts that it is told by subject. */
export const isBySubject = (findings: readonly Finding[]): boolean => hostsOf(findings).length > hostsApart;

/** How hosts are called. */
export interface Labels {
  readonly labelOf: Label;
  /** Shorter, where it is clear. */
  readonly nameOf: Label;
}

/** Where an answer was found. */
export const placesOf = (findings: readonly Finding[], name: string, { labelOf, nameOf }: Labels): Places => {
  const hint = `tokenquery query -n ${name}, or --json`;
  if (isBySubject(findings)) return bySubject(findings, nameOf, hint);
  const more = findings.length - rowsShown;
  return {
    lines: findings.slice(0, rowsShown).map((finding) => lineOf(finding, labelOf)),
    rest: more > 0 ? `and ${more} more: ${hint}` : null,
  };
};
