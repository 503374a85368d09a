'use strict';
// Starts the bundle. V8's compiled form of it, made by the build, saves a third of the start-up and a fifth of a
// collection; another Node refuses it and compiles anew. Nothing is written.
const { readFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

if (Number(process.versions.napi) < 10) {
  process.stderr.write(
    `tokenquery: error: this is Node ${process.version}, and tokenquery needs Node 22.18 or newer\n`,
  );
  process.stderr.write('tokenquery: hint: start bin/tokenquery, which looks for one\n');
  process.exit(1);
}
globalThis[Symbol.for('tokenquery.root')] = __dirname;
const filename = join(__dirname, 'index.cjs');
// Two of them, for to load the one with all that work runs takes as long as it saves where there is no work: the
// program tells of itself, or answers a statement that reads no table.
const [verb = '', sql = 'FROM', ...more] = process.argv.slice(2);
const isShort =
  ['--version', '-V', '--help', '-h', 'help', 'tables', 'schema', 'access', 'queries'].includes(verb) ||
  (verb === 'query' && more.length === 0 && !/\bFROM\b/i.test(sql));
let cachedData;
try {
  cachedData = readFileSync(join(__dirname, isShort ? 'start.cache' : 'work.cache'));
} catch {
  // Without it the start is slower, not different.
}
const script = new Script(wrap(readFileSync(filename, 'latin1')), { filename, cachedData });
const bundle = { exports: {} };
script.runInThisContext()(bundle.exports, createRequire(filename), bundle, filename, __dirname);
