import { privilegeOf, privilegeWords } from '../../collector/privilege.ts';
import { allColumns, hostIdColumn } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import type { OsqueryView } from '../../queries/osquery_views.ts';
import { tables } from '../../tables/index.ts';
import { alignColumns } from '../args.ts';
import type { Arguments, Command } from '../command.ts';
import { flush, jsonRow, print } from '../output.ts';
import { tableNamed } from '../options.ts';

const kindOf = (column: Column): string => (column.isBoolean === true ? '1, 0 or NULL' : column.type);

const describe = (table: Table): string => {
  const lines = allColumns(table).map(([name, column]): [string, string] => {
    const values = column.values === undefined ? '' : ` One of: ${column.values.join(', ')}.`;
    return [`${name}  ${kindOf(column)}`, `${column.description}${values}`];
  });
  return [
    `${table.name}: ${table.description}`,
    `Needs: ${privilegeWords[privilegeOf(table)]}. macOS: ${table.macos}. Sources: ${table.sourcesLabel ?? table.sources.join(', ')}.\n`,
    alignColumns(lines),
    ...(table.notes === undefined ? [] : ['', ...table.notes.map((note) => `Note: ${note}`)]),
    '\nExamples:',
    ...table.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
};

const describeView = ({ name, description, madeOf, columns, notes, example }: OsqueryView): string => {
  const lines = Object.entries(columns).map(([column, known]): [string, string] => {
    const values = known.values === undefined ? '' : ` One of: ${known.values.join(', ')}.`;
    return [
      `${column}  ${known.isBoolean === true ? '1, 0 or NULL' : known.type}`,
      `${known.description}${values}`,
    ];
  });
  return [
    `${name}: ${description}`,
    `A table of osquery, made from ${madeOf.join(', ')}. It is in query and in packs alone: no database and no export has it.\n`,
    alignColumns([...lines, ['host_id  TEXT', hostIdColumn.description]]),
    ...['', ...notes.map((note) => `Note: ${note}`), 'Note: docs/osquery.md says what differs from osquery.'],
    '\nExamples:',
    `  ${example}`,
    '',
  ].join('\n');
};

const listJson = (shown: readonly Table[]): string => {
  const rows = shown.map((table) =>
    jsonRow(
      ['name', 'description', 'privilege', 'macos', 'columns'],
      [
        table.name,
        table.description,
        privilegeOf(table),
        table.macos,
        allColumns(table)
          .map(([column]) => column)
          .join(','),
      ],
    ),
  );
  return `[\n  ${rows.join(',\n  ')}\n]\n`;
};

const run = async (given: Arguments): Promise<number> => {
  const [name] = given.positionals;
  const { osqueryView, osqueryViews } = await import(
    /* webpackMode: "eager" */ '../../queries/osquery_views.ts'
  );
  const view = name === undefined || given.flag('json') ? undefined : osqueryView(name);
  if (view !== undefined) print(describeView(view));
  // What is declared of tables has no views of a query in it.
  else if (given.flag('json')) print(listJson(name === undefined ? tables : [tableNamed(name)]));
  else if (name === undefined) {
    const list = (all: readonly { readonly name: string; readonly description: string }[]): string =>
      alignColumns(all.map((one) => [one.name, one.description]));
    print(`${list(tables)}\n\nosquery's tables, made from ours:\n${list(osqueryViews)}\n`);
  } else print(describe(tableNamed(name)));
  flush();
  return 0;
};

export const tablesCommand: Command = {
  name: 'tables',
  usage: 'tokenquery tables [NAME]',
  summary: 'Lists the tables, or describes one, also those of osquery that query has.',
  options: { json: { type: 'boolean', description: 'As JSON.' } },
  positionals: { least: 0, most: 1 },
  examples: ['tokenquery tables', 'tokenquery tables secure_tokens'],
  run,
};
