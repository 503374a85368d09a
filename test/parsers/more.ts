import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Note } from '../../collector/answer.ts';
import type { Case } from './corpus.ts';
import { answerOf, fuzzText } from './fuzz.ts';

const folder = new URL('../corpus/tokens/', import.meta.url);

/** The cases of index-more.json: outputs and files that are reduced before they are parsed. */
export const moreCases = JSON.parse(
  readFileSync(new URL('index-more.json', folder), 'utf8'),
) as readonly Case[];
export const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, folder)));
export const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
export const casesOf = (beginning: string): readonly Case[] =>
  moreCases.filter(({ file }) => file.startsWith(beginning));
export const answerOfCase = ({ file, stream, exit_code }: Case): Answer =>
  answerOf({ [stream]: textOf(file), exitCode: exit_code ?? 0 });

/** Every field that is never collected, and some that would be easy to collect by mistake. */
export const neverCollected: readonly string[] = [
  'Passwort & <Schlüssel>',
  ...`
    ShadowHashData HeimdalSRPKey KerberosKeys PasswordPlus KDCAuthKey SecureTokenVerifierHistory
    _writers_passwd AuthenticationHint JPEGPhoto Picture LinkedIdentity EMailAddress PhoneNumber
    RecoveryKey PersonalRecoveryKey FDE_PersonalRecoveryKeyCMS FDE_PersonalRecoveryKeyDeviceKey
    BootstrapToken PushToken PushMagic UnlockToken Token Topic Challenge IdentityCertificateUUID
    PayloadCertificate Password Username UserPassword SharedSecret SSID_STR EAPClientConfiguration
    CheckInURL ConfigurationURL AnchorCertificates RegistrationToken ExtensionData
    AssignedManagedAppleID SerialNumber UDID ProvisioningUDID WiFiMAC EthernetMAC BluetoothMAC
    iTunesStoreAccountHash OrganizationEmail OrganizationPhone OrganizationMagic passwordHash fullName
    lastUserName kcpassword PersonalRecoveryKeyEscrow EncryptCertPayloadUUID dsAttrTypeStandard:RealName
  `
    .trim()
    .split(/\s+/),
];

/** In clear, in Base64 and in hexadecimal. */
const canary = 'CANARY';
const traces = [canary, 'Q0FOQVJZ', '43414e415259', '43414e41'];
const traceOf = (text: string): string | undefined =>
  traces.find((trace) => text.toLowerCase().includes(trace.toLowerCase()));

const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** No key may stand twice in a dictionary. */
const missingFrom = (text: string): readonly string[] => {
  const words = new Set(text.match(/[\w:.]+/g));
  return neverCollected.filter((key) => !words.has(key));
};

/** An XML property list with a secret under every such key at the start of every dictionary. Constructed. */
export const plantXml = (xml: string): string =>
  xml.replaceAll('<dict>', () => {
    const planted = missingFrom(xml).map((key, index) =>
      index % 3 === 2
        ? `<key>${escape(key)}</key><data>Q0FOQVJZ</data>`
        : index % 3 === 1
          ? `<key>${escape(key)}</key><dict><key>Password</key><array><string>${canary}</string></array></dict>`
          : `<key>${escape(key)}</key><string>${canary}-${index}</string>`,
    );
    return `<dict>${planted.join('')}`;
  });

