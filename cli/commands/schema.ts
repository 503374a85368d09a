import { UserError } from '../../collector/errors.ts';
import { privacyText } from '../../collector/privacy.ts';
import { privilegeOf, privilegeWords } from '../../collector/privilege.ts';
import { allColumns, remarksOf } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import { createInDialect, dialectNames } from '../../export/dialects.ts';
import { createTable } from '../../store/ddl.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { alternatives } from '../checks.ts';
import { flush, print } from '../output.ts';
import { pagerOption } from '../options.ts';
import { tableNamed } from '../table_options.ts';

/** All that the declaration of a column says. */
const columnJson = (name: string, column: Column) => ({
  name,
  type: column.type,
  boolean: column.isBoolean === true,
  nullable: column.isRequired !== true,
  ...(column.unit === undefined ? {} : { unit: column.unit }),
  ...(column.values === undefined ? {} : { values: column.values }),
  ...(column.nullBecause === undefined ? {} : { null_because: column.nullBecause }),
  ...(column.include === undefined ? {} : { whole_with: `--include ${column.include}` }),
  ...(column.nullIsAnswer === undefined ? {} : { null_means: column.nullIsAnswer }),
  description: column.description,
  ...(column.example === '' ? {} : { example: column.example }),
});

export const tableJson = (table: Table) => ({
  name: table.name,
  description: table.description,
  privilege: privilegeOf(table),
  macos: table.macos,
  sources: table.sourcesLabel === undefined ? table.sources : [table.sourcesLabel],
  key: table.key,
  columns: allColumns(table).map(([name, column]) => columnJson(name, column)),
  ...(table.notes === undefined ? {} : { notes: table.notes }),
  examples: table.examples,
});

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The documentation page of a table. */
export const tableMarkdown = (table: Table): string => {
  const rows = allColumns(table).map(([name, column]) => {
    const kind = column.isBoolean === true ? `${column.type} (1, 0 or NULL)` : column.type;
    const values =
      column.values === undefined
        ? ''
        : ` One of ${column.values.map((value) => `\`${value}\``).join(', ')}.`;
    const unit = column.unit === 'unix_seconds' ? 'seconds since 1970, UTC' : (column.unit ?? '');
    const example = column.example === '' ? '' : `\`${column.example}\``;
    return `| \`${name}\` | ${kind} | ${unit} | ${cell(column.description + values + remarksOf(table, name))} | ${privacyText(column.privacy)} | ${cell(example)} |`;
  });
  return [
    `# ${table.name}\n`,
    `${table.description}\n`,
    `- Needs: ${privilegeWords[privilegeOf(table)]}`,
    `- macOS: ${table.macos}`,
    `- Sources: ${table.sourcesLabel ?? table.sources.map((source) => `\`${source}\``).join(', ')}`,
    `- One row per: ${table.key.length === 0 ? 'host' : table.key.map((name) => `\`${name}\``).join(', ')}\n`,
    '| column | type | unit | what it says | privacy | example |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'What becomes of each privacy class in a redacted export is in docs/privacy.md.\n',
    ...(table.notes ?? []).map((note) => `${note}\n`),
    '## Examples\n',
    ...table.examples.map((example) => `\`\`\`sql\n${example}\n\`\`\`\n`),
  ].join('\n');
};

const printJsonSchema = async (names: readonly string[]): Promise<void> => {
  const { nativeSchema, rowSchema, schemaTables } = await import(
    /* webpackMode: "eager" */ '../../export/json_schema.ts'
  );
  const all = schemaTables(tables);
  const schemas = names.map((name) =>
    rowSchema(all.find((table) => table.name === name) ?? tableNamed(name)),
  );
  if (schemas.length === 0) schemas.push(nativeSchema(tables));
  print(`${JSON.stringify(schemas.length === 1 ? schemas[0] : schemas, null, 1)}\n`);
};

/** The schemas of files that somebody reviews, by the option that prints them. */
const reviewedSchemas = {
  exceptions: async () =>
    (await import(/* webpackMode: "eager" */ '../../queries/exceptions.ts')).exceptionsSchema(),
  overlay: async () => (await import(/* webpackMode: "eager" */ '../../queries/overlay.ts')).overlaySchema(),
} as const;
const reviewedNames = Object.keys(reviewedSchemas) as (keyof typeof reviewedSchemas)[];

const printReviewedSchema = async (
  name: keyof typeof reviewedSchemas,
  { positionals }: Arguments,
): Promise<void> => {
  if (positionals.length > 0)
    throw new UserError(
      `--${name} is of a file, and takes no name of a table`,
      `tokenquery schema --${name} prints the schema of the file`,
      2,
    );
  print(`${JSON.stringify(await reviewedSchemas[name](), null, 1)}\n`);
};

const run = async (given: Arguments): Promise<number> => {
  const reviewed = reviewedNames.find((name) => given.flag(name));
  if (reviewed !== undefined) {
    await printReviewedSchema(reviewed, given);
    flush();
    return 0;
  }
  if (given.flag('json-schema')) {
    await printJsonSchema(given.positionals);
    flush();
    return 0;
  }
  const wanted = given.positionals.length === 0 ? tables : given.positionals.map(tableNamed);
  const dialect = dialectNames.find((name) => name === given.text('dialect'));
  if (dialect !== undefined) {
    print(`${createInDialect(wanted, dialect, given.positionals.length === 0).join('\n\n')}\n`);
    flush();
    return 0;
  }
  if (given.flag('json'))
    print(`${JSON.stringify({ version: 1, tables: wanted.map(tableJson) }, null, 1)}\n`);
  else if (given.flag('markdown')) print(wanted.map(tableMarkdown).join('\n'));
  else print(`${wanted.map(createTable).join('\n\n')}\n`);
  flush();
  return 0;
};

export const schemaCommand: Command = {
  name: 'schema',
  usage:
    'tokenquery schema [NAME…] [--sql|--json|--markdown|--json-schema|--exceptions|--overlay|--dialect NAME]',
  summary: 'Prints the declaration of tables.',
  options: {
    ...pagerOption,
    ...alternatives({
      sql: { type: 'boolean', description: 'CREATE TABLE statements (the default).' },
      json: { type: 'boolean', description: 'Everything that is declared, as JSON.' },
      markdown: { type: 'boolean', description: 'The documentation pages.' },
      'json-schema': {
        type: 'boolean',
        description: 'JSON Schema 2020-12 of a native export: of the rows of NAME, or of every line.',
      },
      exceptions: {
        type: 'boolean',
        description: 'JSON Schema 2020-12 of the file that findings --exceptions takes.',
      },
      overlay: {
        type: 'boolean',
        description: 'JSON Schema 2020-12 of the files of the folder that findings --overlay takes.',
      },
      dialect: {
        type: 'string',
        value: 'NAME',
        choices: dialectNames,
        description: `CREATE TABLE statements that take an export as CSV: ${dialectNames.join(', ')}.`,
      },
    }),
  },
  positionals: { least: 0, most: 100 },
  examples: [
    'tokenquery schema users',
    'tokenquery schema --json',
    'tokenquery schema users --json-schema',
    'tokenquery schema --dialect postgres | psql',
  ],
  run,
};
