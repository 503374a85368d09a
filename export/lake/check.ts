/** Looks at a whole lake: whether every part is what its manifest says, and whether a host stands in two shards. */
import { UserError } from '../../collector/errors.ts';
import type { LakeTable, Manifest } from './manifest.ts';
import type { Place } from './place.ts';
import { openLake, readPart, readShard, rowsOfPart, shardNames } from './shards.ts';

interface CheckedShard {
  readonly shard: string;
  readonly hosts: number;
  readonly rows: number;
  readonly bytes: number;
  /** When the newest snapshot was taken; null where none counts. */
  readonly newestTime: number | null;
}

/** A host that several shards have, each with the time of its last snapshot there, the newest first. */
interface TwiceThere {
  readonly hostId: string;
  readonly places: readonly (readonly [shard: string, time: number])[];
}

export interface Checked {
  readonly shards: readonly CheckedShard[];
  readonly twice: readonly TwiceThere[];
  readonly problems: readonly UserError[];
}

type Times = ReadonlyMap<string, number>;

/** Of each host, when its last snapshot that counts was taken. */
const addTimes = async (
  times: Map<string, number>,
  read: Awaited<ReturnType<typeof readPart>>,
): Promise<void> => {
  for await (const rows of rowsOfPart(read, ['host_id', 'collected_time', 'is_ahead'])) {
    for (const { host_id: id, collected_time: at, is_ahead: isAhead } of rows) {
      if (typeof id !== 'string' || Number(isAhead) === 1) continue;
      // Ids are equal in either letter case.
      const hostId = id.toUpperCase();
      times.set(hostId, Math.max(times.get(hostId) ?? 0, Number(at)));
    }
  }
};

const sizeOf = (tables: Iterable<LakeTable>): { rows: number; bytes: number } => {
  const parts = [...tables].flatMap((table) => table.parts);
  return {
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

class LakeCheck {
  readonly shards: CheckedShard[] = [];
  readonly problems: UserError[] = [];
  private readonly place: Place;
  private readonly times = new Map<string, Times>();
  /** By table and column, the type and the shard that has it so. */
  private readonly types = new Map<string, readonly [type: string, shard: string]>();

  constructor(place: Place) {
    this.place = place;
  }

  async look(shard: string, redaction: string | null): Promise<void> {
    const manifest = await this.kept(() => readShard(this.place, shard));
    if (manifest === null) return;
    if (manifest.redaction !== redaction)
      this.problems.push(
        new UserError(
          `the shard ${shard} is redacted otherwise (${manifest.redaction ?? 'none'}) than the lake (${redaction ?? 'none'})`,
          'publish it to a lake of its own: the same user would be two',
        ),
      );
    this.lookAtTypes(manifest);
    const times = new Map<string, number>();
    for (const [name, table] of manifest.tables) {
      for (const part of table.parts) {
        const read = await this.kept(() => readPart(this.place, table, part));
        if (read !== null && name === 'snapshots') await addTimes(times, read);
      }
    }
    this.times.set(shard, times);
    const { hosts, newestTime } = manifest;
    if (times.size !== hosts && this.problems.length === 0)
      this.problems.push(
        new UserError(
          `the shard ${shard} has ${times.size} hosts, and its manifest says ${hosts}`,
          'publish it again',
        ),
      );
    this.shards.push({ shard, hosts, newestTime, ...sizeOf(manifest.tables.values()) });
  }

  twice(): TwiceThere[] {
    const places = new Map<string, [string, number][]>();
    const first = new Map<string, string>();
    for (const [shard, times] of this.times) {
      for (const [hostId, time] of times) {
        const other = first.get(hostId);
        if (other === undefined) first.set(hostId, shard);
        else {
          const all = places.get(hostId) ?? [[other, this.times.get(other)?.get(hostId) ?? 0]];
          all.push([shard, time]);
          places.set(hostId, all);
        }
      }
    }
    return [...places]
      .map(([hostId, all]): TwiceThere => ({ hostId, places: all.toSorted((a, b) => b[1] - a[1]) }))
      .toSorted((one, other) => (one.hostId < other.hostId ? -1 : 1));
  }

  private lookAtTypes({ shard, tables }: Manifest): void {
    for (const [name, { columns }] of tables) {
      for (const [column, type] of columns) {
        const key = `${name}.${column}`;
        const [known, other] = this.types.get(key) ?? [type, shard];
        this.types.set(key, [known, other]);
        if (known === type) continue;
        this.problems.push(
          new UserError(
            `${key} is ${type} in the shard ${shard} and ${known} in ${other}`,
            'publish both with the same version of tokenquery',
          ),
        );
      }
    }
  }

  /** What is wrong with one is told, and the others are looked at. */
  private async kept<T>(reading: () => Promise<T>): Promise<T | null> {
    try {
      return await reading();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.problems.push(error);
      return null;
    }
  }
}

export const checkLake = async (
  place: Place,
  progress: (done: number, of: number) => void,
): Promise<Checked> => {
  const redaction = await openLake(place);
  const names = await shardNames(place);
  const check = new LakeCheck(place);
  for (const [index, shard] of names.entries()) {
    progress(index, names.length);
    await check.look(shard, redaction);
  }
  return { shards: check.shards, twice: check.twice(), problems: check.problems };
};
