/** SQL that makes, in an engine, a view for each table of the store, over the parts that count now. */
import { UserError } from '../../collector/errors.ts';
import { quoteName, quoteText } from '../../store/ddl.ts';
import { shardFolder } from './manifest.ts';
import type { Place } from './place.ts';
import { readLakeAt } from './reading.ts';
import type { LakeReading, Whole } from './reading.ts';
import type { ColumnType, LakeColumn } from './relations.ts';

interface Engine {
  readonly begin: readonly string[];
  /** What stands for the rows of a table behind FROM. */
  from(paths: readonly string[], columns: readonly LakeColumn[]): string;
}

/** In a list of paths too, DuckDB takes these for patterns. */
export const literalPath = (path: string): string => path.replaceAll(/[*?[]/g, '[$&]');

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
    from: (paths) =>
      `read_parquet([\n  ${paths.map((path) => quoteText(literalPath(path))).join(',\n  ')}\n], ` +
      'union_by_name = true, hive_partitioning = false)',
  },
  clickhouse: {
    begin: [
      '-- What the questions of tokenquery take for granted; also of the session that asks.',
      'SET join_use_nulls = 1, aggregate_functions_null_for_empty = 1, cast_keep_nullable = 1, transform_null_in = 0;',
      "SET union_default_mode = 'DISTINCT', use_hive_partitioning = 0, optimize_move_to_prewhere = 0;",
    ],
    from: (paths, columns) => {
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

const history = '_history';

const list = (columns: readonly LakeColumn[], row = ''): string =>
  columns.map(([name]) => `${row}${quoteName(name)}${row === '' ? '' : ` AS ${quoteName(name)}`}`).join(', ');

/** Throws UserError where a part that is named is not there, or of another length. */
const checkThere = async (place: Place, name: string, { parts }: Whole): Promise<void> => {
  const listed = new Map<string, ReadonlyMap<string, number>>();
  for (const { shard, part } of parts) {
    const folder = shardFolder(name, shard);
    const there =
      listed.get(folder) ??
      new Map((await place.list(folder)).map((file) => [`${folder}/${file.name}`, file.bytes]));
    listed.set(folder, there);
    const { path, bytes } = part;
    if (there.get(path) === bytes) continue;
    throw new UserError(
      `${place.pathOf(path)} ${there.has(path) ? `has not the ${bytes} bytes` : 'is not there'} that the manifest of ${shard} says`,
      'tokenquery lake --check tells what else is wrong; publish the shard again',
    );
  }
};

const viewText = (name: string, select: string): string =>
  `CREATE OR REPLACE VIEW ${quoteName(name)} AS ${select};`;

const latest = (columns: readonly LakeColumn[]): string =>
  `SELECT ${list(columns, 's.')} FROM snapshots s JOIN (SELECT host_id AS host_id, MAX(sequence) AS sequence FROM snapshots ` +
  'WHERE is_ahead = 0 GROUP BY host_id) l ON l.host_id = s.host_id AND l.sequence = s.sequence';

/** Where an engine on this machine finds a part. */
export const fileIn = (place: Place, path: string): string => place.fileOf?.(path) ?? place.pathOf(path);

const pathsOf = (place: Place, { parts }: Whole): readonly string[] =>
  parts.map(({ part }) => fileIn(place, part.path));

export interface DerivedView {
  readonly name: string;
  readonly columns: readonly LakeColumn[];
  readonly select: string;
}

/** What follows from a published table: what holds now, and the last snapshot of each host. */
export const viewsOver = (table: string, columns: readonly LakeColumn[]): readonly DerivedView[] => {
  if (table === 'snapshots') return [{ name: 'latest_snapshots', columns, select: latest(columns) }];
  if (!table.endsWith(history)) return [];
  const own = columns.filter(([column]) => !versionColumns.has(column) && column !== 'resolved_time');
  const select = `SELECT ${list(own)} FROM ${quoteName(table)} WHERE valid_until_time IS NULL`;
  return [{ name: table.slice(0, -history.length), columns: own, select }];
};

interface ViewName {
  /** What is read for it. */
  readonly table: string;
  readonly columns: readonly LakeColumn[];
}

/** The names that views of a lake have. */
export const viewNames = (tables: LakeReading['tables']): ReadonlyMap<string, ViewName> =>
  new Map(
    [...tables].flatMap(([table, whole]) =>
      [{ name: table, columns: whole.columns }, ...viewsOver(table, whole.columns)].map(
        ({ name, columns }) => [name, { table, columns }] as const,
      ),
    ),
  );

/** SQL of DuckDB that makes the views of some tables, of one host where it is given. */
export const duckdbViews = (
  { place, tables }: LakeReading,
  wanted: ReadonlySet<string>,
  hostId: string | null,
): readonly string[] =>
  [...tables].flatMap(([table, whole]) => {
    if (!wanted.has(table)) return [];
    const only = hostId === null ? '' : ` WHERE host_id = ${quoteText(hostId)}`;
    const from = engines.duckdb.from(pathsOf(place, whole));
    return [
      viewText(table, `SELECT ${list(whole.columns)} FROM ${from}${only}`),
      ...viewsOver(table, whole.columns).map(({ name, select }) => viewText(name, select)),
    ];
  });

/** The text of the views of a lake, for an engine. */
export const lakeViews = async (place: Place, name: EngineName): Promise<string> => {
  const engine: Engine = engines[name];
  const lines = [
    `-- The tables of ${place.pathOf().replaceAll(/[\r\n]/g, ' ')} as they are published now: make it anew after each publication.`,
  ];
  lines.push(...engine.begin);
  for (const [table, whole] of (await readLakeAt(place)).tables) {
    await checkThere(place, table, whole);
    const { columns } = whole;
    lines.push(
      viewText(table, `SELECT ${list(columns)} FROM ${engine.from(pathsOf(place, whole), columns)}`),
    );
    lines.push(...viewsOver(table, columns).map((own) => viewText(own.name, own.select)));
  }
  return `${lines.join('\n')}\n`;
};
