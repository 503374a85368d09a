/** The life of findings on a small fleet, lived through day by day: constructed. */
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cleanHost, collectionOf, day, deny, later, now, set } from './constructed.ts';

/** What is the matter with a host on one day. */
export interface Day {
  readonly isFilevaultOff: boolean;
  readonly hasHiddenAdmin: boolean;
  readonly isGuestOn: boolean;
  /** A table that could not be collected. */
  readonly denied: string | null;
}

/** A snapshot a day of one host; the last one is of yesterday. */
export const snapshotsOf = (hostId: string, days: readonly Day[]): readonly Snapshot[] => {
  const first = cleanHost(hostId, now - days.length * day);
  return days.map(({ isFilevaultOff, hasHiddenAdmin, isGuestOn, denied }, index) => {
    const host = later(first, index * day);
    if (isFilevaultOff) set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' });
    if (hasHiddenAdmin) set(host, 'users', { is_hidden: 1 }, { username: 'itadmin' });
    if (isGuestOn) set(host, 'loginwindow_settings', { guest_enabled: 1 });
    if (denied !== null) deny(host, denied);
    return snapshotOf(tables, collectionOf(host), 'tokenquery test');
  });
};
