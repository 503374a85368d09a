'use strict';
// Writes V8's compiled form of the bundle after a command line was run, so that it holds the functions of just that:
// `node code_cache.cjs BUNDLE OUT WORD…`. With --guarded in front it is run as a guarded command is, in a thread.
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const compile = (filename, out, words) => {
  globalThis[Symbol.for('tokenquery.root')] = dirname(filename);
  const script = new Script(wrap(readFileSync(filename, 'latin1')), { filename });
  process.argv = [process.argv[0], filename, ...words];
  const bundle = { exports: {} };
  script.runInThisContext()(bundle.exports, createRequire(filename), bundle, filename, dirname(filename));
  process.on('exit', () => writeFileSync(out, script.createCachedData()));
};

const [, , how, ...given] = process.argv;
if (how === '--guarded') {
  const { runGuarded } = require(join(dirname(given[0]), 'guardian.cjs'));
  runGuarded(__filename, given).then((exitCode) => (process.exitCode = exitCode));
} else {
  const [filename, out, ...words] = how === '--thread' ? given : [how, ...given];
  compile(filename, out, how === '--thread' ? [how, ...words] : words);
}
