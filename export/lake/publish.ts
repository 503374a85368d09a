/**
 * Publishes a store as one shard of a lake. New parts come first, under names that have their digest; then one small file names
 * them, and only this is replaced. Whoever reads what that file names sees the shard as it was, or as it is now.
 */
import { hash } from 'node:crypto';
import { UserError } from '../../collector/errors.ts';
import type { Table } from '../../collector/table.ts';
import type { Db } from '../../store/database.ts';
import type { Store } from '../../store/store.ts';
import { schemaVersion } from '../../store/schema.ts';
import { levelText } from '../../store/snapshot.ts';
import {
  DamagedManifest,
  lakeName,
  lakeText,
  manifestName,
  manifestText,
  mostManifestBytes,
  partPath,
  readLake,
  readManifest,
  shardFolder,
} from './manifest.ts';
import type { LakePart, LakeTable, Manifest } from './manifest.ts';
import { partsOf } from './part.ts';
import type { Place, Placed } from './place.ts';
import { relationsOf } from './relations.ts';
import type { Relation } from './relations.ts';
import { lakeRows } from './rows.ts';
import type { Lane } from './threads.ts';

export interface Publication {
  readonly shard: string;
  /** Seconds for which a file that is named no more stays. */
  readonly keep: number;
  readonly now: number;
  readonly toolVersion: string;
  /** Where parts are made in threads that read the same moment as the store; else they are made here. */
  readonly lanes?: readonly Lane[];
  /** Told how many of the relations are done. */
  readonly progress?: (done: number, of: number) => void;
}

export interface Published {
  readonly rows: number;
  readonly bytes: number;
  /** What was written this time, and removed. */
  readonly written: number;
  readonly removed: number;
  readonly isChanged: boolean;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** The one level of all snapshots; in a lake of several, the same user would be two. */
export const redactionOf = ({ db, path }: Store): string | null => {
  const levels = db.prepare('SELECT DISTINCT redaction FROM main._snapshot ORDER BY 1').pluck().all() as (
    | string
    | null
  )[];
  if (levels.length === 0)
    throw new UserError(`${path} holds no snapshot`, `tokenquery snapshot --db ${path} makes one`);
  if (levels.length > 1)
    throw new UserError(
      `${path} holds what is ${levels.map(levelText).join(' and ')}`,
      'merge what is of one level into a database of its own, and publish that',
    );
  return levels[0] ?? null;
};

/** What a run that was killed leaves before the lake has its name, and what a Mac puts into every folder. */
const isNothing = ({ name }: Placed): boolean =>
  name === '.DS_Store' || name.endsWith('.tmp') || name.endsWith('.json.lock');

/** Refuses a place that is of something else; begins a lake in an empty one. */
const enterLake = async (place: Place, redaction: string | null): Promise<void> => {
  await place.prepare();
  const known = await place.read(lakeName, mostManifestBytes);
  if (known === null) {
    const other = (await place.list('')).find((one) => !isNothing(one));
    if (other !== undefined)
      throw new UserError(
        `${place.pathOf()} holds something else: ${other.name}`,
        'nothing was written; name a folder that is empty or not there, or that of a lake',
      );
    await place.write(lakeName, Buffer.from(lakeText(redaction)));
    return;
  }
  const own = readLake(text(known), place.pathOf(lakeName));
  if (own !== redaction)
    throw new UserError(
      `the database is ${levelText(redaction)}, and ${place.pathOf()} holds what is ${levelText(own)}`,
      'publish it to another place: the same user would be two in one lake',
    );
};

/** A damaged one names nothing: what is published now takes its place. */
const manifestOrNull = (json: string, shard: string, path: string): Manifest | null => {
  try {
    return readManifest(json, shard, path);
  } catch (error) {
    if (error instanceof DamagedManifest) return null;
    throw error;
  }
};

/** The parts that are published and there, by their path: what is there under its name is what its digest says. */
const publishedParts = async (
  place: Place,
  shard: string,
): Promise<{ readonly text: string | null; readonly parts: ReadonlyMap<string, LakePart> }> => {
  const path = place.pathOf(manifestName(shard));
  const bytes = await place.read(manifestName(shard), mostManifestBytes);
  if (bytes === null) return { text: null, parts: new Map() };
  const manifest = manifestOrNull(text(bytes), shard, path);
  const parts = new Map<string, LakePart>();
  if (manifest === null) return { text: null, parts };
  for (const [name, table] of manifest.tables) {
    const folder = shardFolder(name, shard);
    const there = new Map(
      (await place.list(folder)).map((file) => [`${folder}/${file.name}`, file.isFolder ? -1 : file.bytes]),
    );
    for (const part of table.parts) if (there.get(part.path) === part.bytes) parts.set(part.path, part);
  }
  return { text: text(bytes), parts };
};

/** Writes parts, and takes back what it wrote where the publication comes to nothing. */
class PartsWriter {
  written = 0;
  bytes = 0;
  private readonly place: Place;
  private readonly shard: string;
  private readonly published: ReadonlyMap<string, LakePart>;
  private readonly own: string[] = [];

