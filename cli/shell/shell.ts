/** A shell: how it is set, and what it does with a statement and with a dot command. */
import { UserError } from '../../collector/errors.ts';
import { allColumns } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments } from '../command.ts';
import { modeOf } from '../options.ts';
import { flush, print, printError, printNote, printRows } from '../output.ts';
import type { Cells } from '../output.ts';
import { asItIs } from '../shown.ts';
import type { Shown } from '../shown.ts';
import { suggest } from '../suggest.ts';
import { isoSeconds, parseTime } from '../time.ts';
import { SessionProcess } from './child.ts';
import type { Ended } from './child.ts';
import { dotCommands, modeNames, oneOfWords, readDotLine, readWidths } from './dot_commands.ts';
import type { Catalog, LookedAt } from './frames.ts';
import { lastingWords, lookWords } from './options.ts';

/** What came of a line: the next one may come, or none does. */
export type Outcome = 'done' | 'failed' | 'stopped' | 'leave';

const declared: Catalog = {
  tables: new Map(tables.map((table) => [table.name, allColumns(table).map(([name]) => name)])),
  queries: [],
  hosts: [],
  hostNames: [],
};

const outcomeOf = (code: number): Outcome => (code === 0 ? 'done' : 'failed');

const onOff = ['on', 'off'] as const;

const hostsSql =
  'SELECT host_id, hostname, computer_name, model_identifier, os_version FROM hosts ORDER BY hostname, host_id';

export class Shell {
  readonly #given: Arguments;
  readonly #session: SessionProcess;
  #mode: string;
  // The keys are the shell’s: a pager would wait for them.
  #shown: Shown = { ...asItIs, isPaged: false, showsAll: '.mode line shows one value a line' };
  #isTimed = false;
  #host: string | null;
  #asOf: string | null;
  #catalog = declared;
  /** Further lines of .summary. */
  readonly #facts: (() => readonly [string, string])[] = [];

  constructor(given: Arguments) {
    this.#given = given;
    this.#mode = modeOf(given);
    this.#host = given.text('host');
    const asOf = given.number('as-of');
    this.#asOf = asOf === null ? null : String(asOf);
    this.#session = new SessionProcess(lastingWords(given));
  }

  get catalog(): Catalog {
    return this.#isStored() ? this.#catalog : { ...this.#catalog, ...this.#session.hosts };
  }

  /** Adds a line to .summary. */
  alsoTells(fact: () => readonly [string, string]): void {
    this.#facts.push(fact);
  }

  /** Ends the statement that runs. */
  stop(): void {
    this.#session.stop();
  }

  close(): void {
    this.#session.close();
  }

