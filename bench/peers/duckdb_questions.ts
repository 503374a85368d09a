/** Asks the questions of the library of a lake, by DuckDB: `node duckdb_questions.ts LAKE NOW THREADS`. Prints what the asking took, and the rows of each. */
import { DuckDBInstance } from '@duckdb/node-api';
import { folderPlace } from '../../export/lake/folder.ts';
import { lakeViews } from '../../export/lake/views.ts';
import { queries } from '../../queries/index.ts';

const [lake = '', now = '', threads = '1'] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads });
const duckdb = await instance.connect();
await duckdb.run(await lakeViews(folderPlace(lake), 'duckdb'));
const [used, began] = [process.cpuUsage(), performance.now()];
const rows: Record<string, number> = {};
for (const { name, sql } of queries) {
  const text = sql.replaceAll(/'(?:[^']|'')*'|--[^\n]*|:now\b/g, (part) => (part === ':now' ? now : part));
  rows[name] = (await duckdb.runAndReadAll(text)).currentRowCount;
}
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(used);
process.stdout.write(`${JSON.stringify({ seconds, processor: (user + system) / 1e6, rows })}\n`);
duckdb.closeSync();
instance.closeSync();
