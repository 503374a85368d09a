/**
 * What a column says of whom. Every column declares it, and a column that does not is no column: it does not compile.
 * export/redact.ts has what becomes of each class in a redacted export; docs/privacy.md is made of both.
 */
export const privacyClasses = {
  nobody: 'A fact, a count, a number, a time or a word that Apple or this program chose. It names nobody.',
  name: 'A person, by the name of an account, a home folder or a path.',
  names: 'Persons: a JSON array of names of accounts.',
  account: 'An account, by its name or its UUID.',
  member: 'A member of a group: an account or a group, by its name or its UUID.',
  device: 'A machine, a disk, an account or a profile, by a UUID or a serial number.',
  linkable: 'Who a person is elsewhere: in a directory, with Kerberos, at an identity provider.',
  organisation: 'Who owns or manages the Mac: a server, a company, the name of a volume.',
  group_name: "The name of a group: one of Apple's, or one that somebody chose.",
  capabilities: 'What an MDM server says it can do: a JSON array of names.',
  private: 'Words or a fact of a person that a receiver does not need.',
  behaviour: 'When somebody did something: logged in, failed to, or changed a password.',
  hash: 'A digest of an output. Whoever guesses the output can prove it.',
  free: 'A sentence. It may name anybody.',
  command_id: 'The id of a command: a hash of its words, and a name may be among them.',
  command_ids: 'A JSON array of ids of commands.',
  argv: 'The words of a command: a JSON array. A name may be among them.',
  subject: 'What a conflict is about: an account, the host, or a thing of the host with a name of its own.',
  statement: 'What a source stated: a word of few, or a name or a UUID; several with commas.',
  facts: 'What a finding rests on: JSON objects. Each field has the name of the column that it comes from.',
  source_names: 'A JSON array of names of sources, as collector/sources.ts has them.',
  column_names: 'A JSON array of names of columns.',
} as const;
export type PrivacyClass = keyof typeof privacyClasses;

/**
 * A column of words that somebody else chooses, mostly Apple. Words that are known say nothing of anybody, and any other word
 * may: it is of the class `otherwise`. Several words with commas are known where each of them is.
 */
export interface KnownWords {
  readonly known: readonly string[] | RegExp;
  readonly otherwise: 'name' | 'device' | 'linkable' | 'free';
}

export type Privacy = PrivacyClass | KnownWords;

export const knownWords = (
  words: KnownWords['known'],
  otherwise: KnownWords['otherwise'] = 'linkable',
): KnownWords => ({ known: words, otherwise });

/** As the documentation shows it. */
export const privacyText = (privacy: Privacy): string =>
  typeof privacy === 'string' ? `\`${privacy}\`` : `known words, else \`${privacy.otherwise}\``;

/** Numbers with dots between them. */
export const versionNumber = knownWords(/^[0-9]+(?:\.[0-9]+)*$/);

/** The name of a volume for diskutil, or / for the one that was started. */
export const diskName = knownWords(/^(?:\/|disk[0-9]+(?:s[0-9]+)*)$/, 'device');

/** Of a column that a newer program declared and this one does not know: a text may be a name, and a number may tell anything. */
export const undecided = (type: string): 'name' | 'private' => (type === 'TEXT' ? 'name' : 'private');
