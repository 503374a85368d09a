import { UserError } from '../../collector/errors.ts';
import { isAtLeast, findingsOfAnswer } from '../../queries/findings.ts';
import { severities } from '../../queries/header.ts';
import type { Question, Severity } from '../../queries/header.ts';
import { questions as library } from '../../queries/index.ts';
import { judge } from '../../queries/judge.ts';
import type { Answer } from '../../queries/judge.ts';
import { checkQuestion, readQuestions } from '../../queries/own.ts';
import { readPacks } from '../../queries/pack.ts';
import type { Db } from '../../store/database.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { printFindings } from '../findings_text.ts';
import {
  identified,
  judgePacks,
  memoryOf,
  names,
  nowOf,
  questionsOfPacks,
  selectQuestions,
  tablesOfQuestions,
} from '../judging.ts';
import { modeOf, modeOptions, sourceOptions } from '../options.ts';
import { flush, print, printNote, printRows } from '../render.ts';
import type { Cells, Mode } from '../render.ts';

const columns = [
  'verdict',
  'query_name',
  'title',
  'group',
  'severity',
  'host_id',
  'subject',
  'details',
  'purpose',
  'remediation',
  'references',
  'false_positives',
  'blind_spots',
] as const;

interface OutputRow {
  readonly verdict: 'hit' | 'unknown';
  readonly question: Question;
  readonly hostId: string | null;
  readonly subject: string | null;
  readonly details: readonly object[];
  readonly blindSpots: readonly object[];
}

/** A row for each finding, and one for each host on which a question could not be judged. */
function* outputRows(answers: readonly Answer[]): Generator<OutputRow> {
  for (const answer of answers) {
    for (const finding of findingsOfAnswer(answer)) yield { verdict: 'hit', ...finding };
  }
  for (const { question, verdicts, blindSpots } of answers) {
    for (const [hostId, verdict] of verdicts) {
      if (verdict !== 'unknown') continue;
      yield {
        verdict,
        question,
        hostId,
        subject: null,
        details: [],
        blindSpots: blindSpots.get(hostId) ?? [],
      };
    }
  }
}

const fieldsOf = ({ verdict, question, hostId, subject, details, blindSpots }: OutputRow) => [
  verdict,
  question.name,
  question.title,
  question.group,
  question.severity,
  hostId,
  subject,
  details,
  question.purpose,
  question.remediation,
  question.references,
  question.falsePositives,
  blindSpots,
];

const printOutput = (mode: Mode, answers: readonly Answer[]): void => {
  if (mode === 'json' || mode === 'ndjson') {
    let separator = mode === 'json' ? '[\n  ' : '';
    for (const row of outputRows(answers)) {
      const fields = fieldsOf(row);
      print(
        separator + JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, fields[index]]))),
      );
      if (mode === 'ndjson') print('\n');
      else separator = ',\n  ';
    }
    if (mode === 'json') print(separator.startsWith('[') ? '[]\n' : '\n]\n');
    return;
  }
  const cells = function* (): Generator<Cells> {
    for (const row of outputRows(answers)) {
      yield fieldsOf(row).map((field) =>
        field === null || typeof field === 'string' ? field : JSON.stringify(field),
      );
    }
  };
  printRows(mode, columns, cells());
};

const severityOf = (given: Arguments): Severity | null => {
  const text = given.text('fail-on');
  if (text === null) return null;
  const known = severities.find((severity) => severity === text);
  if (known === undefined)
    throw new UserError(
      `--fail-on does not know ${JSON.stringify(text)}`,
      `it takes ${severities.join(', ')}`,
      2,
    );
  return known;
};

interface Asked {
  readonly questions: readonly Question[];
  readonly isLibrary: boolean;
  judge(db: Db, now: number): readonly Answer[];
}

/** The questions that the command line asks for, checked before anything is collected. */
const askedOf = (given: Arguments, db: Db): Asked => {
  const folder = given.text('queries');
  const file = given.text('pack');
  if (folder !== null && file !== null) throw new UserError('give --queries or --pack, not both', '', 2);
  const select = (all: readonly Question[]): readonly Question[] =>
    selectQuestions(all, given.texts('n'), given.text('group'));
  if (file !== null) {
    const { packs, skipped } = readPacks(file);
    const prepared = questionsOfPacks(packs, file);
    for (const reason of [...skipped, ...prepared.skipped]) printNote(`left out: ${reason}`);
    const questions = select(prepared.questions);
    return {
      questions,
      isLibrary: false,
      judge: (from, now) => judgePacks(from, { ...prepared, questions }, now),
    };
  }
  const all =
    folder === null ? library : readQuestions(folder).map((question) => checkQuestion(db, question, names));
  const questions = select(all);
  return {
    questions,
    isLibrary: folder === null,
    judge: (from, now) => judge(from, questions, { now, names }),
  };
};

