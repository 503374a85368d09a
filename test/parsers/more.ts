import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
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

/** The value, or the code of the CollectError. */
export const outcomeOf = (parsedOf: () => unknown): unknown => {
  try {
    return { value: parsedOf() };
  } catch (problem) {
    if (!(problem instanceof CollectError)) throw problem;
    if (traceOf(`${problem.message} ${problem.hint} ${String(problem.cause ?? '')}`) !== undefined) {
      throw new Error(`a message echoes a secret: ${problem.message}`, { cause: problem });
    }
    return { code: problem.code };
  }
};

/**
 * On arbitrary texts and on mutations of the samples, secrets planted: what is reduced is reduced for good,
 * tells the parser the same as what it was made of, and is one fixed line when it is not understood.
 */
export const fuzzReducer = (
  t: ExecutionContext,
  sanitize: (text: string) => string,
  parse: (text: string) => unknown,
  samples: readonly string[],
): void => {
  let understood = 0;
  fuzzText(samples, (text) => {
    const reduced = sanitize(text);
    if (sanitize(reduced) !== reduced) throw new Error(`reducing twice differs: ${JSON.stringify(reduced)}`);
    const [before, after] = [outcomeOf(() => parse(text)), outcomeOf(() => parse(reduced))];
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
  sanitize: (bytes: Uint8Array) => Uint8Array,
  parse: (bytes: Uint8Array) => unknown,
  samples: readonly Uint8Array[],
): void => {
  const texts = samples.map((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  fuzzReducer(
    t,
    (text) => Array.from(sanitize(latin1(text)), (byte) => String.fromCharCode(byte)).join(''),
    (text) => parse(latin1(text)),
    texts,
  );
};
