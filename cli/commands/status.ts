import { checkPlace, replaceFile } from '../../export/file_sink.ts';
import { UserError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';
import { openForReading } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { alternatives } from '../checks.ts';
import { dbOption, dbPath, using } from '../database.ts';
import { exitCodes } from '../exit_codes.ts';
import { seenOptions } from '../table_options.ts';
import { flush, print, printNote } from '../output.ts';
import { jsonBegin, jsonEnd, jsonHost } from '../status/json.ts';
import { judgeHosts, surroundingsOf } from '../status/judge.ts';
import type { Bounds, Surroundings } from '../status/judge.ts';
import { Exposition } from '../status/prometheus.ts';
import { HostLines, printStatus } from '../status/text.ts';
import { addHost, areAgesUnknown, isAnyOld, isAnyUnseen, isNoneInUse, noTotals } from '../status/totals.ts';
import type { Totals } from '../status/totals.ts';
import { checkTaken } from '../taken_places.ts';
import { currentTime } from '../time.ts';

/** Throws UserError where no host could ever be too old. */
const checkAges = (maxAge: number | null, retiredAfter: number | null): void => {
  if (maxAge !== null && retiredAfter !== null && retiredAfter <= maxAge)
    throw new UserError(
      '--retired-after is not longer than --max-age: a host would be out of use before it is too old',
      'such as --max-age 26h --retired-after 30d',
      2,
    );
};

const boundsOf = (given: Arguments): Bounds => ({
  now: currentTime(),
  maxAge: given.number('max-age'),
  retiredAfter: given.number('retired-after'),
  isStrict: given.flag('strict') || given.flag('require'),
  required: new Set(given.flag('strict') ? [] : given.texts('require')),
});

const exitCodeOf = (bounds: Bounds, totals: Totals, around: Surroundings): number => {
  const isAgeAsked = bounds.maxAge !== null;
  const isAnyYoung = !isNoneInUse(totals) && !areAgesUnknown(around);
  if (isAnyOld(totals, around) || (isAgeAsked && !isAnyYoung)) return exitCodes.old;
  return bounds.isStrict && isAnyUnseen(totals, around) ? exitCodes.notSeen : exitCodes.done;
};

/** Puts the metrics where node_exporter, which is another user, reads them; a file is there wholly or not at all. */
const writeMetrics = (path: string, text: string): void => {
  try {
    checkPlace(path);
  } catch (error) {
    throw fileFailure(error, path, 'write');
  }
  replaceFile(path, text, 0o644);
};

const run = (given: Arguments): Promise<number> => {
  const bounds = boundsOf(given);
  checkAges(bounds.maxAge, bounds.retiredAfter);
  return using(openForReading(dbPath(given), tables), (store) => {
    for (const note of store.notes) printNote(note);
    // One moment of it, whoever writes into it meanwhile.
    store.db.exec('BEGIN');
    const around = surroundingsOf(store, given, bounds);
    const named = given.text('output');
    const output = named === '-' ? null : named;
    if (output !== null)
      checkTaken(output, [
        ['the database', store.path],
        ...around.cursors.map(({ path }) => ['the cursor', path] as const),
        ['the log', around.log?.path ?? null],
      ]);
    const totals = noTotals();
    const lines = new HostLines();
    const exposition = given.flag('prometheus') ? new Exposition() : null;
    const isJson = given.flag('json');
    if (isJson) print(jsonBegin(around));
    let separator = '\n';
    for (const host of judgeHosts(store, bounds)) {
      addHost(totals, host);
      if (isJson) print(separator + jsonHost(host));
      else if (exposition === null) lines.add(host);
      else exposition.add(host);
      separator = ',\n';
    }
    const code = exitCodeOf(bounds, totals, around);
    if (isJson) print(jsonEnd(totals, code));
    else if (exposition === null) printStatus(around, totals, lines);
    else if (output === null) print(exposition.text(around, totals, code));
    else writeMetrics(output, exposition.text(around, totals, code));
    flush();
    return code;
  });
};

export const statusCommand: Command = {
  name: 'status',
  usage: 'tokenquery status --db FILE [--json|--prometheus] [--max-age AGE] [--strict]',
  summary: 'Says how old what is known is, what was not seen, and what was not exported.',
  about: [
    'For a monitor: exit code 5 with --max-age when a host, a table or an export is older, no host is in use, or the clock here is so',
    'far behind that no age can be told; else 4 with --strict when a table was not wholly seen, a clock is wrong or the last run ended',
    'with an error; else 0. Nothing is changed.',
    'tokenquery doctor looks at the installation of a Mac.',
  ],
  options: {
    db: dbOption,
    ...alternatives({
      json: { type: 'boolean', description: 'As JSON, with every host and table.' },
      prometheus: {
        type: 'boolean',
        description: 'As metrics of Prometheus, for the textfile collector of node_exporter.',
      },
    }),
    output: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      goesWith: { option: 'prometheus' },
      description: 'Put the metrics into this file, as a whole, with mode 0644.',
    },
    'max-age': {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      least: 60,
      description:
        'Exit code 5 when a host was not seen for so long, a table that was seen before, or an export waits: 26h.',
    },
    'retired-after': {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      least: 60,
      description: 'A host that was not seen for so long is out of use: it is counted, and not judged.',
    },
    strict: {
      type: 'boolean',
      description:
        'Exit code 4 when a table was not wholly seen, a clock is wrong, or the log ends with an error.',
    },
    require: {
      ...(seenOptions['require'] as (typeof seenOptions)[string]),
      description: 'The same, of the tables for this one alone. Repeatable, or TABLE,TABLE.',
    },
    cursor: {
      type: 'string',
      isRepeatable: true,
      value: 'FILE',
      kind: 'file',
      description: 'The cursor of an export; export.cursor beside the database by default. Repeatable.',
    },
    log: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description: 'The log of the job, for its last error; that of the job where the database is its own.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery status --db fleet.db --max-age 26h --strict',
    'sudo tokenquery status --db /var/db/tokenquery/tokenquery.db --json',
    'tokenquery status --db fleet.db --prometheus --output /var/lib/node_exporter/tokenquery.prom',
  ],
  run,
};
