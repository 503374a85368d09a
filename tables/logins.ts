import { CollectError, permissionDenied } from '../collector/errors.ts';
import type { Login } from '../collector/parsers/last_libxo_xml.ts';
import { bit, boolean, defineTable, required, text, time } from '../collector/table.ts';
import { versionOf } from '../collector/version.ts';

/** Null where there is none. */
const latest = (logins: readonly Login[]): number | null =>
  logins.length === 0 ? null : Math.max(...logins.map(({ loginTime }) => loginTime));

const isConsole = ({ tty }: Login): boolean => tty === 'console';

const tooOld = 'before macOS 14 the log of logins tells neither a year nor seconds';

export default defineTable({
  name: 'logins',
  description: 'One row per account in the log of logins: when it last logged in, and whether it still is.',
  columns: {
    username: required(
      text('Short name, as the log has it; the account may be gone.', { privacy: 'name', example: 'alice' }),
    ),
    last_login_time: time('When it last logged in, anywhere.', {
      privacy: 'behaviour',
      example: '1789200100',
    }),
    last_console_login_time: time('When it last logged in at the screen.', {
      privacy: 'behaviour',
      example: '1789200100',
      nullIsAnswer: 'the log has no login at the screen',
    }),
    last_terminal_login_time: time('When it last opened a terminal, here or over ssh.', {
      privacy: 'behaviour',
      example: '1789003600',
      nullIsAnswer: 'the log has no terminal',
    }),
    is_logged_in: boolean('1 while one of its logins has no end.', { privacy: 'private', example: '0' }),
  },
  key: ['username'],
  sources: ['last_libxo_xml', 'sw_vers'],
  rowsFrom: ['last_libxo_xml'],
  macos: '14+',
  notes: [
    'An account without a row was not seen in what the log still holds, about a year at most. That is not never.',
    'It is read as root only, and a log without any login is unknown: who may not read it sees none, or a part.',
    'Unlocking the screen and screen sharing are no logins. From where somebody came is not kept.',
    'The printed collector leaves it out, for it must not be asked of an older macOS.',
  ],
  examples: [
    'SELECT username, last_login_time FROM logins WHERE last_login_time < unixepoch() - 90 * 86400;',
    'SELECT u.username FROM users u LEFT JOIN logins l USING (host_id, username) WHERE u.can_login = 1 AND l.username IS NULL;',
  ],
  generate: async (context) => {
    const { number } = versionOf((await context.read('sw_vers')).productVersion);
    if (number !== null && number < 140_000) {
      context.unsupported(tooOld);
      return [];
    }
    if (number === null) throw new CollectError('not_recorded', 'the version of macOS is not known');
    // Who may not read all of it gets a part, and nothing says so.
    if (context.euid !== null && context.euid !== 0)
      throw permissionDenied('the log of logins is sure to be whole for root only').at('last_libxo_xml');
    const { logins } = await context.read('last_libxo_xml');
    // A record that was not understood may be the last login of anybody.
    const isWhole = context.isComplete('last_libxo_xml');
    const last = (own: readonly Login[]): number | null => (isWhole ? latest(own) : null);
    if (logins.length === 0)
      throw new CollectError(
        'permission_denied',
        'last lists no login: the log is empty, or may not be read',
      ).at('last_libxo_xml');
    return [...Map.groupBy(logins, ({ username }) => username)].map(([username, own]) => ({
      username,
      last_login_time: last(own),
      last_console_login_time: last(own.filter(isConsole)),
      last_terminal_login_time: last(own.filter((login) => !isConsole(login))),
      is_logged_in: bit(own.some(({ isOpen }) => isOpen) || (isWhole ? false : null)),
    }));
  },
});
