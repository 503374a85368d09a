/** The library as tables: what it asks, what came of it, and what the columns of all tables mean. */
import { gradeOn } from '../../queries/evaluate.ts';
import type { Answer, Hit } from '../../queries/evaluate.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import type { Query } from '../../queries/query.ts';
import { openDatabase } from '../../store/database.ts';
import type { Db } from '../../store/database.ts';
import { collationOf, quoteName } from '../../store/ddl.ts';
import { findingIdOf } from '../../store/findings.ts';
import { answersTable, judgedFindings, columnsTable, osqueryTypeOf, questionsTable } from './relations.ts';
import type { Served } from './relations.ts';

type Cell = string | number | null;
type Row = readonly Cell[];

const createTable = ({ name, columns }: Served): string =>
  `CREATE TABLE ${quoteName(name)} (${columns
    .map((column) => `${quoteName(column.name)} ${column.type}${collationOf(column.name)}`)
    .join(', ')}) STRICT`;

const fill = (db: Db, served: Served, rows: Iterable<Row>): void => {
  db.exec(createTable(served));
  const marks = served.columns.map(() => '?').join(', ');
  const insert = db.prepare(`INSERT INTO ${quoteName(served.name)} VALUES (${marks})`);
  for (const row of rows) insert.run(...row);
};

const questionRow = (query: Query): Row => [
  ...[query.name, query.title, query.group, query.severity, query.purpose, query.remediation],
  ...[query.falsePositives, query.references, Number(query.needsHistory), Number(query.isOfFleet)],
  ...[query.version, query.modified],
];

/** What was found is shown, and what of it would fill a screen is counted. */
const mostShown = 100;

const shownHits = (hits: readonly Hit[]): string =>
  JSON.stringify(
    hits.slice(0, mostShown).map(({ subject, facts }) => (subject === null ? facts : { subject, ...facts })),
  );

/** Of a question about all Macs of a database what it found is of none of them. */
const hostsOf = ({ hits, verdicts }: Answer): readonly (readonly [string | null, string])[] => {
  const ofFleet = hits.some(({ hostId }) => hostId === null);
  return [...verdicts, ...(ofFleet ? [[null, 'hit'] as const] : [])];
};

function* answerRows(answers: readonly Answer[]): Generator<Row> {
  for (const answer of answers) {
    const { query, blindSpots } = answer;
    const byHost = Map.groupBy(answer.hits, ({ hostId }) => hostId);
    for (const [hostId, verdict] of hostsOf(answer)) {
      const hits = byHost.get(hostId) ?? [];
      const { severity, reason } = gradeOn(answer, hostId);
      const spots = hostId === null ? [] : (blindSpots.get(hostId) ?? []);
      yield [
        ...[query.name, verdict, severity, reason, query.title, hits.length],
        hits.length === 0 ? null : shownHits(hits),
        spots.length === 0 ? null : spots.map((spot) => spot.reason).join('; '),
        hostId,
      ];
    }
  }
}

function* findingRows(answers: readonly Answer[]): Generator<Row> {
  for (const answer of answers)
    for (const { query, severity, hostId, subject, details } of findingsOfAnswer(answer))
      yield [
        ...[query.name, severity, hostId, subject ?? '', JSON.stringify(details)],
        hostId === null ? null : findingIdOf(hostId, query.name, subject ?? ''),
      ];
}

function* columnRows(relations: ReadonlyMap<string, Served>): Generator<Row> {
  for (const [name, { columns }] of relations)
    for (const column of columns) yield [name, column.name, osqueryTypeOf(column), column.description];
}

interface Library {
  readonly queries: readonly Query[];
  readonly answers: readonly Answer[];
  readonly relations: ReadonlyMap<string, Served>;
}

/** A database with the tables of the library. */
export const libraryDatabase = ({ queries, answers, relations }: Library): Db => {
  const db = openDatabase(':memory:');
  db.transaction(() => {
    fill(db, questionsTable, queries.map(questionRow));
    fill(db, answersTable, answerRows(answers));
    fill(db, judgedFindings, findingRows(answers));
    fill(db, columnsTable, columnRows(relations));
    db.exec(`CREATE INDEX "answers by question" ON answers (query_name)`);
    db.exec(
      `CREATE TABLE policies AS SELECT a.query_name, a.verdict = 'clean' AS is_met, a.severity, a.title, a.found_count, a.found, a.reason, ` +
        `q.remediation, a.host_id FROM answers a JOIN questions q USING (query_name) WHERE a.verdict IN ('hit', 'clean')`,
    );
    db.exec('CREATE INDEX "policies by question" ON policies (query_name)');
  })();
  return db;
};
