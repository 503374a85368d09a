import test from 'ava';
import { parseCommandLine } from '../../cli/args.ts';
import type { Command } from '../../cli/command.ts';
import { verbs } from '../../cli/main.ts';
import { UserError } from '../../collector/errors.ts';

const commandOf = (verb: string): Promise<Command> | undefined => verbs[verb]?.load();

test('what an option says of others names options of its command', async (t) => {
  for (const { load } of Object.values(verbs)) {
    const { name, options } = await load();
    for (const [option, { excludes = [], goesWith, needs }] of Object.entries(options)) {
      for (const relation of [...excludes, goesWith, needs]) {
        if (relation === undefined) continue;
        t.true(relation.option in options, `${name} --${option}: ${relation.option}`);
        t.not(relation.option, option);
      }
    }
  }
});

const refused = test.macro<[verb: string, line: string, message: string, hint?: string]>({
  title: (_, verb, line) => `${verb} ${line}`,
  exec: async (t, verb, line, message, hint = '') => {
    const command = await commandOf(verb);
    if (command === undefined) {
      t.fail(`there is no ${verb}`);
      return;
    }
    const argv = line.split(' ').filter((word) => word !== '');
    const error = t.throws<UserError>(() => parseCommandLine(command, argv), { instanceOf: UserError });
    t.is(error.message, message);
    t.is(error.hint, hint);
    t.is(error.exitCode, 2);
  },
});

test(refused, 'query', '--json --csv 1', '--json and --csv exclude each other');
test(refused, 'query', '--csv --json 1', '--json and --csv exclude each other');
test(
  refused,
  'query',
  '--db x --source y 1',
  '--source and --db exclude each other',
  'with --db nothing is collected',
);
test(refused, 'query', '--as-of -7d 1', '--as-of goes with --db FILE');
test(refused, 'query', '-n x -f y', '-n and -f exclude each other');
test(refused, 'query', '-f y 1', 'give the SQL itself or -f FILE, not both');
test(
  refused,
  'query',
  '--timeout 0 1',
  '--timeout takes a whole number of at least 1, not "0"',
  'for example --timeout 30',
);
test(
  refused,
  'query',
  '--max-rows x 1',
  '--max-rows takes a whole number of at least 0, not "x"',
  'for example --max-rows 30',
);
test(refused, 'query', '--source sample --exec-root x 1', '--exec-root goes with --source live');
test(
  refused,
  'query',
  '--include serial_number,x 1',
  '--include does not know "x"',
  'it takes serial_number, organization, identities, ssh_keys',
);
test(refused, 'findings', '--queries x --pack y', '--queries and --pack exclude each other');
test(
  refused,
  'findings',
  '--fail-on x',
  '--fail-on does not know "x"',
  'it takes info, low, medium, high, critical',
);
test(refused, 'retain', '--db x', '--older-than AGE is missing', 'for example --older-than 90d');
test(refused, 'changes', '', '--db FILE is missing', 'name the database to work on');
test(refused, 'snapshot', '--db x --every 30s --if-due', '--every takes at least 1m');
test(refused, 'snapshot', '--db x --every 1h', '--every goes with --if-due');
test(
  refused,
  'schedule',
  '--format nativ',
  'there is no format "nativ"',
  'did you mean native? the formats are native, json, csv, osquery, ocsf, ecs, hec',
);
test(
  refused,
  'schedule',
  '--db x',
  '--db takes an absolute path, not "x"',
  'a job has no folder to start from',
);
test(
  refused,
  'schedule',
  '--systemd --every 1h',
  '--every and --systemd exclude each other',
  'it belongs to the job of one Mac',
);
test(refused, 'schedule', '--redact-key /x', '--redact-key goes with --redact LEVEL');
test(refused, 'schema', '--json --json-schema', '--json and --json-schema exclude each other');
test(refused, 'capture', '--script --source x', '--script and --source exclude each other');

test('who asks for help is not told of anything else', async (t) => {
  const command = await commandOf('retain');
  if (command === undefined) throw new Error('there is no retain');
  t.true(parseCommandLine(command, ['--older-than', 'x', '--help']).flag('help'));
});

test('numbers stand for what was typed', async (t) => {
  const command = await commandOf('retain');
  if (command === undefined) throw new Error('there is no retain');
  const given = parseCommandLine(command, ['--db', 'x', '--older-than', '2d']);
  t.is(given.number('older-than'), 172_800);
  t.is(given.text('older-than'), '2d');
  t.is(given.required('db'), 'x');
});
