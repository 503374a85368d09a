import type { Arguments, Command } from '../command.ts';
import { logOption, timeoutOption } from '../options.ts';

// What writes and reads Parquet is in a part of its own, which nothing else loads.
const run = async (given: Arguments): Promise<number> =>
  (await import(/* webpackMode: "eager" */ '../lake.ts')).runLake(given);

/** Engines for which views are written. */
const engines = ['duckdb', 'clickhouse'] as const;

const onlyReads = { option: 'db', because: 'it only reads the lake' };

export const lakeCommand: Command = {
  name: 'lake',
  usage:
    'tokenquery lake --db FILE --out DIR [--shard NAME] [--keep AGE]  |  lake --check --out DIR  |  lake --views ENGINE --out DIR  |  ' +
    'lake --psql --db FILE [--shard NAME] [--loaded FILE]',
  summary:
    'Publishes a database as Parquet files, which DuckDB, ClickHouse, Spark and others read, or loads it into PostgreSQL.',
  about: [
    'A lake is a folder, or a bucket, of one shard for each database. Parts of a shard have their digest in their name; one small',
    'file, shard=NAME.json, names those that count, and it alone is replaced. What did not change is not written again.',
    'docs/lake.md has the layout, and a recipe for each engine.',
  ],
  options: {
    out: {
      type: 'string',
      value: 'DIR',
      kind: 'file',
      description:
        'The lake: a folder, which is made where it is not there, or s3://BUCKET/PREFIX with the credentials of the environment.',
    },
    db: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description: 'The database to publish, or to load.',
    },
    shard: {
      type: 'string',
      value: 'NAME',
      goesWith: { option: 'db' },
      description:
        'What its part of the lake, or of what is loaded, is called: lower-case letters, digits, - and _; main by default.',
    },
    keep: {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      goesWith: { option: 'db' },
      description:
        'How long files stay that are named no more, for whoever is still reading them; 1h by default.',
    },
    check: {
      type: 'boolean',
      excludes: [onlyReads, { option: 'views' }],
      description:
        'Read the whole lake: each part against its digest, and whether a host stands in two shards. Exit code 1 where something is wrong.',
    },
    views: {
      type: 'string',
      value: 'ENGINE',
      choices: engines,
      excludes: [onlyReads],
      description: `Print SQL for ${engines.join(' or ')}: a view for each table of the store, over the parts that count now.`,
    },
    psql: {
      type: 'boolean',
      needs: { option: 'db' },
      excludes: ['out', 'check', 'views', 'keep'].map((option) => ({ option })),
      description:
        'Print a script for psql: it loads the database into PostgreSQL, in one transaction, under the names of the store.',
    },
    loaded: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      goesWith: { option: 'psql' },
      description:
        'What is loaded already, by psql -XAt -c "COPY tokenquery_loaded TO STDOUT" > FILE: the script has only hosts that changed.',
    },
    ...logOption,
    ...timeoutOption('no limit by default; what was published before stays'),
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery lake --db fleet.db --out lake',
    'tokenquery lake --db emea.db --out s3://inventory/tokenquery --shard emea',
    'tokenquery lake --check --out lake',
    'tokenquery lake --views duckdb --out lake > views.sql',
    'tokenquery lake --psql --db fleet.db | psql -Xq inventory',
  ],
  log: 'messages',
  limits: () => ({ what: 'the lake', seconds: null, isMemoryBounded: false }),
  run,
};
