'use strict';
// Writes V8's compiled form of the bundle after a command line was run, so that it holds the functions of just that:
// `node code_cache.cjs BUNDLE OUT WORD…`.
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname } = require('node:path');
const { Script } = require('node:vm');

const [, , filename, out, ...words] = process.argv;
globalThis[Symbol.for('tokenquery.root')] = dirname(filename);
const script = new Script(wrap(readFileSync(filename, 'latin1')), { filename });
process.argv = [process.argv[0], filename, ...words];
const bundle = { exports: {} };
script.runInThisContext()(bundle.exports, createRequire(filename), bundle, filename, dirname(filename));
process.on('exit', () => writeFileSync(out, script.createCachedData()));