  constructor(place: Place, shard: string, published: ReadonlyMap<string, LakePart>) {
    this.place = place;
    this.shard = shard;
    this.published = published;
  }

  async writeAll(
    lanes: readonly Lane[],
    relations: readonly Relation[],
    progress: (done: number, of: number) => void,
  ): Promise<ReadonlyMap<string, LakeTable>> {
    const made = new Map<Relation, LakeTable>();
    const waiting = [...relations];
    const work = async (lane: Lane): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        progress(made.size, relations.length);
        try {
          made.set(next, await this.write(lane, next));
        } catch (error) {
          // The others end with what they are at.
          waiting.length = 0;
          throw error;
        }
      }
    };
    const ended = await Promise.allSettled(lanes.map(work));
    for (const { status, reason } of ended as PromiseRejectedResult[]) {
      if (status !== 'rejected') continue;
      // As far as it can: what stays is named nowhere, and goes with a later publication.
      for (const path of this.own) await this.place.remove(path).catch(() => {});
      throw reason;
    }
    // In one order, whichever was done first.
    return new Map(relations.map((relation) => [relation.name, made.get(relation) as LakeTable]));
  }

  private async write(lane: Lane, relation: Relation): Promise<LakeTable> {
    const parts: LakePart[] = [];
    for await (const { rows, bytes } of lane.parts(relation)) {
      const sha256 = hash('sha256', bytes);
      const path = partPath(relation.name, this.shard, parts.length, sha256);
      if (!this.published.has(path)) {
        this.own.push(path);
        await this.place.write(path, bytes);
        this.written += 1;
      }
      this.bytes += bytes.length;
      parts.push({ path, rows, bytes: bytes.length, sha256 });
    }
    return { columns: relation.columns, rows: parts.reduce((sum, { rows }) => sum + rows, 0), parts };
  }
}

/** Removes what was named neither before this publication nor by it, for as long as it has to stay. */
const removeOld = async (
  place: Place,
  { shard, keep, now }: Publication,
  named: ReadonlySet<string>,
  replacedTime: number | null,
): Promise<number> => {
  // What is not named now was not named since the manifest before was written, or came later and is as young as it is.
  if (replacedTime !== null && now - replacedTime < keep) return 0;
  // Of the tables of this version, and of what an older one left.
  const folders = new Set([...named].map((path) => path.slice(0, path.lastIndexOf('/'))));
  for (const { name, isFolder } of await place.list(''))
    if (isFolder && /^tbl=[a-z][a-z0-9_]*$/.test(name)) folders.add(`${name}/shard=${shard}`);
  let removed = 0;
  for (const folder of folders) {
    for (const { name, isFolder: isOther, time } of await place.list(folder)) {
      const path = `${folder}/${name}`;
      const isOurs = /^part-[0-9]{4,}-[0-9a-f]{32}\.parquet$|^\.part-.*\.tmp$/.test(name);
      if (isOther || !isOurs || named.has(path) || now - time < keep) continue;
      await place.remove(path);
      removed += 1;
    }
  }
  return removed;
};

/** In this thread. */
const laneOf = (db: Db): Lane => ({
  parts: (relation) => partsOf(relation.columns, lakeRows(db, relation)),
});

const countsOf = (db: Db): { hosts: number; newest: number | null } =>
  db
    .prepare('SELECT count(DISTINCT host_id) AS hosts, max(collected_time) AS newest FROM latest_snapshots')
    .get() as { hosts: number; newest: number | null };

/** @param tables All that are declared. */
export const publish = async (
  store: Store,
  tables: readonly Table[],
  place: Place,
  publication: Publication,
): Promise<Published> => {
  const { db } = store;
  const { shard, toolVersion, progress = () => {} } = publication;
  const redaction = redactionOf(store);
  await enterLake(place, redaction);
  const release = place.lock(shard);
  try {
    const before = await publishedParts(place, shard);
    const replaced = (await place.list('')).find(({ name }) => name === manifestName(shard));
    const writer = new PartsWriter(place, shard, before.parts);
    const { hosts, newest } = countsOf(db);
    const lanes = publication.lanes ?? [laneOf(db)];
    const made = await writer.writeAll(lanes, relationsOf(db, tables), progress);
    const manifest = manifestText({
      ...{ shard, redaction, toolVersion, schemaVersion, hosts, newestTime: newest, tables: made },
    });
    const isChanged = manifest !== before.text;
    // From here on nothing is taken back: where a connection is lost, it may be in place all the same.
    if (isChanged) await place.write(manifestName(shard), Buffer.from(manifest));
    const named = new Set([...made.values()].flatMap(({ parts }) => parts.map(({ path }) => path)));
    // Whoever has just read the one before still needs what that one named.
    if (isChanged) for (const path of before.parts.keys()) named.add(path);
    const removed = await removeOld(place, publication, named, replaced?.time ?? null);
    const rows = [...made.values()].reduce((sum, table) => sum + table.rows, 0);
    return { rows, bytes: writer.bytes, written: writer.written, removed, isChanged };
  } finally {
    release();
  }
};
