'use strict';
// Starts the bundle. V8's compiled form of it, made by the build, saves a third of the start-up and a fifth of a
// collection; another Node refuses it and compiles anew. Nothing is written.
const { closeSync, fstatSync, lstatSync, openSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

if (Number(process.versions.napi) < 10) {
  process.stderr.write(
    `tokenquery: error: this is Node ${process.version}, and tokenquery needs Node 22.18 or newer\n`,
  );
  process.stderr.write('tokenquery: hint: start bin/tokenquery, which looks for one\n');
  process.exit(1);
}

const isThread = process.argv[2] === '--thread';
const line = process.argv.slice(isThread ? 3 : 2);
/** As store/guard.ts has it; where the two differ, the command line is looked at once more, and nothing is lost but time. */
const isInstant = ([verb, sql = '', ...words]) =>
  verb === 'query' && words.length === 0 && !/[(]|\b(?:from|with|values|explain)\b/i.test(sql);
/** Whether a command will ask for the guard: then it is started before anything else is loaded (cli/guardian.ts). */
const isGuarded =
  (line[0] === 'query' && !isInstant(line)) ||
  line.some((word) => /^--(?:timeout|pack|queries)(?:=|$)/.test(word));

// One for each kind of work, for to load what is not run takes as long as it saves where it is.
const cacheOf = ([verb = '', ...words]) => {
  const tellsOfItself = ['--version', '-V', '--help', '-h', 'help', 'tables', 'schema', 'access', 'queries'];
  if (tellsOfItself.includes(verb)) return 'start';
  if (isInstant([verb, ...words])) return 'start';
  if (verb === 'merge' || verb === 'export') return verb;
  const hasFile = words.some((word) => word === '--db' || word.startsWith('--db='));
  if (verb === 'snapshot' || !hasFile) return 'collect';
  return verb === 'findings' ? 'findings' : 'query';
};
// V8 runs a cache as it is: root takes one only from the owner of the bundle, whom it runs anyway.
const isOfOwner = ({ uid, mode }) => uid === lstatSync(__filename).uid && (mode & 0o022) === 0;
const cached = (path) => {
  let file;
  try {
    file = openSync(path);
  } catch {
    // Without it the start is slower, not different.
    return undefined;
  }
  try {
    if (process.geteuid?.() === 0 && !isOfOwner(fstatSync(file))) return undefined;
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
};
/**
 * Runs the bundle. Its parts are loaded when they are asked for; the build has put each into a function already, for to do
 * it here would copy it once more.
 *
 * @returns The parts by their names, as they come to be loaded.
 */
const runBundle = (kind) => {
  globalThis[Symbol.for('tokenquery.root')] = __dirname;
  const parts = new Map();
  const run = (name) => {
    const filename = join(__dirname, name);
    const cachedData = kind === null ? undefined : cached(join(__dirname, 'caches', kind, name));
    const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
    parts.set(name, script);
    const bundle = { exports: {} };
    const own = createRequire(filename);
    const load = (id) => (/^\.\/\d+\.index\.cjs\.js$/.test(id) ? run(id.slice(2)) : own(id));
    script.runInThisContext()(bundle.exports, load, bundle, filename, __dirname);
    return bundle.exports;
  };
  run('index.cjs');
  return parts;
};

module.exports = { runBundle };
if (require.main === module) {
  if (isThread || !isGuarded) runBundle(cacheOf(line));
  else {
    const { runGuarded } = require(join(__dirname, 'guardian.cjs'));
    runGuarded(__filename, line).then((exitCode) => (process.exitCode = exitCode));
  }
}
