import { privilegeOf, privilegeWords } from '../../collector/privilege.ts';
import { allColumns } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { alignColumns, paragraph } from '../args.ts';
import type { Arguments, Command } from '../command.ts';
import { flush, jsonRow, print } from '../output.ts';
import { pagerOption, tableNamed } from '../options.ts';

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
    `${name}: ${description}`,
    `A view that query makes of the tables: no database and no export has it.\n`,
    alignColumns(lines),
    ...['', ...notes.map((note) => `Note: ${note}`)],
    '\nExamples:',
    `  ${example}`,
    '',
  ].join('\n');
};

const run = async (given: Arguments): Promise<number> => {
  const [name] = given.positionals;
  const summary = await import(/* webpackMode: "eager" */ '../../queries/host_summary.ts');
  const { hostSummary } = summary;
  if (given.flag('json')) {
    const rows = (name === undefined ? tables : [tableNamed(name)]).map((table) =>
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
    print(`[\n  ${rows.join(',\n  ')}\n]\n`);
  } else if (name === undefined) {
    print(`${alignColumns(tables.map((table) => [table.name, table.description]))}\n`);
    print(
      `\nA view of them, which query makes:\n${alignColumns([[hostSummary.name, hostSummary.description]])}\n`,
    );
  } else if (name.toLowerCase() === hostSummary.name) print(describeSummary(summary));
  else print(describe(tableNamed(name)));
  flush();
  return 0;
};

export const tablesCommand: Command = {
  name: 'tables',
  usage: 'tokenquery tables [NAME]',
  summary: 'Lists the tables, or describes one.',
  options: { json: { type: 'boolean', description: 'As JSON.' }, ...pagerOption },
  positionals: { least: 0, most: 1 },
  examples: ['tokenquery tables', 'tokenquery tables secure_tokens'],
  run,
};
