/**
 * Bounds how much of what was just made a thread holds before it looks what of it is garbage. Node takes such a bound for
 * other threads only: the first one would grow to 64 MB where a lot is made, and is no quicker for it.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const mostBytes = 8_000_000;

const grow = (factor: 1 | 2): void => setFlagsFromString(`--semi-space-growth-factor=${factor}`);

export class YoungHeap {
  private isBounded = false;

  /** To be called often: it grows to twice its size at once. No thread is started with V8's caches afterwards. */
  look(): void {
    if (this.isBounded) return;
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young === undefined || young.space_size < mostBytes) return;
    this.isBounded = true;
    grow(1);
  }

  end(): void {
    if (this.isBounded) grow(2);
    this.isBounded = false;
  }
}
