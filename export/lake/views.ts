/** SQL that makes, in an engine, a view for each table of the store, over the parts that count now. */
import { UserError } from '../../collector/errors.ts';
import { quoteName, quoteText } from '../../store/ddl.ts';
import { shardFolder } from './manifest.ts';
import type { LakeTable, Manifest } from './manifest.ts';
import type { Place } from './place.ts';
import type { ColumnType, LakeColumn } from './relations.ts';
import { openLake, readShard, shardNames } from './shards.ts';

/** One table of all shards. */
interface Whole {
  readonly columns: readonly LakeColumn[];
  readonly paths: readonly string[];
}

interface Engine {
  readonly begin: readonly string[];
  /** What stands for the rows of a table behind FROM. */
  from(whole: Whole): string;
}

/** In a list of paths too, DuckDB takes these for patterns. */
const literalPath = (path: string): string => path.replaceAll(/[*?[]/g, '[$&]');

const clickhouseTypes: Readonly<Record<ColumnType, string>> = {
  TEXT: 'Nullable(String)',
  INTEGER: 'Nullable(Int64)',
  REAL: 'Nullable(Float64)',
};

/** Several paths in one text: ClickHouse knows no list, and cannot be told that a brace is one. */
const braced = (paths: readonly string[]): string => {
  const strange = paths.find((path) => /[*?{}[\],\\]/.test(path));
  if (strange !== undefined)
    throw new UserError(
      `ClickHouse would take ${strange} for a pattern`,
      'name a lake whose path has none of * ? { } [ ] , and \\',
    );
  return quoteText(paths.length === 1 ? (paths[0] ?? '') : `{${paths.join(',')}}`);
};

const engines = {
  duckdb: {
    begin: [
      '-- DuckDB would load what it lacks from the network by itself.',
      'SET autoinstall_known_extensions = false;',
      'SET autoload_known_extensions = false;',
    ],
    from: ({ paths }) =>
      `read_parquet([\n  ${paths.map((path) => quoteText(literalPath(path))).join(',\n  ')}\n], ` +
      'union_by_name = true, hive_partitioning = false)',
  },
  clickhouse: {
    begin: [
      '-- What the questions of tokenquery take for granted; also of the session that asks.',
      'SET join_use_nulls = 1, aggregate_functions_null_for_empty = 1, cast_keep_nullable = 1, transform_null_in = 0;',
      "SET union_default_mode = 'DISTINCT', use_hive_partitioning = 0, optimize_move_to_prewhere = 0;",
    ],
    from: ({ columns, paths }) => {
      const structure = columns
        .map(([name, type]) => `${quoteName(name)} ${clickhouseTypes[type]}`)
        .join(', ');
      const source = paths[0]?.startsWith('s3://') === true ? 's3' : 'file';
      return `${source}(${braced(paths)}, ${quoteText('Parquet')}, ${quoteText(structure)})`;
    },
  },
} as const satisfies Readonly<Record<string, Engine>>;

export type EngineName = keyof typeof engines;

const versionColumns = new Set([
  'valid_from_time',
  'valid_until_time',
  'first_snapshot_id',
  'last_snapshot_id',
]);

const list = (columns: readonly LakeColumn[], row = ''): string =>
  columns.map(([name]) => `${row}${quoteName(name)}${row === '' ? '' : ` AS ${quoteName(name)}`}`).join(', ');

interface Gathered {
  readonly columns: Map<string, ColumnType>;
  readonly paths: string[];
}

/** The tables of all shards. Throws UserError where a part that is named is not there, or of another length. */
const wholeTables = async (place: Place): Promise<ReadonlyMap<string, Whole>> => {
  await openLake(place);
  const names = await shardNames(place);
  if (names.length === 0)
    throw new UserError(`${place.pathOf()} has no shard yet`, 'tokenquery lake --db FILE publishes one');
  const wholes = new Map<string, Gathered>();
  for (const shard of names) {
    const manifest = await readShard(place, shard);
    for (const [name, table] of manifest.tables) {
      await checkThere(place, manifest, name, table);
      const whole: Gathered = wholes.get(name) ?? { columns: new Map(), paths: [] };
      wholes.set(name, whole);
      for (const [column, type] of table.columns) whole.columns.set(column, type);
      whole.paths.push(...table.parts.map(({ path }) => place.pathOf(path)));
    }
  }
  return new Map([...wholes].map(([name, { columns, paths }]) => [name, { columns: [...columns], paths }]));
};

const checkThere = async (
  place: Place,
  { shard }: Manifest,
  name: string,
  { parts }: LakeTable,
): Promise<void> => {
  const folder = shardFolder(name, shard);
  const there = new Map((await place.list(folder)).map((file) => [`${folder}/${file.name}`, file.bytes]));
  for (const { path, bytes } of parts) {
    if (there.get(path) === bytes) continue;
    throw new UserError(
      `${place.pathOf(path)} ${there.has(path) ? `has not the ${bytes} bytes` : 'is not there'} that the manifest of ${shard} says`,
      'tokenquery lake --check tells what else is wrong; publish the shard again',
    );
  }
};

/** A view, and what it selects. */
export type NamedView = readonly [name: string, select: string];

const latest = (columns: readonly LakeColumn[]): string =>
  `SELECT ${list(columns, 's.')} FROM snapshots s JOIN (SELECT host_id AS host_id, MAX(sequence) AS sequence FROM snapshots ` +
  'WHERE is_ahead = 0 GROUP BY host_id) l ON l.host_id = s.host_id AND l.sequence = s.sequence';

/** The views over a table that is there under its own name: those of the names that mean the present. */
export const viewsOver = (table: string, columns: readonly LakeColumn[]): readonly NamedView[] => {
  if (table === 'snapshots') return [['latest_snapshots', latest(columns)]];
  if (!table.endsWith('_history')) return [];
  const own = columns.filter(([column]) => !versionColumns.has(column) && column !== 'resolved_time');
  const plain = table.slice(0, -'_history'.length);
  return [[plain, `SELECT ${list(own)} FROM ${quoteName(table)} WHERE valid_until_time IS NULL`]];
};

/** The text of the views of a lake, for an engine. */
export const lakeViews = async (place: Place, name: EngineName): Promise<string> => {
  const engine: Engine = engines[name];
  const lines = [
    `-- The tables of ${place.pathOf().replaceAll(/[\r\n]/g, ' ')} as they are published now: make it anew after each publication.`,
  ];
  lines.push(...engine.begin);
  for (const [table, whole] of await wholeTables(place)) {
    const { columns } = whole;
    const own: NamedView = [table, `SELECT ${list(columns)} FROM ${engine.from(whole)}`];
    for (const [view, select] of [own, ...viewsOver(table, columns)])
      lines.push(`CREATE OR REPLACE VIEW ${quoteName(view)} AS ${select};`);
  }
  return `${lines.join('\n')}\n`;
};
