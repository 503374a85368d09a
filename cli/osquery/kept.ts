/** What was looked up once and answers until it is too old. Who asks while it is looked up waits for the same look. */

/** A statement asks many times in a row: it is answered to its end from one look, though not for ever. */
const quietMs = 1000;
const mostLateMs = 60_000;
/** So long a failure is told again, before it is tried again. */
const failureMs = 5000;

interface Closable {
  close(): void;
}

export class Kept<T extends Closable> {
  readonly #load: () => Promise<T>;
  readonly #maxAgeMs: number;
  readonly #clock: () => number;
  #current: { readonly of: T; readonly madeAt: number } | null = null;
  #failure: { readonly error: unknown; readonly at: number } | null = null;
  #loading: Promise<T> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** What is being looked up is too old before it is there. */
  #isOutdated = false;

  constructor(load: () => Promise<T>, maxAgeMs: number, clock: () => number = () => performance.now()) {
    this.#load = load;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  #isFresh(now: number, madeAt: number): boolean {
    const age = now - madeAt;
    const isGoingOn = now - this.#askedAt < quietMs;
    return age < this.#maxAgeMs || (isGoingOn && age < this.#maxAgeMs + mostLateMs);
  }

  async get(): Promise<T> {
    const now = this.#clock();
    const current = this.#current;
    if (this.#loading === null && current !== null && this.#isFresh(now, current.madeAt)) {
      this.#askedAt = now;
      return current.of;
    }
    if (this.#failure !== null && now - this.#failure.at < failureMs) throw this.#failure.error;
    this.#loading ??= this.#look();
    return await this.#loading;
  }

  async #look(): Promise<T> {
    try {
      const of = await this.#load();
      this.#current?.of.close();
      this.#failure = null;
      const now = this.#clock();
      const madeAt = this.#isOutdated ? Number.NEGATIVE_INFINITY : now;
      this.#askedAt = now;
      this.#isOutdated = false;
      this.#current = { of, madeAt };
      return of;
    } catch (error) {
      this.#failure = { error, at: this.#clock() };
      throw error;
    } finally {
      this.#loading = null;
    }
  }

  /** What is there is not answered any more, however young it is. */
  expire(): void {
    this.#isOutdated = this.#loading !== null;
    if (this.#current !== null) this.#current = { ...this.#current, madeAt: Number.NEGATIVE_INFINITY };
  }

  close(): void {
    this.#current?.of.close();
    this.#current = null;
  }
}
