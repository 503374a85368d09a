/** Verdicts and findings that are made for one page: they stand in for those of the file on this connection alone. */
import type { Answer } from '../../queries/evaluate.ts';
import type { Exceptions } from '../../queries/exceptions.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import type { Db } from '../../store/database.ts';
import { findingIdOf } from '../../store/findings.ts';
import { notSeenView } from '../../store/self_description.ts';

interface JudgedBy {
  readonly now: number;
  readonly exceptions: Exceptions | null;
  /** What a host is called beside its id. */
  readonly namesOf: (hostId: string) => readonly string[];
}

const tablesOfPage = `
CREATE TEMP TABLE verdicts (query_name TEXT, verdict TEXT, host_id TEXT, since_time INTEGER);
CREATE TEMP TABLE findings (query_name TEXT, severity TEXT, host_id TEXT, subject TEXT, details TEXT, first_seen_time INTEGER,
  finding_id TEXT, state TEXT, last_seen_time INTEGER, exception TEXT);
CREATE TEMP VIEW blind_spots AS ${notSeenView('')};
`;
const indexesOfPage = `
CREATE INDEX temp."verdicts by host" ON verdicts (host_id, query_name);
CREATE INDEX temp."findings by host" ON findings (host_id, query_name);
`;

/** Puts answers in the place of what the file has; of what it knew, the time since when it was found stays. */
export const judgeAnew = (
  db: Db,
  answers: readonly Answer[],
  { now, exceptions, namesOf }: JudgedBy,
): void => {
  const since = new Map(
    db.prepare('SELECT finding_id, first_seen_time FROM main.findings').raw(true).all() as [string, number][],
  );
  db.exec(tablesOfPage);
  const verdict = db.prepare('INSERT INTO temp.verdicts VALUES (?, ?, ?, ?)');
  const finding = db.prepare('INSERT INTO temp.findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  for (const answer of answers) {
    const { query } = answer;
    for (const [hostId, word] of answer.verdicts) verdict.run(query.name, word, hostId, now);
    for (const { hostId, severity, subject, details } of findingsOfAnswer(answer)) {
      if (hostId === null || severity === 'info') continue;
      const names = exceptions === null ? [] : namesOf(hostId);
      const accepted = exceptions?.of({ query: query.name, hostId, names, subject }, now) ?? null;
      const id = findingIdOf(hostId, query.name, subject ?? '');
      const { owner, reason, until } = accepted ?? {};
      finding.run(
        ...[query.name, severity, hostId, subject ?? '', JSON.stringify(details), since.get(id) ?? now, id],
        ...[accepted === null ? 'ongoing' : 'suppressed', now],
        accepted === null ? null : JSON.stringify({ owner, reason, until }),
      );
    }
  }
  db.exec(indexesOfPage);
};
