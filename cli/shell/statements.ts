/** Lines as they are typed, and the statements that they make. What is wrong with a statement, SQLite says. */
import { maxSqlBytes } from '../../store/guard.ts';

/** What has begun and not ended: a text or a name in quotes, or a comment. */
export type Inside = "'" | '"' | '`' | '[' | '--' | '/*' | null;

const ends: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '`': '`',
  '[': ']',
  '--': '\n',
  '/*': '*/',
};

interface Scanned {
  /** Where semicolons stand that end a statement. */
  readonly ends: readonly number[];
  /** Where something begins that is more than blanks and comments; its length where nothing does. */
  readonly begins: number;
  readonly inside: Inside;
}

const opens = (text: string, at: number): Inside => {
  const character = text[at];
  if (character === "'" || character === '"' || character === '`' || character === '[') return character;
  if (text.startsWith('--', at)) return '--';
  return text.startsWith('/*', at) ? '/*' : null;
};

/**
 * Reads on in SQL. A quote within quotes is written twice: to end there and to begin anew is the same.
 *
 * @param given What had begun before this text.
 */
export const scan = (text: string, given: Inside): Scanned => {
  const found: number[] = [];
  let inside = given;
  let begins = given === null || given === '--' || given === '/*' ? text.length : 0;
  let at = 0;
  while (at < text.length) {
    if (inside !== null) {
      const end = ends[inside] ?? '';
      const next = text.indexOf(end, at);
      if (next === -1) return { ends: found, begins, inside };
      at = next + end.length;
      inside = null;
      continue;
    }
    inside = opens(text, at);
    const isComment = inside === '--' || inside === '/*';
    if (!isComment && text[at]?.trim() !== '' && text[at] !== ';') begins = Math.min(begins, at);
    if (text[at] === ';') found.push(at);
    at += inside === null ? 1 : inside.length;
  }
  return { ends: found, begins, inside };
};

/** Puts lines together to statements, each without the semicolon that ends it. */
export class Statements {
  #parts: string[] = [];
  #length = 0;
  #isBegun = false;
  #inside: Inside = null;

  /** Whether nothing has begun yet: a line may be a dot command, or leave. */
  get isEmpty(): boolean {
    return !this.#isBegun && this.#inside !== '/*';
  }

  /** What the next line goes on with, for its prompt. */
  get inside(): Inside {
    return this.#inside;
  }

  /** What was typed of the statement that has begun. */
  get text(): string {
    return this.#parts.join('');
  }

  /** Of what is longer than a statement may be, so much is kept that the guard refuses it. */
  #keep(text: string): void {
    const room = maxSqlBytes + 1 - this.#length;
    if (room <= 0) return;
    this.#parts.push(text.length > room ? text.slice(0, room) : text);
    this.#length += text.length;
  }

  /** Forgets what has begun; what was typed of it. */
  clear(): string {
    const { text } = this;
    this.#parts = [];
    this.#length = 0;
    this.#isBegun = false;
    this.#inside = null;
    return text;
  }

  /** Takes one line; the statements that it ends. */
  add(line: string): readonly string[] {
    const text = `${line}\n`;
    const found = scan(text, this.#inside);
    const whole: string[] = [];
    let from = 0;
    for (const end of found.ends) {
      this.#keep(text.slice(from, end));
      // Between two semicolons there may be nothing at all.
      const isStatement = this.#isBegun || scan(text.slice(from, end), this.#inside).begins < end - from;
      const statement = this.clear();
      if (isStatement) whole.push(statement);
      from = end + 1;
    }
    const rest = text.slice(from);
    if (from > 0 && rest.trim() === '') return whole;
    const { begins } = from === 0 ? found : scan(rest, null);
    this.#keep(rest);
    this.#isBegun ||= begins < rest.length;
    this.#inside = found.inside;
    if (this.isEmpty) this.clear();
    return whole;
  }

  /** What is left where no more comes, a statement without its semicolon. */
  end(): readonly string[] {
    const isStatement = !this.isEmpty;
    const text = this.clear();
    return isStatement ? [text.trimEnd()] : [];
  }
}
