import {
  commandNames,
  commands,
  fileNames,
  files,
  lookSeconds,
  networkFolders,
  ownedFiles,
  ownCommands,
  ownFiles,
  statNamedBySources,
  statOnly,
  timeoutSecondsOf,
} from '../../collector/sources.ts';
import type { Command as Source, FileSource, OwnedName, SourceName } from '../../collector/sources.ts';
import { allColumns } from '../../collector/table.ts';
import { volumeFiles } from '../../collector/backends/volume.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { pagerOption } from '../options.ts';
import { flush, print } from '../output.ts';

/** Table and column names that a source can fill. */
const servedBy = (
  source: SourceName,
): readonly { readonly table: string; readonly columns: readonly string[] }[] =>
  tables
    .filter((table) => table.sources.includes(source))
    .map((table) => ({
      table: table.name,
      columns: allColumns(table)
        .filter(([name, column]) => name !== 'host_id' && (column.from ?? table.sources).includes(source))
        .map(([name]) => name),
    }))
    .filter(({ columns }) => columns.length > 0);

/** Everything that the tool may run, read or check. */
export const accessList = () => ({
  version: 1,
  commands: commandNames.map((name) => {
    const { argv, privilege, network, why }: Source = commands[name];
    return {
      source: name,
      argv,
      privilege,
      network,
      timeout_seconds: timeoutSecondsOf(name),
      why,
      serves: servedBy(name),
    };
  }),
  files: fileNames.map((name) => {
    const { paths, privilege, why }: FileSource = files[name];
    const include = Object.hasOwn(ownedFiles, name) ? ownedFiles[name as OwnedName] : undefined;
    return {
      source: name,
      paths,
      privilege,
      ...(include === undefined ? {} : { include }),
      why,
      serves: servedBy(name),
    };
  }),
  stat_only: {
    paths: [...statOnly, ...statNamedBySources],
    never_below: networkFolders,
    serves: servedBy('stat'),
  },
  own: {
    commands: Object.entries(ownCommands).map(([source, { argv, why }]) => ({ source, argv, why })),
    files: Object.entries(ownFiles).map(([source, { paths, why }]) => ({ source, paths, why })),
  },
  volume_only: volumeFiles.map(({ path, serves: sources, why }) => ({ path, stands_for: sources, why })),
});

const serves = (list: ReturnType<typeof servedBy>): string =>
  list.length === 0
    ? '    serves every table: host_id\n'
    : list.map(({ table, columns }) => `    ${table}: ${columns.join(', ')}\n`).join('');

const run = async (given: Arguments): Promise<number> => {
  const list = accessList();
  if (given.flag('json')) print(`${JSON.stringify(list, null, 1)}\n`);
  else {
    print(
      'Programs that may be run: these argv and no others, without a shell, a password or standard input.\n',
    );
    for (const { source, argv, privilege, network, why, serves: served } of list.commands) {
      const who = privilege === 'root' ? 'root sees more' : 'any user';
      print(
        `\n${argv.join(' ')}\n  ${source}; ${who}${network ? '; only with --allow-network' : ''}; ${why}\n${serves(served)}`,
      );
    }
    print('\nFiles that may be read: only the allow-listed keys of these are kept.\n');
    for (const { source, paths, include, why, serves: served } of list.files) {
      const only = include === undefined ? '' : `only with --include ${include}; `;
      print(`\n${paths.join('\n')}\n  ${source}; ${only}${why}\n${serves(served)}`);
    }
    print('\nPaths that are only looked at (existence, mode, owner, size, time): never opened.\n\n');
    print(`${list.stat_only.paths.join('\n')}\n${serves(list.stat_only.serves)}`);
    print(
      'A path that a source names is not looked at when it may lie on the network, for a look can ask a server:\n' +
        `below ${networkFolders.join(', ')},\nin capitals or not. A look that takes longer than ${lookSeconds} s is given up. ` +
        'What it would have told is NULL.\n',
    );
    print(
      '\nWhat job and doctor ask about tokenquery itself. No table is made of it, and no capture records it.\n',
    );
    for (const { source, argv, why } of list.own.commands)
      print(`\n${argv.join(' ')}\n  ${source}; ${why}\n`);
    for (const { source, paths, why } of list.own.files)
      print(`\n${paths.join('\n')}\n  ${source}; ${why}\n`);
    print(
      '\nFiles that are read of a mounted volume only (--source volume:PATH), never of the Mac that this runs on.\n',
    );
    for (const { path, stands_for: sources, why } of list.volume_only)
      print(`\n${path}\n  in place of ${sources.join(', ')}; ${why}\n`);
  }
  flush();
  return 0;
};

export const accessCommand: Command = {
  name: 'access',
  usage: 'tokenquery access [--json]',
  summary:
    'Prints the allow-list: everything that tokenquery may run, read or check, and which columns it serves.',
  options: { json: { type: 'boolean', description: 'As JSON.' }, ...pagerOption },
  positionals: { least: 0, most: 0 },
  examples: ['tokenquery access', 'tokenquery access --json'],
  run,
};
