/** Reads FOLDER/*.ndjson into the tables of a DuckDB file: `node duckdb_insert.ts FOLDER FILE`. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [folder = '', file = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(file);
const duckdb = await instance.connect();
for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.ndjson')))
  await duckdb.run(
    `CREATE TABLE "${basename(name, '.ndjson')}" AS SELECT * FROM read_ndjson('${join(folder, name)}')`,
  );
duckdb.closeSync();
instance.closeSync();
