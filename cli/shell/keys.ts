/** The keys of a terminal, one line at a time: what is typed while a statement runs waits for the next prompt. */
import { PassThrough } from 'node:stream';

const interrupt = 3;
const [lineFeed, carriageReturn] = [10, 13];

/** What readline reads in the place of the terminal. */
export class Keys extends PassThrough {
  readonly #terminal: NodeJS.ReadStream;
  readonly #interrupted: () => void;
  #held: Buffer = Buffer.alloc(0);
  #isOpen = false;
  #isEnded = false;
  readonly isTTY = true;

  /** @param interrupted Hears Ctrl-C while the keys wait; what was typed before it is forgotten, as a terminal does. */
  constructor(terminal: NodeJS.ReadStream, interrupted: () => void) {
    super();
    this.#terminal = terminal;
    this.#interrupted = interrupted;
    terminal.on('data', (bytes: Buffer) => this.#take(bytes));
    terminal.on('end', () => {
      this.#isEnded = true;
      this.#release();
    });
    // A terminal that is closed is the end of what is typed.
    terminal.on('error', () => this.end());
  }

  get isRaw(): boolean {
    return this.#terminal.isRaw;
  }
  setRawMode(isRaw: boolean): this {
    this.#terminal.setRawMode(isRaw);
    return this;
  }

  #take(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    const at = this.#isOpen ? -1 : this.#held.lastIndexOf(interrupt);
    if (at !== -1) {
      this.#held = this.#held.subarray(at + 1);
      this.#interrupted();
    }
    this.#release();
  }

  /** Gives what is typed up to the end of a line; the next line has to be asked for. */
  #release(): void {
    if (!this.#isOpen) return;
    const end = this.#held.findIndex((byte) => byte === lineFeed || byte === carriageReturn);
    const given = end === -1 ? this.#held : this.#held.subarray(0, end + 1);
    this.#held = this.#held.subarray(given.length);
    if (end !== -1) this.#isOpen = false;
    if (given.length > 0) this.write(Buffer.from(given));
    else if (this.#isEnded) this.end();
  }

  /** The next line may come. */
  next(): void {
    this.#isOpen = true;
    this.#release();
  }

  /** No line is wanted any more. */
  leave(): void {
    this.#terminal.pause();
    this.#terminal.unref();
  }
}
