import { allColumns } from '../../collector/table.ts';
import type { Collection } from '../../collector/collection.ts';
import type { Value } from '../../collector/table.ts';
import { explain, rootOf } from '../../queries/explained.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import { severityRank } from '../../queries/query.ts';
import { answerOn } from '../../queries/evaluate.ts';
import type { Answer } from '../../queries/evaluate.ts';
import { queries as library } from '../../queries/index.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { hostNamesOf, rowsOf } from '../collected.ts';
import { collectFrom, generatedTables } from '../sources.ts';
import { evaluateIn, judgedWorld } from '../findings.ts';
import { hostLabel } from '../host_names.ts';
import { notAskedText, notSeenLines, readNotSeen } from '../not_seen.ts';
import type { NotSeen } from '../not_seen.ts';
import { offLines, overlayOf } from '../overlay.ts';
import {
  expectOf,
  expectOption,
  overlayOption,
  pagerOption,
  sourceOptions,
  timeoutOption,
} from '../options.ts';
import { flush, print, printRows } from '../output.ts';
import type { Cells } from '../output.ts';
import { ofSeverity, screenSize, textWidth } from '../screen.ts';
import { fitsAll, plainCell } from '../table_text.ts';
import { isoSeconds } from '../time.ts';
import { wrapWords } from '../width.ts';
import { asking } from '../world.ts';

type AnyRow = Readonly<Record<string, Value>>;

const rowsNamed = (collection: Collection, name: string): readonly AnyRow[] => {
  const table = tables.find((candidate) => candidate.name === name);
  return table === undefined ? [] : rowsOf(table, collection);
};
const statusNamed = (collection: Collection, name: string) =>
  collection.results.find(({ table }) => table.name === name);

const yesNo = (value: Value | undefined): string => (value === 1 ? 'yes' : value === 0 ? 'no' : 'unknown');
const textOr = (value: Value | undefined, otherwise: string): string =>
  value == null ? otherwise : String(value);

/** Lines two columns in; what is wrapped goes two further. */
const indent = (lines: readonly string[]): string =>
  lines.map((line) => wrapWords(line, { width: textWidth(), indent: '    ', first: '  ' })).join('');

/** Below a heading of its own. */
const entry = (line: string, first = '    '): string =>
  wrapWords(line, { width: textWidth(), indent: '      ', first });

/** One thing of a severity, which stands before it. */
const printGraded = (severity: string, line: string): void => {
  const [before, text] = [
    `    ${severity.padEnd(8)}`,
    wrapWords(line, { width: textWidth(), indent: ' '.repeat(13) }),
  ];
  print('    ', ofSeverity(severity, severity.padEnd(8)), text.slice(before.length));
};

const heading = (collection: Collection): string => {
  const [host] = rowsNamed(collection, 'hosts');
  const { backend } = collection;
  const when = isoSeconds(backend.capturedTime);
  const chip =
    host?.['is_apple_silicon'] === 1
      ? 'Apple silicon'
      : host?.['is_apple_silicon'] === 0
        ? 'Intel'
        : 'chip unknown';
  const what = [
    textOr(host?.['model_identifier'], 'model unknown'),
    `macOS ${textOr(host?.['os_version'], 'unknown')} (${textOr(host?.['os_build'], 'build unknown')})`,
    chip,
  ].join(', ');
  const who =
    backend.euid === 0 ? 'as root' : backend.euid === null ? 'by nobody knows whom' : 'without root';
  const label = hostLabel(hostNamesOf(collection));
  const first = wrapWords(`Mac ${label}`, { width: textWidth(), indent: '  ', first: '' });
  return `${first}${indent([what, `collected ${when} ${who}, from ${backend.label}`])}`;
};

const tokenWord = (row: AnyRow): string => {
  const { secure_token: token, confidence } = row;
  if (token == null) return 'unknown';
  return confidence === 'confirmed' ? yesNo(token) : `${yesNo(token)} (${String(confidence)})`;
};

/** Names that the login window hides. */
const hiddenNames = (collection: Collection): ReadonlySet<unknown> => {
  const [settings] = rowsNamed(collection, 'loginwindow_settings');
  return new Set(JSON.parse(textOr(settings?.['hidden_users'], '[]')) as unknown[]);
};

