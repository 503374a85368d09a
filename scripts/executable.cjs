'use strict';
// The single executable begins here; scripts/loader.cjs stands behind it (packaging/executable.ts). It has in itself, as
// assets, what lies beside the loader elsewhere. Its threads run this same text. What is loaded here, every start pays for.
{
  // Nobody types such a name: the guard of a command that took too long lets this process end so (cli/guardian.ts).
  if (process.argv0 === 'tokenquery-ends') process.exit(1);
  // A thread that runs a text has a name of its own there, and the program is asked for by its path (collector/trust.ts).
  process.argv[1] = process.execPath;

  const sea = require('node:sea');
  const fs = require('node:fs');
  const isRoot = process.geteuid?.() === 0;
  const read = (name) => Buffer.from(sea.getRawAsset(name));
  /** As root, no folder of a caller's choice, and none in which others can put another file in a file's place. */
  const isSafe = (folder) => {
    if (!isRoot) return true;
    const { uid, mode } = fs.statSync(folder);
    return uid === 0 && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
  };
  /** SQLite's part can only be loaded from a file: it is there for a moment, in a folder that nobody else can enter. */
  const loadFrom = (parent) => {
    if (!isSafe(parent)) throw new Error('others may write there');
    const folder = fs.mkdtempSync(`${parent}/tokenquery-`);
    const file = `${folder}/sqlite.node`;
    try {
      fs.writeFileSync(file, read('addon'), { mode: 0o500, flag: 'wx' });
      const addon = { exports: {} };
      process.dlopen(addon, file);
      return addon.exports;
    } finally {
      if (fs.existsSync(file)) fs.unlinkSync(file);
      fs.rmdirSync(folder);
    }
  };
  const fail = (failures) => {
    fs.writeSync(
      2,
      `tokenquery: error: SQLite cannot be loaded (${failures.join('; ')})\n` +
        'tokenquery: hint: for a moment it needs a folder for temporary files that may be written and run from\n',
    );
    process.exit(1);
  };
  const loadAddon = () => {
    const given = isRoot ? undefined : process.env.TMPDIR;
    const failures = [];
    for (const parent of [given, '/tmp', '/var/tmp']) {
      if (!parent) continue;
      try {
        return loadFrom(parent);
      } catch (error) {
        failures.push(`${parent}: ${error.message.split('\n')[0]}`);
      }
    }
    return fail(failures);
  };

  globalThis[Symbol.for('tokenquery.assets')] = {
    get names() {
      return sea.getAssetKeys();
    },
    read,
    loadAddon,
    get main() {
      return read('main').utf8Slice();
    },
  };
}
