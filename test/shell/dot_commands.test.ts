import test from 'ava';
import { dotCommands, oneOfWords, readDotLine, readWidths } from '../../cli/shell/dot_commands.ts';
import { UserError } from '../../collector/errors.ts';

test('every command of osqueryi that makes sense here is there, and said in one line', (t) => {
  const names = dotCommands.map(({ name }) => name);
  for (const name of 'all exit headers help mode nullvalue quit schema show summary tables timer width'.split(
    ' ',
  ))
    t.true(names.includes(`.${name}`), name);
  t.deepEqual(names, names.toSorted());
  for (const { name, about } of dotCommands) t.regex(about, /^[A-Z].*\.$/, name);
});

test('each takes as many words as it says', (t) => {
  for (const { name, least, most, usage } of dotCommands) {
    const line = (count: number): string => `${name} ${'x '.repeat(count)}`;
    t.deepEqual(readDotLine(line(least)).words.length, least);
    t.is(readDotLine(`  ${line(least)};`).command.name, name, 'a semicolon is a habit');
    t.is(readDotLine(line(least).toUpperCase()).command.name, name);
    if (least > 0)
      t.throws(() => readDotLine(line(least - 1)), { instanceOf: UserError, message: `${name} needs more` });
    const error = t.throws<UserError>(() => readDotLine(line(most + 1)), { instanceOf: UserError });
    t.is(error.hint, `usage: ${`${name} ${usage}`.trim()}`);
  }
});

test('of a command that is mistyped the near one is named', (t) => {
  for (const { name } of dotCommands.filter((command) => command.name.length > 4)) {
    for (const wrong of [name.slice(0, -1), `${name}x`, name.replace(/(.)(.)$/, '$2$1')]) {
      if (dotCommands.some((command) => command.name === wrong)) continue;
      const error = t.throws<UserError>(() => readDotLine(wrong), { instanceOf: UserError });
      t.is(error.message, `there is no command ${wrong}`);
      t.regex(error.hint, /^did you mean \.[a-z-]+\? \.help lists them$/, wrong);
    }
  }
});

test('words in quotes may hold blanks', (t) => {
  t.deepEqual(readDotLine(".nullvalue 'not known'").words, ['not known']);
  t.deepEqual(readDotLine('.nullvalue ""').words, ['']);
  t.deepEqual(readDotLine('.nullvalue').words, []);
});

test('arguments that are none are told with what is taken', (t) => {
  t.is(oneOfWords('.headers', 'ON', ['on', 'off']), 'on');
  const error = t.throws<UserError>(() => oneOfWords('.mode', 'prety', ['pretty', 'csv']), {
    instanceOf: UserError,
  });
  t.is(error.hint, 'did you mean pretty? it takes pretty, csv');
  t.deepEqual(readWidths(['10', '0']), [10, 0]);
  for (const wrong of ['-1', 'x', '1.5', '99999'])
    t.throws(() => readWidths([wrong]), { instanceOf: UserError });
});
