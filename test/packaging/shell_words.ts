/** Reads the commands of a script for sh: their words, wherever they stand. It knows what our scripts use of the language. */

interface Command {
  readonly line: number;
  readonly words: readonly string[];
}
export interface Script {
  readonly commands: readonly Command[];
  readonly functions: ReadonlySet<string>;
}

const opening = new Set(['if', 'then', 'elif', 'else', 'do', 'while', 'until', '!', '{']);
const closing = new Set(['fi', 'done', 'esac', '}']);

interface Token {
  readonly line: number;
  readonly text: string;
  /** An operator, or a word; a word that was quoted is no keyword. */
  readonly kind: 'operator' | 'word' | 'quoted';
}

/** Words and operators; what is in $( ) is read as a script of its own, wherever it stands. */
class Lexer {
  readonly tokens: Token[] = [];
  readonly inner: Script[] = [];
  readonly #text: string;
  #at = 0;
  #line: number;
  #heredocs: { readonly end: string; readonly isQuoted: boolean }[] = [];

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  read(): this {
    while (this.#at < this.#text.length) this.#next();
    return this;
  }

  #peek(length = 1): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  #take(length = 1): string {
    const taken = this.#peek(length);
    this.#line += taken.split('\n').length - 1;
    this.#at += length;
    return taken;
  }

  #next(): void {
    const character = this.#peek();
    if (character === '\n') {
      this.#take();
      for (const { end } of this.#heredocs.splice(0)) this.#skipHeredoc(end);
      this.#operator('\n');
    } else if (character === ' ' || character === '\t') this.#take();
    else if (this.#peek(2) === '\\\n') this.#take(2);
    else if (character === '#') while (this.#at < this.#text.length && this.#peek() !== '\n') this.#take();
    else if (/[;&|()]/.test(character)) {
      const double = this.#peek(2);
      this.#operator(this.#take(['&&', '||', ';;'].includes(double) ? 2 : 1));
    } else if (/[<>]/.test(character)) this.#redirection();
    else this.#word();
  }

  #operator(text: string): void {
    this.tokens.push({ line: this.#line, text, kind: 'operator' });
  }

  /** Where to is no word of the command. */
  #redirection(): void {
    const operator = /^(?:<<-?|>>|[<>]&|[<>])/.exec(this.#peek(3))?.[0] ?? '';
    this.#take(operator.length);
    while (this.#peek() === ' ') this.#take();
    const before = this.tokens.length;
    this.#word();
    const [word] = this.tokens.splice(before);
    if (operator.startsWith('<<') && word !== undefined)
      this.#heredocs.push({ end: word.text, isQuoted: word.kind === 'quoted' });
  }

  #skipHeredoc(end: string): void {
    for (;;) {
      const stop = this.#text.indexOf('\n', this.#at);
      const line = this.#take((stop === -1 ? this.#text.length : stop + 1) - this.#at);
      if (line === '' || line.trim() === end) return;
    }
  }

  #word(): void {
    const line = this.#line;
    let [text, isQuoted] = ['', false];
    while (this.#at < this.#text.length && !/[\s;&|()<>]/.test(this.#peek())) {
      const character = this.#peek();
      if (character === "'") {
        isQuoted = true;
        const stop = this.#text.indexOf("'", this.#at + 1);
        text += this.#take(stop + 1 - this.#at).slice(1, -1);
      } else if (character === '"') {
        isQuoted = true;
        text += this.#double();
      } else if (this.#peek(2) === '\\\n') this.#take(2);
      else if (character === '\\') text += this.#take(2).slice(1);
      else if (character === '$') text += this.#dollar();
      else text += this.#take();
    }
    // The number in front of a redirection.
    if (/^[0-9]$/.test(text) && !isQuoted && /[<>]/.test(this.#peek())) return;
    this.tokens.push({ line, text, kind: isQuoted ? 'quoted' : 'word' });
  }

  #double(): string {
    let text = '';
    this.#take();
    while (this.#at < this.#text.length && this.#peek() !== '"') {
      if (this.#peek() === '\\') text += this.#take(2).slice(1);
      else if (this.#peek() === '$') text += this.#dollar();
      else text += this.#take();
    }
    this.#take();
    return text;
  }

  /** A variable, its braces with what is in them, a sum, or the output of a command. */
  #dollar(): string {
    if (this.#peek(3) === '$((') return this.#balanced('(', ')').replace(/^/, '$');
    if (this.#peek(2) === '$(') {
      const line = this.#line;
      const inside = this.#balanced('(', ')').slice(1, -1);
      this.inner.push(readScript(inside, line));
      return '$()';
    }
    if (this.#peek(2) === '${') return `$${this.#balanced('{', '}')}`;
    return this.#take();
  }

  #balanced(open: string, close: string): string {
    this.#take();
    const start = this.#at;
    let depth = 0;
    do {
      const character = this.#peek();
      if (character === "'" && open === '(') {
        this.#take(this.#text.indexOf("'", this.#at + 1) + 1 - this.#at);
        continue;
      }
      if (character === '\\') this.#take();
      if (character === open) depth += 1;
      if (character === close) depth -= 1;
      this.#take();
    } while (depth > 0 && this.#at < this.#text.length);
    return this.#text.slice(start, this.#at);
  }
}

const isAssignment = ({ text }: Token): boolean => /^[A-Za-z_][A-Za-z0-9_]*=/.test(text);

/** Takes what stands between `in`, or `;;`, and the bracket: patterns. */
const afterPattern = (tokens: readonly Token[], from: number): number => {
  let at = from;
  while (tokens[at]?.text === '\n' || tokens[at]?.text === '(') at += 1;
  if (tokens[at]?.text === 'esac') return at;
  while (at < tokens.length && tokens[at]?.text !== ')') at += 1;
  return at + 1;
};

export const readScript = (text: string, line = 1): Script => {
  const { tokens, inner } = new Lexer(text, line).read();
  const commands: { line: number; words: string[] }[] = inner.flatMap(({ commands: ones }) =>
    ones.map((one) => ({ line: one.line, words: [...one.words] })),
  );
  const functions = new Set(inner.flatMap((one) => [...one.functions]));
  let current: { line: number; words: string[] } | null = null;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.kind === 'operator') {
      current = null;
      if (token.text === ';;') at = afterPattern(tokens, at + 1) - 1;
    } else if (current !== null) current.words.push(token.text);
    else if (token.kind === 'word' && (opening.has(token.text) || closing.has(token.text))) continue;
    else if (token.kind === 'word' && token.text === 'case') {
      while (tokens[at]?.text !== 'in') at += 1;
      at = afterPattern(tokens, at + 1) - 1;
    } else if (token.kind === 'word' && token.text === 'for') {
      // Its words are no commands.
      while (at < tokens.length && !['\n', ';'].includes(tokens[at]?.text ?? '')) at += 1;
    } else if (tokens[at + 1]?.text === '(' && tokens[at + 2]?.text === ')') {
      functions.add(token.text);
      at += 2;
    } else if (!isAssignment(token)) {
      current = { line: token.line, words: [token.text] };
      commands.push(current);
    }
  }
  return { commands, functions };
};
