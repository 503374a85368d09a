/** The terminal that stdout is, where it is one: its size, and whether it is shown colours. */
import { isTerminal } from './terminal.ts';

let isScreen: boolean | null = null;
/** Whether what is printed goes to a terminal. */
export const isShown = (): boolean => (isScreen ??= isTerminal(1));

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const usual: Size = { columns: 80, rows: 24 };
/** With less, nothing can be laid out. */
const leastColumns = 20;

/** What the system says: a thread has no `process.stdout` that knows it. */
const askedSize = (): Size => {
  try {
    const tty = process.getBuiltinModule('node:tty');
    const stream = new tty.WriteStream(1);
    const [columns, rows] = stream.getWindowSize();
    stream.destroy();
    return { columns, rows };
  } catch {
    return { columns: 0, rows: 0 };
  }
};

const positive = (text: string | undefined): number => (/^[0-9]{1,5}$/.test(text ?? '') ? Number(text) : 0);

let known: Size | null = null;
/** The size of the terminal; null where stdout is none. COLUMNS and LINES go before what it says itself. */
export const screenSize = (): Size | null => {
  if (!isShown()) return null;
  if (known !== null) return known;
  const [columns, rows] = [positive(process.env['COLUMNS']), positive(process.env['LINES'])];
  const asked = columns > 0 && rows > 0 ? { columns, rows } : askedSize();
  known = {
    columns: Math.max(leastColumns, columns || asked.columns || usual.columns),
    rows: rows || asked.rows || usual.rows,
  };
  return known;
};

/** Longer lines are hard to read, however wide a window is. */
const mostOfText = 100;

/** How wide lines of text are; endless where there is no terminal. */
export const textWidth = (): number => {
  const size = screenSize();
  return size === null ? Number.POSITIVE_INFINITY : Math.min(mostOfText, size.columns);
};

const isSet = (name: string): boolean => (process.env[name] ?? '') !== '';
const isOn = (name: string): boolean => isSet(name) && !/^(?:0|false|no)$/i.test(process.env[name] ?? '');

/** Whether text for people has colours: on a terminal, but for NO_COLOR, CLICOLOR=0 and TERM=dumb; FORCE_COLOR and CLICOLOR_FORCE go before all. */
const hasColour = (): boolean => {
  if (isOn('FORCE_COLOR') || isOn('CLICOLOR_FORCE')) return true;
  if (isSet('FORCE_COLOR') || isSet('NO_COLOR')) return false;
  return isShown() && process.env['CLICOLOR'] !== '0' && process.env['TERM'] !== 'dumb';
};

/** How text is marked; of the sixteen colours that every terminal has, and a theme chooses. */
type Style = 'critical' | 'high' | 'medium' | 'low';

const sgr: Readonly<Record<Style, string>> = {
  critical: '1;31',
  high: '31',
  medium: '33',
  low: '36',
};

const isStyle = (word: string): word is Style => Object.hasOwn(sgr, word);

/** Text that has a style, where there are colours. */
interface Painted {
  readonly text: string;
  readonly style: Style;
}
export type Part = string | Painted;

/** A text in the colour of a severity; what is none has no colour. */
export const ofSeverity = (severity: string, text = severity): Part =>
  isStyle(severity) ? { text, style: severity } : text;

/** As the terminal takes it; `text` is what is safe there. */
export const painted = (style: Style, text: string): string =>
  hasColour() ? `\u001b[${sgr[style]}m${text}\u001b[0m` : text;
