import { CollectError, NotAsked } from '../collector/errors.ts';
import {
  algorithmNames,
  anotherValue,
  banners,
  channelTypes,
  flagIn,
  keyFiles,
  numberIn,
  rootWords,
  textIn,
} from '../collector/parsers/sshd_g.ts';
import type { Keyword } from '../collector/parsers/sshd_g.ts';
import { readIncludes } from '../collector/parsers/sshd_config.ts';
import type { SshdConfig } from '../collector/parsers/sshd_config.ts';
import { knownWords } from '../collector/privacy.ts';
import { folders, isDropIn } from '../collector/sources.ts';
import { bit, boolean, defineTable, integer, oneOf, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { versionOf } from '../collector/version.ts';

const mainFile = '/etc/ssh/sshd_config';
const from = ['sshd_g'] as const;
const flag = (description: string, example: '0' | '1' = '0') =>
  boolean(description, { privacy: 'nobody', example, from });
const count = (description: string, example: string) =>
  integer(description, { privacy: 'nobody', example, from });
const seconds = (description: string, example: string) =>
  integer(`${description} 0: never.`, { privacy: 'nobody', unit: 'seconds', example, from });
const algorithms = (what: string, example: string) =>
  text(`${what}, with commas between them; ${anotherValue} for one that this program does not know.`, {
    privacy: knownWords([...algorithmNames, anotherValue], 'free'),
    example,
    from,
  });

/** A kind of channel that is known, and its time. */
const channelTimes = new RegExp(
  `^(?:none|(?:${[...channelTypes, anotherValue].map((type) => type.replaceAll(/[.*()]/g, '\\$&')).join('|')})=[0-9smhdw]+)$`,
);

/** What the files say beside what sshd -G prints. */
interface Files {
  readonly hasMatch: boolean | null;
  readonly hasNamedAddress: boolean;
}

/** The files of one include. */
const pathsOf = async (context: Context, include: string): Promise<readonly string[]> => {
  if (!Object.hasOwn(readIncludes, include)) {
    const message = 'a file of sshd_config includes another one, which is not read';
    const hint =
      'look at the file by hand: tokenquery reads /etc/ssh/sshd_config and what macOS includes there';
    throw new CollectError('not_recorded', message, { hint, source: 'sshd_config', costs: 'value' });
  }
  const isRead = readIncludes[include as keyof typeof readIncludes];
  if (isRead === null) return [include];
  const names = (await context.list('sshd_config')) ?? [];
  return names
    .filter((name) => isDropIn('sshd_config', name) && isRead(name))
    .map((name) => `${folders.sshd_config}/${name}`);
};

/** All files from the first on, each once; null for what could not be read. */
const readFiles = async (context: Context): Promise<readonly (SshdConfig | null)[]> => {
  const seen = new Set<string>();
  const found: (SshdConfig | null)[] = [];
  const paths: string[] = [mainFile];
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const content = await context.orUnknown(context.readFile('sshd_config', path).then((file) => ({ file })));
    // sshd does not start without the first; an include of a file that is not there says nothing.
    if (content?.file == null && (content === null || path === mainFile)) found.push(null);
    if (content?.file == null) continue;
    found.push(content.file);
    for (const include of content.file.includes) {
      const below = await context.orUnknown(pathsOf(context, include));
      if (below === null) found.push(null);
      else paths.push(...below);
    }
  }
  return found;
};

const filesOf = async (context: Context): Promise<Files> => {
  const files = await readFiles(context);
  const known = files.filter((file) => file !== null);
  const hasMatch = known.some((file) => file.hasMatch);
  return {
    hasMatch: hasMatch || (known.length === files.length ? false : null),
    hasNamedAddress: known.some((file) => file.hasNamedAddress),
  };
};

