'use strict';
// Starts the bundle. V8's compiled form of it, made by the build, saves a third of the start-up and a fifth of a
// collection; another Node refuses it and compiles anew. Nothing is written.
// In the single executable this text stands behind scripts/executable.cjs, which has in itself what else lies beside it.
const { closeSync, fstatSync, lstatSync, openSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
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
const isTerminal = (fd) => fstatSync(fd).isCharacterDevice() && require('node:tty').isatty(fd);
const takesValue = (word) =>
  /^--(?:source|host-id|exec-root|include|db|as-of|timeout|max-rows|host)$/.test(word);
/** Whether `query` is given no SQL: then it may open a shell, which has no guard but one for its statements (cli/main.ts). */
const lacksSql = ([verb, ...words]) =>
  verb === 'query' &&
  words.every((word, index) => /^-(?![nf])/.test(word) || takesValue(words[index - 1] ?? ''));
const isShell = (words) => words[0] === 'shell' || (lacksSql(words) && isTerminal(0) && isTerminal(1));
/** Whether a command will ask for the guard: then it is started before anything else is loaded (cli/guardian.ts). */
const isGuarded =
  line[0] === '--session' ||
  // It has a --timeout of its own.
  (line[0] !== 'osquery-extension' &&
    !isShell(line) &&
    ((line[0] === 'query' && !isInstant(line)) ||
      line.some((word) => /^--(?:timeout|pack|queries)(?:=|$)/.test(word))));

// One for each kind of work, for to load what is not run takes as long as it saves where it is.
const cacheOf = ([verb = '', ...words]) => {
  const tellsOfItself = ['--version', '-V', '--help', '-h', 'help', 'tables', 'schema', 'access', 'queries'];
  if (tellsOfItself.includes(verb)) return 'start';
  if (isInstant([verb, ...words]) || isShell([verb, ...words])) return 'start';
  if (verb === 'merge' || verb === 'export') return verb;
  if (verb === 'osquery-extension') return 'start';
  const hasFile = words.some((word) => word === '--db' || word.startsWith('--db='));
  // One statement needs a third of what judging needs.
  if (!hasFile && verb === 'query') return 'ask';
  if (verb === 'snapshot' || !hasFile) return 'collect';
  return verb === 'findings' || verb === '--look' ? 'findings' : 'query';
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

const assets = globalThis[Symbol.for('tokenquery.assets')];
const here = assets === undefined ? __dirname : dirname(process.execPath);
const textOf = (name) =>
  assets === undefined ? readFileSync(join(here, name), 'latin1') : assets.read(name).latin1Slice();
const cacheFor = (kind, name) => {
  const path = `caches/${kind}/${name}`;
  if (assets === undefined) return cached(join(here, path));
  try {
    return assets.read(path);
  } catch {
    // Where its own Node did not run at the build there is none.
    return undefined;
  }
};
/**
 * Runs a part. The build has put each into a function already, for to do it here would copy it once more.
 *
 * @param kind Of the cache; null for none.
 * @param parts Gets each part by its name, as they come to be loaded.
 */
const runPart = (name, kind, parts) => {
  const filename = join(here, name);
  const cachedData = kind === null ? undefined : cacheFor(kind, name);
  // By its name alone: a cache holds it, and is to be the same wherever it is made.
  const script = new Script(textOf(name), { filename: name, cachedData });
  parts.set(name, script);
  const part = { exports: {} };
  const own = createRequire(filename);
  const load = (id) => {
    if (/^\.\/\d+\.index\.cjs\.js$/.test(id)) return runPart(id.slice(2), kind, parts);
    // Where there are assets nothing that lies beside the program is ever run.
    return assets !== undefined && id.endsWith('.node') ? assets.loadAddon() : own(id);
  };
  script.runInThisContext()(part.exports, load, part, filename, here);
  return part.exports;
};
/** Runs the bundle, and returns its parts by their names. */
const runBundle = (kind) => {
  globalThis[Symbol.for('tokenquery.root')] = here;
  const parts = new Map();
  runPart('index.cjs', kind, parts);
  return parts;
};
/** Runs a command line in a thread that begins with `entry`; the thread that calls this loads no more than it must. */
const runGuarded = (entry, words) => runPart('guardian.cjs', null, new Map()).runGuarded(entry, words);

const start = () => {
  // Nothing is left to do or to write by then; to take V8 apart in order would take a millisecond more.
  if (!isThread) process.once('beforeExit', () => process.exit());
  if (isThread || !isGuarded) runBundle(cacheOf(line));
  else {
    const entry =
      assets === undefined ? { script: __filename, isText: false } : { script: assets.main, isText: true };
    runGuarded(entry, line).then((exitCode) => (process.exitCode = exitCode));
  }
};

module.exports = { runBundle, runGuarded, start };
if (assets !== undefined || require.main === module) start();
