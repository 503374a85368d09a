/**
 * What a column says of whom. A redacted export keeps `nobody`, makes pseudonyms of what it may, and drops the rest;
 * docs/siem.md has what becomes of each, and at which level.
 *
 * `nobody`: a fact, a count, an id or a word that Apple or this program chose, never a person.
 * `name`: a person, by a name or a home folder. `device`: a machine, a disk, or an account, by an identifier.
 * `linkable`: a person's identity elsewhere. `organisation`: who owns the Mac. `private`: told at no level.
 * `behaviour`: when somebody did something. `hash`: a digest that could be guessed. `free`: words that may name anybody.
 */
export const privacyClasses = [
  'nobody',
  'name',
  'device',
  'linkable',
  'organisation',
  'private',
  'behaviour',
  'hash',
  'free',
] as const;
export type Privacy = (typeof privacyClasses)[number];
