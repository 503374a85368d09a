import { CollectError } from '../collector/errors.ts';
import type { SudoersEntry } from '../collector/parsers/sudoers.ts';
import { folders, isDropIn } from '../collector/sources.ts';
import { bit, boolean, defineTable, integer, oneOf, required, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { orNoted } from './shared/preferences.ts';

const mainFile = '/etc/sudoers';
/** The folder as the file names it; /etc is a link to /private/etc. */
const isFolder = (path: string | null): boolean =>
  path !== null && path.replace(/^\/private(?=\/)/, '').replace(/\/+$/, '') === folders.sudoers;

/** What is included and is not read here may give rights too. */
const tellOthers = (context: Context, entries: readonly SudoersEntry[], isMain: boolean): void => {
  const others = entries.filter(({ included }) => included !== null && !(isMain && isFolder(included)));
  if (others.length === 0) return;
  const message = 'a file of sudoers includes another one, which is not read';
  const hint = 'look at the file by hand: tokenquery reads /etc/sudoers and /etc/sudoers.d alone';
  context.note(new CollectError('not_recorded', message, { hint }), { source: 'sudoers' });
};

const readDropIns = async (
  context: Context,
): Promise<readonly (readonly [string, readonly SudoersEntry[]])[]> => {
  const names = await orNoted(context, context.list('sudoers'));
  const paths = (names ?? [])
    .filter((name) => isDropIn('sudoers', name))
    .map((name) => `${folders.sudoers}/${name}`);
  return Promise.all(
    paths.map(async (path) => {
      const entries = await orNoted(context, context.readFile('sudoers', path));
      return [path, entries ?? []] as const;
    }),
  );
};

const rowsOf = (source: string, entries: readonly SudoersEntry[]) => {
  const seen = new Map<string, number>();
  return entries.map(({ kind, header, details, needsNoPassword, isForAllCommands }) => {
    const kept = `${header}\0${details}`;
    const occurrence = (seen.get(kept) ?? 0) + 1;
    seen.set(kept, occurrence);
    return {
      source,
      header,
      rule_details: details,
      kind,
      no_password: bit(needsNoPassword),
      all_commands: bit(isForAllCommands),
      occurrence,
    };
  });
};

export default defineTable({
  name: 'sudoers',
  description:
    'One row per entry of /etc/sudoers and of what it includes: who may do what as whom, and how sudo is set.',
  columns: {
    source: required(text('The file.', { privacy: 'name', example: '/etc/sudoers' })),
    header: required(
      text('Whom a rule is for, Defaults with its scope, the kind of an alias, or the directive.', {
        privacy: 'name',
        example: '%admin',
      }),
    ),
    rule_details: text('The rest, without arguments of commands and texts of settings.', {
      privacy: 'free',
      example: 'ALL = (ALL) ALL',
    }),
    kind: required(oneOf(['defaults', 'alias', 'include', 'rule'], 'What it is.', { privacy: 'nobody' })),
    no_password: boolean(
      '1 when the rule lets a command run without a password (NOPASSWD), or the setting asks nobody for one (!authenticate).',
      { privacy: 'nobody', example: '0' },
    ),
    all_commands: boolean('1 when all commands are among those of the rule or alias.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'it is a setting, or has a form that is not known',
    }),
    occurrence: required(
      integer('1, or which of several that are kept alike in one file.', { privacy: 'nobody', example: '1' }),
    ),
  },
  key: ['source', 'header', 'rule_details', 'occurrence'],
  sources: ['sudoers'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'source, header and rule_details are those of osquery; of each command the path alone is kept.',
    'Files of the folder that sudo leaves out, with a dot in the name or "~" at its end, are left out here too.',
    'The files are shown to root only. The printed collector leaves them out, for it has no rules for them.',
  ],
  examples: [
    "SELECT source, header, rule_details FROM sudoers WHERE kind = 'rule' AND header NOT IN ('root', '%admin');",
    'SELECT source, header, rule_details FROM sudoers WHERE no_password = 1;',
  ],
  generate: async (context) => {
    const main = (await context.readFile('sudoers', mainFile)) ?? [];
    tellOthers(context, main, true);
    const isIncluding = main.some(({ included }) => isFolder(included));
    const dropIns = isIncluding ? await readDropIns(context) : [];
    for (const [, entries] of dropIns) tellOthers(context, entries, false);
    return [[mainFile, main] as const, ...dropIns].flatMap(([source, entries]) => rowsOf(source, entries));
  },
});
