/** Commands on a terminal, as somebody sees them: what is long goes to a pager, and a list is read whole where a table is not. */
import test from 'ava';
import { existsSync } from 'node:fs';
import { queries } from '../../queries/index.ts';
import { sample } from '../standin.ts';
import { Terminal, hasTmux } from './terminal.ts';

const onTerminal = hasTmux ? test.serial : test.skip;
const paged = hasTmux && existsSync('/usr/bin/less') ? test.serial : test.skip;

const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

onTerminal('the questions of a group are told whole at 60 columns, the gravest first', async (t) => {
  const terminal = new Terminal(t, ['queries', '--group', 'hygiene'], { columns: 60 });
  const screen = await terminal.until('ended with 0');
  t.notRegex(screen, /…/);
  for (const { name, title } of queries.filter(({ group }) => group === 'hygiene')) {
    t.true(words(screen).includes(`${name} `), name);
    t.true(words(screen).includes(`${title} (hygiene)`), title);
  }
  t.regex(screen, /^high\n(?:.*\n)+medium\n(?:.*\n)+low\n(?:.*\n)+info\n/);
});

paged('what is longer than the terminal is left through a pager, and what is short is not', async (t) => {
  const long = new Terminal(t, ['tables', 'users'], { columns: 60 });
  t.regex(await long.until(/\n:$/), /^users: One row per local account/);
  long.press('q');
  await long.until('ended with 0');
  const short = new Terminal(t, ['query', '--source', sample('macos26-managed'), 'SELECT 1 AS one']);
  t.regex(await short.until('ended with 0'), /\| one \|/);
  const printed = new Terminal(t, ['tables', 'users', '--no-pager'], { columns: 60 });
  t.regex(await printed.until('ended with 0'), /SELECT username FROM users/);
});
