/** Pieces of JSON, joined with commas as they come, to be parsed together. */
import { isAscii, isUtf8 } from 'node:buffer';

const comma = 44;

export class JsonList {
  #held = Buffer.allocUnsafe(65_536);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  add(bytes: Buffer, from = 0, to = bytes.length): void {
    const needed = this.#length + to - from + 1;
    if (needed > this.#held.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    if (this.#length > 0) {
      this.#held[this.#length] = comma;
      this.#length += 1;
    }
    bytes.copy(this.#held, this.#length, from, to);
    this.#length += to - from;
  }

  /** Null when it is not UTF-8. */
  text(): string | null {
    const bytes = this.#held.subarray(0, this.#length);
    if (isAscii(bytes)) return bytes.toString('latin1');
    return isUtf8(bytes) ? bytes.toString('utf8') : null;
  }
}
