/** From --out and --lake to the place of a lake. */
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { CachedPlace } from '../export/lake/cache.ts';
import { UserError } from '../collector/errors.ts';
import { plural } from '../collector/plural.ts';
import { folderPlace } from '../export/lake/folder.ts';
import type { Place } from '../export/lake/place.ts';
import { readLakeAt } from '../export/lake/reading.ts';
import type { LakeReading } from '../export/lake/reading.ts';
import { isUnencrypted, s3Place } from '../export/lake/s3.ts';
import type { Arguments } from './command.ts';
import { printNote } from './output.ts';

const isBucket = (address: string): boolean => address.startsWith('s3:');

export const lakePlace = (address: string): Place => {
  if (!isBucket(address)) return folderPlace(resolve(address));
  const place = s3Place(address, process.env);
  if (isUnencrypted(process.env))
    printNote(
      'AWS_ENDPOINT_URL is http:// to another machine: whoever is on the way reads what is published',
    );
  return place;
};

/** Where what is fetched is kept, if nobody says. Root has a home of its own, whoever called sudo. */
const defaultCache = (): string => {
  if (process.geteuid?.() === 0) return join(userInfo().homedir, '.cache/tokenquery/lakes');
  const named = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'tokenquery/lakes');
};

export const sizeText = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Does work on a lake; of one in a bucket it is said at the end what was fetched. */
export const readingLake = async <T>(
  given: Arguments,
  work: (lake: LakeReading) => Promise<T>,
): Promise<T> => {
  const address = given.required('lake');
  const place = lakePlace(address);
  if (!isBucket(address)) {
    if (given.text('cache') !== null)
      throw new UserError('--cache goes with --lake s3://…', 'a lake in a folder is read where it is', 2);
    return work(await readLakeAt(place));
  }
  const identity = `${process.env['AWS_ENDPOINT_URL_S3'] ?? ''} ${process.env['AWS_ENDPOINT_URL'] ?? ''} ${place.pathOf()}`;
  const cached = new CachedPlace(place, given.text('cache') ?? defaultCache(), identity);
  const lake = await readLakeAt(cached);
  try {
    return await work(lake);
  } finally {
    const { files, bytes, keptBytes, folder } = cached.tidy(lake);
    if (files > 0)
      printNote(
        `${plural(files, 'file')} of ${place.pathOf()} fetched, ${sizeText(bytes)}; ${folder} now keeps ${sizeText(keptBytes)} of it`,
      );
  }
};