  #ended(ended: Ended): Outcome {
    if (typeof ended !== 'string') return outcomeOf(ended.code);
    if (ended === 'unread') return 'leave';
    if (ended === 'stopped') printNote('stopped');
    this.#session.start();
    return ended === 'stopped' ? 'stopped' : 'failed';
  }

  /** Starts what runs the statements, and learns what they may name; false where what is asked cannot be opened. */
  async begin(): Promise<boolean> {
    const ended = await this.#session.ask({ kind: 'catalog' }, (told) => {
      if (told.kind === 'catalog') this.#catalog = told.catalog;
    });
    return ended === 'stopped' || (typeof ended !== 'string' && ended.code === 0);
  }

  /** A command line of this program, as `query` is one. */
  async #line(...line: readonly string[]): Promise<Outcome> {
    return this.#ended(await this.#session.ask({ kind: 'line', line, shown: this.#shown }));
  }

  #worldWords(host = this.#host): readonly string[] {
    return [
      ...lastingWords(this.#given),
      ...(host === null ? [] : [`--host=${host}`]),
      ...(this.#asOf === null ? [] : [`--as-of=${this.#asOf}`]),
      ...(this.#mode === 'spreadsheet' ? ['--csv'] : []),
      `--${this.#mode}`,
      ...lookWords(this.#given, this.#mode),
    ];
  }

  /** Runs one statement. */
  async statement(sql: string): Promise<Outcome> {
    return await this.#timed(() => this.#line('query', ...this.#worldWords(), '--', sql));
  }

  async #timed(work: () => Promise<Outcome>): Promise<Outcome> {
    const started = performance.now();
    const outcome = await work();
    if (this.#isTimed) printNote(`it took ${((performance.now() - started) / 1000).toFixed(3)} s`);
    return outcome;
  }

  /** Runs a line that begins with a dot. */
  async dot(line: string): Promise<Outcome> {
    try {
      const { command, words } = readDotLine(line);
      const outcome = await this.#run(command.name, words);
      flush();
      return outcome;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      printError(error.message, error.hint);
      return 'failed';
    }
  }

  async #run(name: string, words: readonly string[]): Promise<Outcome> {
    const [first = ''] = words;
    switch (name) {
      case '.exit':
      case '.quit':
        return 'leave';
      case '.all':
        return await this.statement(`SELECT * FROM ${this.#table(first)}`);
      case '.explain':
        return await this.#line('tables', '--', first.toLowerCase().replace(/_history$/, ''));
      case '.schema':
        return await this.#schema(first);
      case '.queries':
        return await this.#line('queries');
      case '.run':
        return await this.#timed(() => this.#line('query', ...this.#worldWords(), `-n${first}`));
      case '.hosts':
        return await this.#line('query', ...this.#worldWords(null), '--', hostsSql);
      case '.status':
        return await this.#status();
      case '.sources':
        return await this.#sources();
      case '.refresh':
        return await this.#refresh();
      case '.use':
        return await this.#use(words.join(' '));
      default:
        return this.#set(name, words);
    }
  }

  /** What changes the shell itself, and prints what it knows. */
  #set(name: string, words: readonly string[]): Outcome {
    const [first = ''] = words;
    if (name === '.mode') this.#mode = oneOfWords(name, first, modeNames);
    else if (name === '.headers')
      this.#shown = { ...this.#shown, hasHeaders: oneOfWords(name, first, onOff) === 'on' };
    else if (name === '.timer') this.#isTimed = oneOfWords(name, first, onOff) === 'on';
    else if (name === '.nullvalue') this.#shown = { ...this.#shown, nullText: first };
    else if (name === '.width') this.#shown = { ...this.#shown, widths: readWidths(words) };
    else if (name === '.as-of') this.#setTime(words.join(' '));
    else if (name === '.tables') this.#printTables(first);
    else if (name === '.help') this.#help(first);
    else this.#summary();
    return 'done';
  }

  #isStored(): boolean {
    return this.#given.text('db') !== null;
  }

  #setTime(text: string): void {
    if (!this.#isStored())
      throw new UserError(
        '.as-of goes with --db',
        'what was collected is of one moment; .sources tells of which',
      );
    this.#asOf = text === '' ? null : String(parseTime('.as-of', text));
  }

  /** A table or view by name, as a statement writes it. */
  #table(given: string): string {
    const name = given.toLowerCase();
    if (this.#catalog.tables.has(name)) return `"${name}"`;
    throw new UserError(
      `there is no table ${given}`,
      suggest(given, this.#catalog.tables.keys(), '.tables lists them all'),
    );
  }

  async #schema(given: string): Promise<Outcome> {
    if (given === '') return await this.#line('schema');
    const name = given.toLowerCase();
    if (declared.tables.has(name)) return await this.#line('schema', '--', name);
    const view = this.#table(given);
    const columns = this.#catalog.tables.get(name) ?? [];
    print(`-- a view\n${view} (\n${columns.map((column) => `  "${column}"`).join(',\n')}\n);\n`);
    return 'done';
  }

  #printTables(like: string): void {
    const names = [...this.#catalog.tables.keys()];
    const pattern = like.toLowerCase();
    const parts = pattern.split('%').map((part) => part.replaceAll(/[^a-z0-9_]/g, '\\$&'));
    const isLike = new RegExp(pattern.includes('%') ? `^${parts.join('.*')}$` : parts.join('.*'));
    const found = names.filter((name) => isLike.test(name));
    if (found.length === 0)
      throw new UserError(
        `no table is like ${JSON.stringify(like)}`,
        suggest(like, names, '.tables lists them all'),
      );
    print(found.map((name) => `${name}\n`).join(''));
  }

  #help(given: string): void {
    const wanted =
      given === '' ? null : readDotLine(given.startsWith('.') ? given : `.${given}`, true).command;
    const listed = dotCommands.filter((command) => wanted === null || command === wanted);
    const width = Math.max(...listed.map(({ name, usage }) => name.length + usage.length + 1));
    for (const { name, usage, about } of listed) print(`${`${name} ${usage}`.padEnd(width)}  ${about}\n`);
    if (wanted === null) print('\nA statement ends with ; and all else is as tokenquery query has it.\n');
  }

  #summary(): void {
    const { hasHeaders, nullText, widths } = this.#shown;
    const facts: readonly (readonly [string, string])[] = [
      ['mode', this.#mode],
      ['headers', hasHeaders ? 'on' : 'off'],
      ['nullvalue', JSON.stringify(nullText)],
      ['width', widths.length === 0 ? 'as the terminal has room' : widths.join(' ')],
      ['timer', this.#isTimed ? 'on' : 'off'],
      ['asked', this.#asked()],
      ['host', this.#host ?? 'all'],
      ...(this.#isStored()
        ? ([['as of', this.#asOf === null ? 'what is known last' : isoSeconds(Number(this.#asOf))]] as const)
        : []),
      ['timeout', `${this.#given.number('timeout') ?? 30} s`],
      ...this.#facts.map((fact) => fact()),
    ];
    for (const [name, text] of facts) print(`${name.padStart(9)}: ${text}\n`);
  }

  #asked(): string {
    const sources = this.#given.texts('source');
    return (
      this.#given.text('db') ?? (sources.length === 0 ? 'this Mac, or the sample hosts' : sources.join(', '))
    );
  }

  async #looked(): Promise<readonly LookedAt[]> {
    let looked: readonly LookedAt[] = [];
    const ended = await this.#session.ask({ kind: 'looks' }, (told) => {
      if (told.kind === 'looked') looked = told.sources;
    });
    this.#ended(ended);
    return looked;
  }

  #printTable(names: readonly string[], rows: readonly Cells[]): void {
    printRows(oneOfWords('.mode', this.#mode, modeNames) as Parameters<typeof printRows>[0], names, rows);
  }

  async #sources(): Promise<Outcome> {
    if (this.#isStored()) {
      print(`${this.#asked()}: ${this.#catalog.hosts.length} hosts; nothing is collected\n`);
      return 'done';
    }
    const looked = await this.#looked();
    if (looked.length === 0) print(`${this.#asked()}: nothing was looked at yet\n`);
    else
      this.#printTable(
        ['source', 'host_id', 'looked_at', 'tables'],
        looked.map(({ label, hostId, capturedTime, tables: seen }) => [
          ...[label, hostId, isoSeconds(capturedTime), seen.map(({ name }) => name).join(' ')],
        ]),
      );
    return 'done';
  }

  async #status(): Promise<Outcome> {
    const path = this.#given.text('db');
    if (path !== null) return await this.#line('status', `--db=${path}`);
    const looked = (await this.#looked()).filter(
      ({ hostId }) => this.#host === null || hostId === this.#host,
    );
    if (looked.length === 0) print('nothing was looked at yet: a statement looks at what it names\n');
    else
      this.#printTable(
        ['host_id', 'table_name', 'status', 'row_count', 'reason'],
        looked.flatMap(({ hostId, tables: seen }) =>
          seen.map(({ name, status, rows, reason }) => [hostId, name, status, rows, reason]),
        ),
      );
    return 'done';
  }

  async #refresh(): Promise<Outcome> {
    if (this.#isStored())
      throw new UserError('with --db nothing is collected', 'each statement sees the file as it then is');
    return this.#ended(await this.#session.ask({ kind: 'refresh' }));
  }

  async #use(name: string): Promise<Outcome> {
    if (name === '') {
      this.#host = null;
      return 'done';
    }
    let found: string | null = null;
    const ended = await this.#session.ask({ kind: 'host', name }, (told) => {
      if (told.kind === 'host') found = told.id;
    });
    if (found !== null) this.#host = found;
    return this.#ended(ended);
  }
}
