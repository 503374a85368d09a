/** From --out and --lake to the place of a lake. */
import { resolve } from 'node:path';
import { folderPlace } from '../export/lake/folder.ts';
import type { Place } from '../export/lake/place.ts';
import { isUnencrypted, s3Place } from '../export/lake/s3.ts';
import { printNote } from './output.ts';

export const isBucket = (address: string): boolean => address.startsWith('s3:');

export const lakePlace = (address: string): Place => {
  if (!isBucket(address)) return folderPlace(resolve(address));
  const place = s3Place(address, process.env);
  if (isUnencrypted(process.env))
    printNote(
      'AWS_ENDPOINT_URL is http:// to another machine: whoever is on the way reads what is published',
    );
  return place;
};
