/** What came of one question on every host. Mostly that is the same on nearly all: only where it is not is held. */

/** Hosts in their order; the questions that are asked of them share one list. */
export class HostList {
  readonly all: readonly string[];
  readonly #known: ReadonlySet<string>;

  constructor(hosts: readonly string[]) {
    this.all = hosts;
    this.#known = new Set(hosts);
  }

  has(host: string): boolean {
    return this.#known.has(host);
  }
}

export class VerdictMap<V> implements ReadonlyMap<string, V> {
  readonly #hosts: HostList;
  readonly #usual: V;
  readonly #others: ReadonlyMap<string, V>;

  /**
   * @param usual On the hosts of which nothing else is said.
   * @param others May speak of hosts that are not in the list; they are not in the map either.
   */
  constructor(hosts: HostList, usual: V, others: ReadonlyMap<string, V>) {
    this.#hosts = hosts;
    this.#usual = usual;
    this.#others = others;
  }

  get size(): number {
    return this.#hosts.all.length;
  }

  has(host: string): boolean {
    return this.#hosts.has(host);
  }

  get(host: string): V | undefined {
    return this.#hosts.has(host) ? this.#of(host) : undefined;
  }

  #of(host: string): V {
    return this.#others.get(host) ?? this.#usual;
  }

  *entries(): MapIterator<[string, V]> {
    for (const host of this.#hosts.all) yield [host, this.#of(host)];
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  *keys(): MapIterator<string> {
    yield* this.#hosts.all;
  }

  *values(): MapIterator<V> {
    for (const host of this.#hosts.all) yield this.#of(host);
  }

  forEach(work: (verdict: V, host: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [host, verdict] of this) work(verdict, host, this);
  }
}