export default defineTable({
  name: 'sshd_config',
  description:
    'One row per Mac: how sshd lets somebody in who is in no Match block, and how long it keeps them.',
  columns: {
    permit_root_login: oneOf(
      rootWords,
      'Whether root may log in: with a password too, with a key alone, or not.',
      {
        privacy: 'nobody',
        from,
      },
    ),
    password_authentication: flag('1 when a password is taken.'),
    kbd_interactive_authentication: flag('1 when sshd asks questions, which with use_pam is for a password.'),
    use_pam: flag('1 when PAM decides, as macOS ships it.', '1'),
    pubkey_authentication: flag('1 when keys are taken.', '1'),
    hostbased_authentication: flag('1 when another computer may vouch for an account.'),
    permit_empty_passwords: flag('1 when an empty password is taken.'),
    strict_modes: flag('1 when files that others may write are not taken for keys.', '1'),
    login_grace_seconds: seconds('How long sshd waits for a login.', '120'),
    max_auth_tries: count('Failures of one connection after which it ends.', '6'),
    client_alive_interval: seconds(
      'After how long without data sshd asks whether the other side is still there.',
      '0',
    ),
    client_alive_count_max: count(
      'How often it asks in vain before it ends the connection. 0: it ends none.',
      '3',
    ),
    unused_connection_timeout: seconds('After how long a connection without a channel ends.', '0'),
    channel_timeout: text(
      'Each kind of channel with the time after which an idle one is closed, with commas; or none.',
      {
        privacy: knownWords(channelTimes, 'free'),
        example: 'session:*=900',
        from,
      },
    ),
    shell_timeout: seconds('After how long an idle shell is closed, by channel_timeout.', '900'),
    authorized_keys_file: text(
      `Where keys of an account stand, with commas; ${anotherValue} for another path.`,
      {
        privacy: knownWords([...keyFiles, anotherValue], 'name'),
        example: '.ssh/authorized_keys',
        from,
      },
    ),
    has_authorized_keys_command: flag('1 when a program tells keys: then no file has them all.'),
    has_trusted_user_ca: flag('1 when a key that signs keys is trusted.'),
    has_allow_list: flag('1 when AllowUsers or AllowGroups limits who may log in; whom is not kept.'),
    banner: oneOf([...banners, anotherValue], 'The file of the text that is shown before a login.', {
      privacy: 'nobody',
      from,
    }),
    ciphers: algorithms('Ciphers', 'aes128-gcm@openssh.com'),
    macs: algorithms('Message authentication codes', 'hmac-sha2-256'),
    kex_algorithms: algorithms('Key exchanges', 'ecdh-sha2-nistp256'),
    host_key_algorithms: algorithms('Kinds of keys of the Mac', 'ecdsa-sha2-nistp256'),
    pubkey_accepted_algorithms: algorithms('Kinds of keys of accounts', 'ecdsa-sha2-nistp256'),
    hostbased_accepted_algorithms: algorithms('Kinds of keys of other computers', 'ecdsa-sha2-nistp256'),
    ca_signature_algorithms: algorithms('Signatures of a key that signs keys', 'ecdsa-sha2-nistp256'),
    fips_algorithms_only: flag(
      '1 when the seven lists have names of Apple’s list for FIPS alone (/etc/ssh/crypto/fips.conf).',
    ),
    has_match_blocks: boolean('1 when a file has a Match block: then this row does not hold for everybody.', {
      privacy: 'nobody',
      example: '0',
      from: ['sshd_config'],
    }),
  },
  key: [],
  sources: ['sshd_g', 'sshd_config', 'sw_vers'],
  rowsFrom: ['sshd_g'],
  macos: '14+',
  notes: [
    'On an older macOS nothing is known of it, and the table is skipped.',
    'Names of columns are those of sshd_config(5). The row is there also where Remote Login is off (hosts.remote_login_enabled).',
    'A password is taken where password_authentication is 1, or kbd_interactive_authentication and use_pam are.',
    'Where a ListenAddress is a name, sshd would ask a server for it: then it is not asked. Files elsewhere that a file includes are not read.',
    'The printed collector leaves it out, for it must not be asked of an older macOS.',
  ],
  examples: [
    'SELECT permit_root_login, password_authentication FROM sshd_config;',
    'SELECT h.hostname FROM sshd_config s JOIN hosts h USING (host_id) WHERE h.remote_login_enabled = 1 AND s.login_grace_seconds > 30;',
  ],
  generate: async (context) => {
    const { number } = versionOf((await context.read('sw_vers')).productVersion);
    if (number === null) throw new CollectError('not_recorded', 'the version of macOS is not known');
    // An older sshd has settings too: nobody asks it, and so nothing is known of them.
    if (number < 140_000)
      throw new NotAsked(
        'sshd_g was not asked: before macOS 14 sshd tells its settings only together with its keys',
      );
    const { hasMatch, hasNamedAddress } = await filesOf(context);
    if (hasNamedAddress)
      throw new NotAsked(
        'sshd_g was not asked: a ListenAddress is a name, which sshd would ask a server for',
      );
    const settings = await context.read('sshd_g');
    const { rootLogin, channelTimeout, shellTimeout, hasAllowList, isFipsOnly } = settings;
    const textOf = (keyword: Keyword) => textIn(settings, keyword);
    const bitOf = (keyword: Keyword) => bit(flagIn(settings, keyword));
    const numberOf = (keyword: Keyword) => numberIn(settings, keyword);
    const isSet = (keyword: Keyword) => (textOf(keyword) === null ? null : bit(textOf(keyword) !== 'none'));
    return [
      {
        permit_root_login: rootLogin,
        password_authentication: bitOf('passwordauthentication'),
        kbd_interactive_authentication: bitOf('kbdinteractiveauthentication'),
        use_pam: bitOf('usepam'),
        pubkey_authentication: bitOf('pubkeyauthentication'),
        hostbased_authentication: bitOf('hostbasedauthentication'),
        permit_empty_passwords: bitOf('permitemptypasswords'),
        strict_modes: bitOf('strictmodes'),
        login_grace_seconds: numberOf('logingracetime'),
        max_auth_tries: numberOf('maxauthtries'),
        client_alive_interval: numberOf('clientaliveinterval'),
        client_alive_count_max: numberOf('clientalivecountmax'),
        unused_connection_timeout: numberOf('unusedconnectiontimeout'),
        channel_timeout: channelTimeout?.replaceAll(' ', ',') ?? null,
        shell_timeout: shellTimeout,
        authorized_keys_file: textOf('authorizedkeysfile')?.replaceAll(' ', ',') ?? null,
        has_authorized_keys_command: isSet('authorizedkeyscommand'),
        has_trusted_user_ca: isSet('trustedusercakeys'),
        has_allow_list: bit(hasAllowList),
        banner: textOf('banner'),
        ciphers: textOf('ciphers'),
        macs: textOf('macs'),
        kex_algorithms: textOf('kexalgorithms'),
        host_key_algorithms: textOf('hostkeyalgorithms'),
        pubkey_accepted_algorithms: textOf('pubkeyacceptedalgorithms'),
        hostbased_accepted_algorithms: textOf('hostbasedacceptedalgorithms'),
        ca_signature_algorithms: textOf('casignaturealgorithms'),
        fips_algorithms_only: bit(isFipsOnly),
        has_match_blocks: bit(hasMatch),
      },
    ];
  },
});
