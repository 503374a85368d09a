/**
 * What is true of the constructed Macs, read by eye: the mutation test takes the answers of a whole Mac for the truth,
 * so they must be that.
 */
import test from 'ava';
import { macs } from './hosts.ts';
import { Program } from './program.ts';
import type { Row } from './program.ts';

const bit = (value: Row[string] | undefined): string => (value == null ? '-' : String(value));
const people = (rows: readonly Row[]): readonly string[] =>
  rows
    .filter(({ uid }) => uid === 0 || Number(uid) > 500)
    .map(
      (row) =>
        `${row['username']} admin ${bit(row['is_admin'])} token ${bit(row['secure_token'])} owner ${bit(row['volume_owner'])} ` +
        `FileVault ${bit(row['filevault_enabled'])} ${row['confidence']}`,
    );

interface Truth {
  readonly people: readonly string[];
  /** Subject and rule. */
  readonly conflicts: readonly string[];
}
const truths: Readonly<Record<string, Truth>> = {
  'macos15-fleet': {
    people: [
      'alice admin 0 token 1 owner 1 FileVault 1 confirmed',
      'bob admin 1 token 1 owner 1 FileVault 1 confirmed',
      'carol admin 0 token 1 owner 1 FileVault 1 confirmed',
      'dave admin 0 token 0 owner 0 FileVault 0 confirmed',
      'erin admin 0 token 1 owner 1 FileVault 0 confirmed',
      'frank admin 0 token 0 owner 0 FileVault 0 conflicting',
      'grace admin 0 token 1 owner 1 FileVault 1 conflicting',
      'heidi admin 1 token 1 owner 1 FileVault 1 confirmed',
      'itadmin admin 1 token 1 owner 1 FileVault 1 confirmed',
      // No crypto user and no tag: APFS alone says it, and a tag that is missing is no evidence.
      'ivan admin 0 token 0 owner 0 FileVault 0 probable',
      'judy admin 0 token 0 owner 0 FileVault 0 confirmed',
      'kim admin 0 token 0 owner 0 FileVault 0 confirmed',
      'laps admin 1 token 1 owner 1 FileVault 1 confirmed',
      'root admin 1 token 0 owner 0 FileVault 0 confirmed',
    ],
    conflicts: [
      'D9576911-F146-4663-BCA0-BC028149C42B M06',
      'dave M12',
      'erin M05',
      'frank M01',
      'grace M02',
      'heidi M04',
    ],
  },
  'macos10.14-apfs': {
    people: [
      'itadmin admin 1 token 1 owner - FileVault 1 confirmed',
      'peter admin 1 token 1 owner - FileVault 1 confirmed',
      'quinn admin 0 token 0 owner - FileVault 0 confirmed',
      'root admin 1 token 0 owner - FileVault 0 confirmed',
      // A group of the directory is in admin: whether it names a mobile account, nobody here can say.
      'rosa admin - token 1 owner - FileVault 1 confirmed',
    ],
    conflicts: [],
  },
  'macos26-psso': {
    people: [
      'itadmin admin 1 token 1 owner 1 FileVault 1 confirmed',
      'root admin 1 token 0 owner 0 FileVault 0 confirmed',
      'uma admin 0 token 1 owner 1 FileVault 1 confirmed',
      'victor admin 1 token 1 owner 1 FileVault 1 confirmed',
      'wendy admin 0 token 0 owner 0 FileVault 0 confirmed',
    ],
    conflicts: [],
  },
};

for (const [name, truth] of Object.entries(truths)) {
  test(`what is true of ${name} is what the program answers`, async (t) => {
    const bundle = macs().find((each) => each.name === name);
    if (bundle === undefined) throw new Error(`there is no ${name}`);
    const { rows } = await new Program().answer(bundle);
    t.deepEqual(people(rows.get('secure_tokens') ?? []), truth.people);
    const conflicts = (rows.get('conflicts') ?? []).map((row) => `${row['subject']} ${row['rule_id']}`);
    t.deepEqual([...new Set(conflicts)], truth.conflicts);
  });
}
