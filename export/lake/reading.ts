/**
 * A lake as it is read: what its manifests name, all shards together. Nothing is taken of it that contradicts itself, and a part is
 * looked at before any row of it counts.
 */
import { UserError } from '../../collector/errors.ts';
import type { LakePart, LakeTable, Manifest } from './manifest.ts';
import type { Place } from './place.ts';
import type { ColumnType, LakeColumn } from './relations.ts';
import { openLake, readShard, shardNames } from './shards.ts';

/** A part of a table, of some shard. */
interface PlacedPart {
  readonly shard: string;
  readonly table: LakeTable;
  readonly part: LakePart;
}

/** One table of all shards. */
export interface Whole {
  /** Those of any shard: one that has fewer was published by an older version, and does not know the others. */
  readonly columns: readonly LakeColumn[];
  readonly parts: readonly PlacedPart[];
}

export interface LakeReading {
  readonly place: Place;
  readonly redaction: string | null;
  readonly manifests: readonly Manifest[];
  readonly tables: ReadonlyMap<string, Whole>;
}

interface Gathered {
  readonly columns: Map<string, ColumnType>;
  readonly parts: PlacedPart[];
}

const gather = (wholes: Map<string, Gathered>, { shard, tables }: Manifest): void => {
  for (const [name, table] of tables) {
    const whole: Gathered = wholes.get(name) ?? { columns: new Map(), parts: [] };
    wholes.set(name, whole);
    for (const [column, type] of table.columns) {
      const known = whole.columns.get(column) ?? type;
      if (known !== type)
        throw new UserError(
          `${name}.${column} is ${type} in the shard ${shard} and ${known} in another`,
          'publish all shards with the same version of tokenquery',
        );
      whole.columns.set(column, type);
    }
    whole.parts.push(...table.parts.map((part) => ({ shard, table, part })));
  }
};

/** The manifests of a lake, held against each other. Throws UserError for what is no lake, or a damaged one. */
export const readLakeAt = async (place: Place): Promise<LakeReading> => {
  const redaction = await openLake(place);
  const names = await shardNames(place);
  if (names.length === 0)
    throw new UserError(`${place.pathOf()} has no shard yet`, 'tokenquery lake --db FILE publishes one');
  const manifests: Manifest[] = [];
  const wholes = new Map<string, Gathered>();
  for (const shard of names) {
    const manifest = await readShard(place, shard);
    if (manifest.redaction !== redaction)
      throw new UserError(
        `the shard ${shard} is redacted otherwise (${manifest.redaction ?? 'none'}) than the lake (${redaction ?? 'none'})`,
        'publish it to a lake of its own: the same user would be two',
      );
    gather(wholes, manifest);
    manifests.push(manifest);
  }
  const tables = new Map(
    [...wholes].map(([name, { columns, parts }]) => [name, { columns: [...columns], parts }]),
  );
  return { place, redaction, manifests, tables };
};

/** Throws UserError where there are fewer hosts than the shards say: then one is in two of them, and would count twice. */
export const checkHosts = ({ manifests }: LakeReading, there: number): void => {
  const said = manifests.reduce((sum, { hosts }) => sum + hosts, 0);
  if (said === there) return;
  throw new UserError(
    `the shards say that they have ${said} hosts, and there are ${there}: a host is in two of them, or one of them is wrong`,
    'tokenquery lake --check names it; nothing was counted',
  );
};
