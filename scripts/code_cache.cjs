'use strict';
// Writes V8's compiled form of the bundle after a command line was run, so that it holds the functions of just that:
// `node code_cache.cjs DIST KIND WORD…`. With --guarded in front it is run as a guarded command is, in a thread.
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const compile = (dist, kind, words) => {
  process.argv = [process.argv[0], join(dist, 'tokenquery.cjs'), ...words];
  const { runBundle } = require(join(dist, 'tokenquery.cjs'));
  const parts = runBundle(null);
  process.on('exit', () => {
    mkdirSync(join(dist, 'caches', kind), { recursive: true });
    for (const [name, script] of parts)
      writeFileSync(join(dist, 'caches', kind, name), script.createCachedData());
  });
};

const [, , how, ...given] = process.argv;
if (how === '--guarded') {
  const { runGuarded } = require(join(given[0], 'tokenquery.cjs'));
  runGuarded({ script: __filename, isText: false }, given).then((exitCode) => (process.exitCode = exitCode));
} else {
  const [dist, kind, ...words] = how === '--thread' ? given : [how, ...given];
  compile(dist, kind, how === '--thread' ? [how, ...words] : words);
}