/** The same for an old-style property list. Constructed. */
export const plantOpenStep = (text: string): string =>
  text.replace(/\{(?=\s*[A-Za-z"}])(?!\s*length)/g, () => {
    const planted = missingFrom(text).map((key, index) =>
      index % 3 === 2
        ? `"${key}" = {length = 6, bytes = 0x43414e41 ... 43414e41};`
        : index % 3 === 1
          ? `"${key}" = { Password = ( "${canary} ${index}", <43414e41 5259> ); };`
          : `"${key}" = "${canary}-${index}";`,
    );
    return `{\n${planted.join('\n')}\n`;
  });

/** Passes when the planted secrets are in the input and in nothing that comes out. */
export const holdsNoCanary = (t: ExecutionContext, input: string, ...outputs: readonly unknown[]): void => {
  t.truthy(traceOf(input), 'a secret is planted');
  for (const output of outputs) {
    const text = typeof output === 'string' ? output : JSON.stringify(output);
    t.is(traceOf(text), undefined, text.slice(0, 400));
  }
};

const plainWords = (problem: CollectError): string => {
  if (traceOf(`${problem.message} ${problem.hint} ${String(problem.cause ?? '')}`) !== undefined) {
    throw new Error(`a message echoes a secret: ${problem.message}`, { cause: problem });
  }
  return problem.message;
};

/** The value and the messages of what is noted beside it, or the code of the CollectError. */
export const outcomeOf = (look: (note: Note) => unknown): unknown => {
  const notes = new Set<string>();
  try {
    const value = look((problem) => void notes.add(plainWords(problem)));
    return { value, notes: [...notes] };
  } catch (problem) {
    if (!(problem instanceof CollectError)) throw problem;
    plainWords(problem);
    return { code: problem.code };
  }
};

/**
 * On arbitrary texts and on mutations of the samples, secrets planted: what is reduced is reduced for good,
 * tells the parser the same as what it was made of, and is one fixed line when it is not understood.
 */
export const fuzzReducer = (
  t: ExecutionContext,
  reduce: (text: string) => string,
  parse: (text: string, note: Note) => unknown,
  samples: readonly string[],
): void => {
  let understood = 0;
  fuzzText(samples, (text) => {
    const reduced = reduce(text);
    if (reduce(reduced) !== reduced) throw new Error(`reducing twice differs: ${JSON.stringify(reduced)}`);
    const [before, after] = [
      outcomeOf((note) => parse(text, note)),
      outcomeOf((note) => parse(reduced, note)),
    ];
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      throw new Error(
        `${JSON.stringify(before)} became ${JSON.stringify(after)} by ${JSON.stringify(reduced)}`,
      );
    }
    if (
      reduced.startsWith('tokenquery:') &&
      !/^tokenquery: \d+ bytes that are not [ -~]+ were withheld\n$/.test(reduced)
    ) {
      throw new Error(`not the fixed line: ${JSON.stringify(reduced)}`);
    }
    if (Object.hasOwn(Object(before), 'value')) understood += 1;
  });
  t.true(understood > 0, 'some mutated samples are still understood');
};

const latin1 = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);

/** The same for files, in UTF-8 and as bytes of any value. */
export const fuzzFileReducer = (
  t: ExecutionContext,
  reduce: (bytes: Uint8Array) => Uint8Array,
  parse: (bytes: Uint8Array, note: Note) => unknown,
  samples: readonly Uint8Array[],
): void => {
  const texts = samples.map((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  fuzzReducer(
    t,
    (text) => Array.from(reduce(latin1(text)), (byte) => String.fromCharCode(byte)).join(''),
    (text, note) => parse(latin1(text), note),
    texts,
  );
};

export interface Told<T> {
  readonly value: T;
  /** Messages, each once and in their order. */
  readonly notes: readonly string[];
}

/** What a parser makes of something, and what it says that it left out. */
export const tell = <I, T>(parse: (input: I, note: Note) => T, input: I): Told<T> => {
  const notes = new Set<string>();
  const value = parse(input, ({ message }) => void notes.add(message));
  return { value, notes: [...notes] };
};

/** Lines that are no answer, which cost nothing wherever they stand between others. */
export const noiseLines: readonly string[] = [
  '',
  ' \t',
  '2026-01-02 03:04:05.678 tool[123:4567] something { happened',
  '2026-01-02 03:04:05.678901+0100 tool[123] (null)',
  'objc[812]: Class X is implemented in both',
];
