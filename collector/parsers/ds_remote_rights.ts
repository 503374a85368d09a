import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { readRemoteRightsRecords } from './ds_records.ts';
import type { DsRecord } from './ds_records.ts';

/** What an account may do over Apple Remote Desktop, once Remote Management is on. */
export interface RemoteRights {
  readonly mayChat: boolean;
  /** Observe and control. */
  readonly mayControl: boolean;
  readonly mayCopy: boolean;
  readonly mayDelete: boolean;
  readonly mayReport: boolean;
  readonly mayLaunch: boolean;
  readonly mayChangeSettings: boolean;
  readonly mayRestart: boolean;
  /** Who sits at the screen is told. */
  readonly isNotified: boolean;
}

export interface DsRemoteRights {
  readonly recordName: string;
  /** Signed. */
  readonly uid: number | null;
  /** GeneratedUID in upper case. */
  readonly uuid: string | null;
  /** The record has the attribute. */
  readonly hasRights: boolean;
  /** Null when it has none, or one that could not be read. */
  readonly rights: RemoteRights | null;
}

/** Set in every value that was seen, with rights or without. */
const always = 0x8000_0000n;
const notified = 0x4000_0000n;
const known = always | notified | 0xffn;

/** Of a signed number of 64 bits the lower half is used; a bit that nobody knows may be a right. */
const rightsOf = (text: string): RemoteRights | null => {
  if (!/^-?[0-9]{1,19}$/.test(text)) return null;
  const bits = BigInt.asUintN(32, BigInt(text));
  if ((bits & always) === 0n || (bits & ~known) !== 0n) return null;
  const has = (bit: bigint): boolean => (bits & bit) !== 0n;
  return {
    mayChat: has(1n),
    mayControl: has(2n),
    mayCopy: has(4n),
    mayDelete: has(8n),
    mayReport: has(0x10n),
    mayLaunch: has(0x20n),
    mayChangeSettings: has(0x40n),
    mayRestart: has(0x80n),
    isNotified: has(notified),
  };
};

const readRights = (record: DsRecord): Pick<DsRemoteRights, 'hasRights' | 'rights'> => {
  const text = record.only('naprivs');
  if (text === null) return { hasRights: record.has('naprivs'), rights: null };
  return { hasRights: true, rights: rightsOf(text) ?? record.odd('naprivs', 'has bits that are not known') };
};

/**
 * Reads what the local users may do over Apple Remote Desktop.
 *
 * Input: `dscl -plist . -readall /Users` with naprivs, a signed decimal number; macOS 10.5 to 26.
 * Returns: one per record, in the order given; most have no such attribute.
 * Notes: a record without a name, which is left out, and what is odd of the others.
 * Throws: permission_denied, source_failed or parse_failed as readRemoteRightsRecords does.
 * Source: dscl-naprivs-01; kickstart of ARDAgent, whose options the bits are.
 */
export const parseDsRemoteRights = (answer: Answer, note: Note = ignore): DsRemoteRights[] =>
  readRemoteRightsRecords(answer).flatMap((record) => {
    const { recordName } = record.names();
    const [uid, uuid, rights] = [record.id('UniqueID'), record.uuid('GeneratedUID'), readRights(record)];
    record.tell(note);
    return recordName === null ? [] : [{ recordName, uid, uuid, ...rights }];
  });
