import { availableParallelism } from 'node:os';

/** Begun first, so that no core waits at the end for one of them: those that take ten seconds and more of a processor. */
const long = [
  'mutations/mutations',
  'mutations/script',
  'mutations/volume',
  'net/net',
  'fuzz/fuzz',
  'hostile/machine',
  'new_table',
  'build',
  'parsers/plist',
  'hostile/native',
];
const placeOf = (path) => {
  const place = long.findIndex((name) => path.endsWith(`test/${name}.test.ts`));
  return place === -1 ? long.length : place;
};

export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '4m',
  workerThreads: false,
  // One more than cores: there is always one that waits for a clock, a server or a disk.
  concurrency: availableParallelism() + 1,
  sortTestFiles: (one, other) => placeOf(one) - placeOf(other),
};
