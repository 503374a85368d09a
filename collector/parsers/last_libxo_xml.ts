import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import { notUnderstood } from './lines.ts';

/** One login of an account. */
export interface Login {
  readonly username: string;
  /** `console` at the screen, `ttys000` in a window of a terminal or over ssh. */
  readonly tty: string;
  /** Unix seconds. */
  readonly loginTime: number;
  readonly isOpen: boolean;
}

export interface LoginLog {
  readonly logins: readonly Login[];
  /** Unix seconds: what was before it is not in the log. */
  readonly begins: number;
}

const tool = 'last --libxo xml';
const text = '[^<>]{0,256}';
const time = (name: string): string => `<${name} seconds="([0-9]{1,12})">${text}</${name}>`;
const record = new RegExp(
  `^<user>(${text})</user>(?:<tty>(${text})</tty><from>${text}</from>)?${time('login-time')}` +
    `(?:(<logout-time>still logged in</logout-time>)|${time('logout-time')}|<logout-reason>(?:crash|shutdown)</logout-reason>)?` +
    `(?:${time('session-length')})?</last>$`,
);
const end = new RegExp(`^<utxdb>wtmp</utxdb>${time('begins')}</last-information>\\s*$`);
const start = '<last-information>';
const odd = '<odd></odd></last>';

interface Parts {
  /** What stands behind each `<last>`. */
  readonly records: readonly string[];
  readonly end: string;
}

/** Null for what is not the whole of such an answer. */
const partsOf = (stdout: string): Parts | null => {
  if (!stdout.startsWith(start)) return null;
  const at = stdout.lastIndexOf('<utxdb>');
  const last = at < 0 ? '' : stdout.slice(at);
  const [before = '?', ...records] = at < 0 ? [] : stdout.slice(start.length, at).split('<last>');
  return before === '' && end.test(last) ? { records, end: last } : null;
};

const named: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };
const plain = (written: string): string =>
  written.replaceAll(/&(?:lt|gt|amp|quot);/g, (each) => named[each] ?? each);

/** A record as it is kept: who, where and when. A start, a shutdown or a clock that was set is of nobody. */
const keptRecord = (printed: string): string => {
  const found = record.exec(printed);
  if (found === null) return odd;
  const [, user = '', tty, loginTime, isOpen] = found;
  const seconds = `<login-time seconds="${loginTime}"></login-time>`;
  if (tty === undefined) return `<user></user>${seconds}</last>`;
  return `<user>${user}</user><tty>${tty}</tty><from></from>${seconds}${isOpen ?? ''}</last>`;
};

/** Who logged in where and when; from which computer is not kept. */
export const sanitizeLastLibxoXml = (stdout: string): string => {
  const parts = partsOf(stdout);
  if (parts === null) return keepLines(stdout);
  const [, begins = ''] = end.exec(parts.end) ?? [];
  const records = parts.records.map((each) => `<last>${keptRecord(each)}`).join('');
  return `${start}${records}<utxdb>wtmp</utxdb><begins seconds="${begins}"></begins></last-information>\n`;
};

/**
 * Parses the log of logins.
 *
 * Input: `last --libxo xml`, macOS 14 to 26; no capture from a Mac is known (last-libxo-xml-01: Apple's source, run elsewhere).
 * Returns: the logins, the newest first, and when the log begins. Who may not read the log gets few or none.
 * Notes: a record of another form.
 * Throws: `parse_failed` for anything else, `source_failed` for an error.
 * Source: last(1); apple-oss-distributions/adv_cmds, last/last.c.
 */
export const parseLastLibxoXml = (printed: Answer, note: Note = ignore): LoginLog => {
  const parts = partsOf(printed.stdout);
  if (printed.exitCode !== 0 || parts === null)
    throw notUnderstood(tool, keptAnswer(printed, { keep: () => null }));
  const logins = parts.records.flatMap((printedRecord): Login[] => {
    const [, user, tty, loginTime, isOpen] = record.exec(printedRecord) ?? [];
    if (user === undefined) {
      note(parseFailed(`${tool} has a record of a form that is not known`));
      return [];
    }
    if (tty === undefined || user === '') return [];
    return [
      { username: plain(user), tty: plain(tty), loginTime: Number(loginTime), isOpen: isOpen !== undefined },
    ];
  });
  return { logins, begins: Number(end.exec(parts.end)?.[1]) };
};
