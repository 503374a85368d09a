/** What is left of answers where somebody accepted some of what was found. */
import { verdictOf } from './evaluate.ts';
import type { Answer, Verdict } from './evaluate.ts';
import type { Exception, Exceptions } from './exceptions.ts';
import { findingsOfAnswer, subjectKey } from './findings.ts';
import type { Finding } from './findings.ts';

export interface Suppressed {
  readonly finding: Finding;
  readonly exception: Exception;
}

interface Rest {
  /** Without what is suppressed. */
  readonly answers: readonly Answer[];
  readonly suppressed: readonly Suppressed[];
}

interface By {
  readonly exceptions: Exceptions;
  /** All that a host is called beside its id. */
  readonly namesOf: (hostId: string) => readonly string[];
  /** Unix seconds: the moment that the answers are of. */
  readonly time: number;
}

/** Why a finding does not count; null where it does. */
const exceptionOf = (
  { query, hostId, subject }: Finding,
  { exceptions, namesOf, time }: By,
): Exception | null => {
  const names = hostId === null ? [] : namesOf(hostId);
  return exceptions.of({ query: query.name, hostId, names, subject }, time);
};

const withoutSuppressed = (answer: Answer, suppressed: readonly Suppressed[]): Answer => {
  const gone = new Set(suppressed.map(({ finding }) => subjectKey(finding)));
  const hits = answer.hits.filter((hit) => !gone.has(subjectKey(hit)));
  const left = new Set(hits.map(({ hostId }) => hostId));
  const touched = new Set(suppressed.map(({ finding }) => finding.hostId));
  const verdictNow = (host: string): Verdict => {
    // An exception takes a finding away, and never a blind spot.
    const verdict = verdictOf(left.has(host), answer.blindSpots.get(host));
    return verdict === 'clean' ? 'suppressed' : verdict;
  };
  const verdicts = [...answer.verdicts].map(
    ([host, verdict]) => [host, touched.has(host) ? verdictNow(host) : verdict] as const,
  );
  return { ...answer, hits, verdicts: new Map(verdicts) };
};

/** Takes out of answers what exceptions hold for. */
export const suppress = (answers: readonly Answer[], by: By): Rest => {
  const all: Suppressed[] = [];
  const rest = answers.map((answer) => {
    const own = findingsOfAnswer(answer).flatMap((finding) => {
      const exception = exceptionOf(finding, by);
      return exception === null ? [] : [{ finding, exception }];
    });
    for (const one of own) all.push(one);
    return own.length === 0 ? answer : withoutSuppressed(answer, own);
  });
  return { answers: rest, suppressed: all };
};