/** As a table, and where there is no room for one, account by account. */
const printAccounts = (names: readonly string[], accounts: readonly Cells[]): void => {
  const screen = screenSize();
  if (screen === null || fitsAll(names, accounts, screen.columns)) {
    printRows('pretty', names, accounts);
    return;
  }
  print(indent(['accounts:']));
  for (const account of accounts) {
    const [user, uid, kind, ...others] = account.map((cell) => plainCell(cell));
    const facts = others.map((cell, index) => `${names[index + 3]} ${cell}`);
    print(entry(`${user}: ${uid}, ${kind}; ${facts.join(', ')}`));
  }
};

/** Accounts of people, and every other account that somebody uses. */
const printUsers = (collection: Collection): void => {
  const status = statusNamed(collection, 'users');
  if (status === undefined || status.rows.length === 0) {
    print(indent([`users: unknown, ${status?.reason ?? 'nobody knows why'}`]));
    return;
  }
  const tokens = new Map(
    rowsNamed(collection, 'secure_tokens').map((row) => [`${row['username']} ${row['uuid']}`, row]),
  );
  const hidden = hiddenNames(collection);
  const shown = rowsNamed(collection, 'users').filter((user) => {
    const token = tokens.get(`${user['username']} ${user['uuid']}`);
    if (token?.['secure_token'] === 1) return true;
    if (user['account_type'] === 'root' || user['account_type'] === 'setup_assistant')
      return token?.['has_conflict'] === 1;
    return user['account_type'] !== 'service' || user['is_awake'] === 1 || hidden.has(user['username']);
  });
  const names = ['user', 'uid', 'kind', 'admin', 'secure token', 'volume owner', 'FileVault', 'can log in'];
  const cells = shown.map((user): Cells => {
    const token = tokens.get(`${user['username']} ${user['uuid']}`);
    return [
      user['username'] ?? null,
      user['uid'] ?? null,
      `${textOr(user['account_type'], 'unknown')}${user['is_hidden'] === 1 ? ', hidden' : ''}`,
      yesNo(user['is_admin']),
      token === undefined ? 'unknown' : tokenWord(token),
      yesNo(token?.['volume_owner']),
      yesNo(token?.['filevault_enabled']),
      yesNo(user['can_login']),
    ];
  });
  const others = rowsNamed(collection, 'users').filter((user) => !shown.includes(user));
  const isKnown = others.every((user) => user['is_awake'] !== null || user['account_type'] !== 'service');
  printAccounts(names, cells);
  if (others.length > 0)
    print(
      indent([
        `and ${others.length} accounts of macOS itself${isKnown ? '' : '; it is not known whether somebody uses one of them'}`,
      ]),
    );
};

const printState = (collection: Collection): void => {
  const [filevault] = rowsNamed(collection, 'filevault_status');
  const [bootstrap] = rowsNamed(collection, 'bootstrap_tokens');
  const [mdm] = rowsNamed(collection, 'mdm_enrollments');
  print(
    indent([
      `FileVault: ${textOr(filevault?.['status'], 'unknown').replaceAll('_', ' ')}; personal recovery key: ${yesNo(filevault?.['has_personal_recovery_key'])}`,
      `bootstrap token: ${textOr(bootstrap?.['state'], 'unknown').replaceAll('_', ' ')}; supported by the server: ${yesNo(bootstrap?.['supported_on_server'])}; escrowed, as the Mac believes: ${yesNo(bootstrap?.['escrowed_to_server'])}; key on disk: ${yesNo(bootstrap?.['crypto_user_present'])}`,
      `MDM: enrolled: ${yesNo(mdm?.['is_enrolled'])}; user approved: ${yesNo(mdm?.['is_user_approved'])}; supervised: ${yesNo(mdm?.['is_supervised'])}`,
    ]),
  );
};

