/**
 * Sentences that Apple's tools print on failing, whole and without a word of anybody's own: they are kept and shown as they are.
 * Others are told by their size. What of a sentence is a path or a name is a part of none.
 */
const device = '(?:/|(?:/dev/)?disk[0-9]+(?:s[0-9]+)*)';
const name = '[A-Za-z]{1,40}';

const sentences: readonly RegExp[] = [
  /^(?:[a-z]+: )?(?:error: )?this command requires root(?: access| privileges)?[.!]?$/i,
  /^(?:[a-z]+: )?must be running as root[.!]?$/i,
  /^(?:[a-z]+: )?(?:error: )?(?:permission denied|operation not permitted|not privileged|insufficient privileges)[.!]?$/i,
  /^Error: FileVault is Off\.$/,
  /^Not found\.$/,
  /^Error: Unknown option: -extended$/,
  /^Could not print$/,
  new RegExp(`^(?:Error: )?(?:Could not|Unable to) find disk(?: for|:) ${device}$`),
  new RegExp(`^${device} is not an APFS Volume$`),
  /^Error: Unknown volume or device specifier: '\/'\.$/,
  new RegExp(
    `^<?(?:main|dscl_cmd)>? (?:attribute status: eDS${name}|DS Error: -[0-9]{1,6} \\(eDS${name}\\))$`,
  ),
  new RegExp(`^[a-z]{1,10}: (?:DS error: eDS${name}|Invalid Path)$`),
  new RegExp(`^Authentication for node /Local/Default failed\\. \\(-[0-9]{1,6}, eDS${name}\\)$`),
  /^Operation failed with error: eServerError$/,
  /^Data source \(\.\) is not valid\.$/,
];

export const isKnownSentence = (line: string): boolean => {
  const text = line.trim();
  return text.length <= 200 && sentences.some((sentence) => sentence.test(text));
};
