/**
 * What a lake says of itself: one small file for the whole of it, and one for each shard, which names every part by its digest.
 * What is read here somebody else may have written: nothing in it is used before it has its form.
 */
import { UserError } from '../../collector/errors.ts';
import type { ColumnType, LakeColumn } from './relations.ts';

export const lakeName = 'lake.json';
/** Of 10,000 hosts a manifest has some 20 kB. */
export const mostManifestBytes = 16 * 1024 * 1024;
const lakeFormat = 'tokenquery lake';
const shardFormat = 'tokenquery lake shard';
/** Of the layout of a lake: goes up with a change that an older tokenquery would read wrongly. */
const lakeVersion = 1;

export interface LakePart {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface LakeTable {
  readonly columns: readonly LakeColumn[];
  readonly rows: number;
  readonly parts: readonly LakePart[];
}

export interface Manifest {
  readonly shard: string;
  /** The level at which its snapshots are redacted; null for not at all. */
  readonly redaction: string | null;
  readonly toolVersion: string;
  readonly schemaVersion: number;
  readonly hosts: number;
  /** When the newest snapshot was taken. */
  readonly newestTime: number | null;
  readonly tables: ReadonlyMap<string, LakeTable>;
}

/** Lower case: on most Macs, names that differ in case alone are one file. */
export const isShardName = (name: string): boolean => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name);

export const manifestName = (shard: string): string => `shard=${shard}.json`;
/** The shard that a file at the top of a lake is the manifest of; null for another file. */
export const shardOfName = (name: string): string | null => {
  const shard = /^shard=(.+)\.json$/.exec(name)?.[1] ?? '';
  return isShardName(shard) ? shard : null;
};

export const shardFolder = (table: string, shard: string): string => `tbl=${table}/shard=${shard}`;
export const partPath = (table: string, shard: string, number: number, sha256: string): string =>
  `${shardFolder(table, shard)}/part-${String(number).padStart(4, '0')}-${sha256.slice(0, 32)}.parquet`;

/** Of the lake as a whole, by which it is known and which keeps levels of redaction apart. */
export const lakeText = (redaction: string | null): string =>
  `${JSON.stringify({ format: lakeFormat, version: lakeVersion, redaction })}\n`;

export const manifestText = (manifest: Manifest): string => {
  const { shard, redaction, toolVersion, schemaVersion, hosts, newestTime, tables } = manifest;
  return `${JSON.stringify(
    {
      ...{ format: shardFormat, version: lakeVersion, shard, redaction },
      ...{ tool_version: toolVersion, schema_version: schemaVersion, hosts, newest_time: newestTime },
      tables: Object.fromEntries(tables),
    },
    null,
    1,
  )}\n`;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isWord = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(value);
const isLevel = (value: unknown): value is string | null => value === null || isWord(value);
const isType = (value: unknown): value is ColumnType =>
  value === 'TEXT' || value === 'INTEGER' || value === 'REAL';

/** It cannot be read; to publish puts a good one in its place. */
export class DamagedManifest extends UserError {}

const damaged = (place: string, what: string): UserError =>
  new DamagedManifest(
    `${place} is not as tokenquery writes it: ${what}`,
    'publish the shard again, or put back a copy',
  );

/** The fields of a text that has this format; throws UserError for what is none, and for one of a newer version. */
const fieldsOf = (text: string, place: string, format: string): Fields => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(place, 'it is no JSON');
  }
  if (!isFields(json) || json['format'] !== format) throw damaged(place, `it is no ${format}`);
  const { version } = json;
  if (version !== lakeVersion)
    throw new UserError(
      `${place} was written by a newer tokenquery: it has version ${JSON.stringify(version)}, and this one knows ${lakeVersion}`,
      'nothing of it was read; use the newer tokenquery',
    );
  return json;
};

/** The level of redaction of a lake. */
export const readLake = (text: string, place: string): string | null => {
  const { redaction } = fieldsOf(text, place, lakeFormat);
  if (!isLevel(redaction)) throw damaged(place, 'redaction');
  return redaction;
};

const partOf = (value: unknown, table: string, shard: string, number: number): LakePart | null => {
  if (!isFields(value)) return null;
  const { path, rows, bytes, sha256 } = value;
  if (!isCount(rows) || !isCount(bytes)) return null;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  // It names no other file than one of its own.
  return path === partPath(table, shard, number, sha256) ? { path, rows, bytes, sha256 } : null;
};

const columnsOf = (value: unknown): LakeColumn[] | null => {
  if (!Array.isArray(value) || value.length === 0) return null;
  const columns = value.flatMap((pair: unknown): LakeColumn[] => {
    if (!Array.isArray(pair) || pair.length !== 2) return [];
    const [name, type] = pair as unknown[];
    return isWord(name) && isType(type) ? [[name, type]] : [];
  });
  const isWhole = columns.length === value.length;
  return isWhole && new Set(columns.map(([name]) => name)).size === columns.length ? columns : null;
};

const tableOf = (value: unknown, name: string, shard: string): LakeTable | null => {
  if (!isWord(name) || !isFields(value) || !isCount(value['rows']) || !Array.isArray(value['parts']))
    return null;
  const columns = columnsOf(value['columns']);
  const all = value['parts'] as unknown[];
  const parts = all.flatMap((part, index) => partOf(part, name, shard, index) ?? []);
  if (columns === null || parts.length !== all.length || parts.length === 0) return null;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return rows === value['rows'] ? { columns, rows, parts } : null;
};

/** @param place Where it lies, for errors. */
export const readManifest = (text: string, shard: string, place: string): Manifest => {
  const fields = fieldsOf(text, place, shardFormat);
  const { redaction, tool_version: toolVersion, schema_version: schemaVersion } = fields;
  const { hosts, newest_time: newestTime } = fields;
  if (fields['shard'] !== shard)
    throw damaged(place, `it speaks of shard ${JSON.stringify(fields['shard'])}`);
  if (!isLevel(redaction)) throw damaged(place, 'redaction');
  if (typeof toolVersion !== 'string' || !isCount(schemaVersion) || !isCount(hosts))
    throw damaged(place, 'tool_version, schema_version or hosts');
  if (newestTime !== null && !Number.isSafeInteger(newestTime)) throw damaged(place, 'newest_time');
  if (!isFields(fields['tables'])) throw damaged(place, 'tables');
  const tables = new Map<string, LakeTable>();
  for (const [name, value] of Object.entries(fields['tables'])) {
    const table = tableOf(value, name, shard);
    if (table === null) throw damaged(place, `the table ${JSON.stringify(name)}`);
    tables.set(name, table);
  }
  return {
    ...{ shard, redaction, toolVersion, schemaVersion, hosts, tables },
    newestTime: newestTime as number | null,
  };
};