const printConflicts = (collection: Collection): void => {
  const rows = rowsNamed(collection, 'conflicts');
  if (rows.length === 0) {
    const isComplete = statusNamed(collection, 'conflicts')?.status === 'empty';
    print(
      indent([isComplete ? 'conflicts: none' : 'conflicts: none found, and not every source could be asked']),
    );
    return;
  }
  // Two claims that fail in the same way are one line here.
  const lines = new Map(
    rows
      .toSorted((a, b) => severityRank(a['severity']) - severityRank(b['severity']))
      .map(({ severity, subject, conclusion, rule_id: rule }) => [
        `${subject}: ${conclusion} (${rule})`,
        String(severity),
      ]),
  );
  print(indent([`conflicts: ${lines.size}`]));
  for (const [line, severity] of lines) printGraded(severity, line);
};

/** What the library finds on one host, by severity; what another finding explains stands with that. */
const printFindings = (answers: readonly Answer[], hostId: string | null): void => {
  const own = answers
    .flatMap(findingsOfAnswer)
    .filter(({ hostId: of, severity }) => of === hostId && hostId !== null && severity !== 'info');
  const explained = explain(own);
  const found = own
    .filter((finding) => !explained.has(finding))
    .toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity));
  const caused = Map.groupBy(explained.keys(), (finding) => rootOf(finding, explained));
  print(indent([`findings: ${found.length === 0 ? 'none' : found.length}`]));
  for (const finding of found) {
    const { query, severity, subject } = finding;
    const of = subject === null || subject === hostId ? '' : `${subject}: `;
    const names = new Set(caused.get(finding)?.map((other) => other.query.name));
    const causes = names.size === 0 ? '' : `, which causes ${[...names].join(', ')}`;
    printGraded(severity, `${of}${query.title} (${query.name})${causes}`);
  }
};

const printNotSeen = (answers: readonly Answer[], notSeen: NotSeen, hostId: string | null): void => {
  const gaps = notSeen.gaps.filter((gap) => gap.hostId === hostId);
  const own = answers.map((answer) => answerOn(answer, hostId ?? ''));
  const lines = notSeenLines(own, { ...notSeen, gaps }, { labelOf: String, isWhole: false, hosts: 1 });
  print(indent([lines.length === 0 ? 'what was not seen: nothing' : 'what was not seen:']));
  for (const line of lines) print(entry(line));
  const notAsked = notAskedText(own);
  if (notAsked !== null) print(indent([notAsked]));
};

const printHost = (collection: Collection, answers: readonly Answer[], notSeen: NotSeen): void => {
  print(heading(collection));
  printUsers(collection);
  printState(collection);
  printFindings(answers, collection.hostId);
  printConflicts(collection);
  printNotSeen(answers, notSeen, collection.hostId);
};

const run = async (given: Arguments): Promise<number> => {
  const asked = overlayOf(given)?.apply(library) ?? library;
  const collections = await collectFrom(given, generatedTables);
  if (given.flag('json')) {
    const documents = collections.map((collection) =>
      Object.fromEntries(
        tables
          .filter((table) => allColumns(table).length > 0)
          .map((table) => [table.name, rowsOf(table, collection)]),
      ),
    );
    print(`${JSON.stringify(documents, null, 1)}\n`);
  } else {
    const world = judgedWorld(collections);
    const { answers, notSeen } = await asking(world, { what: 'a question' }, () => ({
      answers: evaluateIn(world, asked, expectOf(given)),
      notSeen: readNotSeen(world.db),
    }));
    for (const [index, collection] of collections.entries()) {
      if (index > 0) print('\n');
      printHost(collection, answers, notSeen);
    }
    for (const line of offLines(asked)) print('\n', indent([`switched off by the overlay: ${line}`]));
    if (answers.length > 0)
      print('\n', indent(['tokenquery findings says what each finding means and what to do.']));
  }
  flush();
  return 0;
};

export const overviewCommand: Command = {
  name: 'overview',
  usage: 'tokenquery overview [--source SOURCE]… [--json]',
  summary: 'An overview of this Mac: who holds the keys, what disagrees, and what could not be collected.',
  options: {
    ...sourceOptions,
    ...expectOption,
    ...overlayOption,
    ...timeoutOption('no limit by default'),
    ...pagerOption,
    json: { type: 'boolean', description: 'Every table of every host, as JSON.' },
  },
  positionals: { least: 0, most: 0 },
  examples: ['sudo tokenquery overview', 'tokenquery overview --source evidence.tar.gz'],
  limits: () => ({ what: 'the overview', seconds: null, isMemoryBounded: false }),
  run,
};
