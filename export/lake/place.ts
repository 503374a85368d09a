/** Where a lake lies: a folder, or a bucket. Names are relative, with `/` between their parts. */

export interface Placed {
  readonly name: string;
  readonly isFolder: boolean;
  readonly bytes: number;
  /** When it was written, in seconds, by the clock of the place; 0 for a folder. */
  readonly time: number;
}

export interface Place {
  /** As it is called outside, as a whole or a name in it. */
  pathOf(name?: string): string;
  /** Where a part lies on this machine once it was read, if that is elsewhere. */
  fileOf?(name: string): string;
  /** The content of a file; null where there is none. UserError for one of more than `most` bytes. */
  read(name: string, most: number): Promise<Uint8Array | null>;
  /** What lies right below a folder, `''` for the top; nothing where there is no such folder. */
  list(folder: string): Promise<readonly Placed[]>;
  /** Makes it, where it is not there, or is a folder still to be made. */
  prepare(): Promise<void>;
  /** Puts a file in place as a whole: nobody sees a half of it. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Keeps others from publishing the same shard, where the place can; returns what lets them again. */
  lock(shard: string): () => void;
}
