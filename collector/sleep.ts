/** Waits, and does nothing else meanwhile: for what is ready in some milliseconds, where nothing can be awaited. */
export const sleep = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};