/** What is to be judged, and the moment that it is judged at. */
const openRows = async (
  given: Arguments,
  asked: Asked,
): Promise<{ readonly db: Db; readonly now: number }> => {
  const { collectAll, machinesOf } = await import(/* webpackMode: "eager" */ '../hosts.ts');
  const machines = await machinesOf(given);
  const collections = identified(await collectAll(machines, tablesOfQuestions(asked.questions), given));
  return { db: memoryOf(collections), now: nowOf(collections) };
};

const run = async (given: Arguments): Promise<number> => {
  const mode = modeOf(given);
  const failOn = severityOf(given);
  const timeout = given.count('timeout') ?? 300;
  const asked = askedOf(given, openMemory(tables));
  const { db, now } = await openRows(given, asked);
  db.pragma('query_only = ON');
  const watching = (await import(/* webpackMode: "eager" */ '../../store/watchdog.ts')).watch(timeout);
  let answers: readonly Answer[];
  try {
    answers = asked.judge(db, now);
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_') === true) {
      throw new UserError(
        `a question failed: ${(error as Error).message}`,
        'tokenquery findings -n NAME runs one alone',
      );
    }
    throw error;
  } finally {
    watching.stop();
  }
  const isChosen = given.texts('n').length > 0 || given.text('group') !== null;
  if (mode === 'pretty') printFindings(answers, isChosen || !asked.isLibrary);
  else printOutput(mode, answers);
  flush();

  const isUnknown = ({ verdicts }: Answer): boolean => [...verdicts.values()].includes('unknown');
  const open = answers.filter(isUnknown);
  if (failOn !== null) {
    const grave = open.filter(({ question }) => isAtLeast(question.severity, failOn));
    if (grave.length > 0) {
      printNote(
        `${grave.length} questions of severity ${failOn} or above could not be judged on every host: that is no pass (--strict makes it exit code 4)`,
      );
    }
    if (answers.some(({ question, hits }) => hits.length > 0 && isAtLeast(question.severity, failOn)))
      return 3;
  }
  return given.flag('strict') && open.length > 0 ? 4 : 0;
};

export const findingsCommand: Command = {
  name: 'findings',
  usage:
    'tokenquery findings [-n NAME]… [--group GROUP] [--source SOURCE]… [--fail-on SEVERITY] [--json|--csv|…]',
  summary: 'Asks the questions of the library, and says what was found, what it means and what to do.',
  about: [
    'Every question has one answer for each host: hit, clean or unknown. A host whose needed table could not',
    'be looked at is unknown, never clean; it is listed apart, with the reason. docs/findings.md has the rules.',
    'Questions that compare snapshots need a database that snapshot --db FILE made.',
    'Exit code 3: --fail-on is met. Exit code 4: --strict, and something is unknown; 3 goes before 4.',
  ],
  options: {
    n: {
      type: 'string',
      isRepeatable: true,
      value: 'NAME',
      description: 'Ask this question only. Repeatable.',
    },
    group: { type: 'string', value: 'GROUP', description: 'Ask the questions of this group only.' },
    queries: {
      type: 'string',
      value: 'DIR',
      description: 'Ask the .sql files of this folder in place of the library.',
    },
    pack: {
      type: 'string',
      value: 'FILE',
      description: 'Ask the queries of this osquery pack in place of the library.',
    },
    'fail-on': {
      type: 'string',
      value: 'SEVERITY',
      description: `Exit code 3 for a finding of ${severities.join(', ')} or above.`,
    },
    strict: { type: 'boolean', description: 'Exit code 4 when a question could not be judged on a host.' },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      description: 'End the questions after so long; 300 by default.',
    },
    ...sourceOptions,
    ...modeOptions,
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery findings',
    'tokenquery findings --source evidence.tar.gz --group posture --fail-on high',
    'tokenquery findings --queries my-questions --json',
    'tokenquery findings --pack it-compliance.conf',
  ],
  run,
};
