import { privilegeOf, privilegeWords } from '../../collector/privilege.ts';
import { allColumns, hostIdColumn } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import type { OsqueryView } from '../../queries/osquery_views.ts';
import { tables } from '../../tables/index.ts';
import { alignColumns, paragraph } from '../args.ts';
import type { Arguments, Command } from '../command.ts';
import { flush, jsonRow, print } from '../output.ts';
import { pagerOption } from '../options.ts';
import { tableNamed } from '../table_options.ts';

type SummaryModule = typeof import('../../queries/host_summary.ts');

const kindOf = (column: Column): string => (column.isBoolean === true ? '1, 0 or NULL' : column.type);

const describe = (table: Table): string => {
  const lines = allColumns(table).map(([name, column]): [string, string] => {
    const values = column.values === undefined ? '' : ` One of: ${column.values.join(', ')}.`;
    return [`${name}  ${kindOf(column)}`, `${column.description}${values}`];
  });
  return [
    paragraph(`${table.name}: ${table.description}`),
    `${paragraph(`Needs: ${privilegeWords[privilegeOf(table)]}. macOS: ${table.macos}. Sources: ${table.sourcesLabel ?? table.sources.join(', ')}.`)}\n`,
    alignColumns(lines),
    ...(table.notes === undefined ? [] : ['', ...table.notes.map((note) => paragraph(`Note: ${note}`))]),
    '\nExamples:',
    ...table.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
};

const describeSummary = ({ hostSummary }: SummaryModule): string => {
  const { name, description, columns, notes, example } = hostSummary;
  const lines = columns.map((column): [string, string] => {
    const needs = column.needs.length === 0 ? '' : ` NULL without ${column.needs.join(', ')}.`;
    return [`${column.name}  ${column.type}`, `${column.description}${needs}`];
  });
  return [
    paragraph(`${name}: ${description}`),
    `${paragraph('A view that query makes of the tables: no database and no export has it.')}\n`,
    alignColumns(lines),
    ...['', ...notes.map((note) => paragraph(`Note: ${note}`))],
    '\nExamples:',
    `  ${example}`,
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
    paragraph(`${name}: ${description}`),
    `${paragraph(`A table of osquery, made from ${madeOf.join(', ')}. It is in query and in packs alone: no database and no export has it.`)}\n`,
    alignColumns([...lines, ['host_id  TEXT', hostIdColumn.description]]),
    ...[
      '',
      ...[...notes, 'docs/osquery.md says what differs from osquery.'].map((note) =>
        paragraph(`Note: ${note}`),
      ),
    ],
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

type Described = readonly { readonly name: string; readonly description: string }[];

const listText = (all: Described): string =>
  alignColumns(all.map(({ name, description }) => [name, description]));

const run = async (given: Arguments): Promise<number> => {
  const [name] = given.positionals;
  const summary = await import(/* webpackMode: "eager" */ '../../queries/host_summary.ts');
  const { osqueryView, osqueryViews } = await import(
    /* webpackMode: "eager" */ '../../queries/osquery_views.ts'
  );
  const view = name === undefined ? undefined : osqueryView(name);
  // What is declared of tables has no views of a query in it.
  if (given.flag('json')) print(listJson(name === undefined ? tables : [tableNamed(name)]));
  else if (name === undefined)
    print(
      `${listText(tables)}\n\nA view of them, which query makes:\n${listText([summary.hostSummary])}\n\n` +
        `osquery's tables, made from ours:\n${listText(osqueryViews)}\n`,
    );
  else if (name.toLowerCase() === summary.hostSummary.name) print(describeSummary(summary));
  else print(view === undefined ? describe(tableNamed(name)) : describeView(view));
  flush();
  return 0;
};

export const tablesCommand: Command = {
  name: 'tables',
  usage: 'tokenquery tables [NAME]',
  summary: 'Lists the tables, or describes one, also those of osquery that query has.',
  options: { json: { type: 'boolean', description: 'As JSON.' }, ...pagerOption },
  positionals: { least: 0, most: 1 },
  examples: ['tokenquery tables', 'tokenquery tables secure_tokens'],
  run,
};
