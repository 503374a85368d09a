/**
 * DuckDB, where somebody installed it: it is no part of this program, and nothing else loads it. As root only from folders that
 * are root’s alone, for its code runs in this process.
 */
import { realpathSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Api from '@duckdb/node-api';
import { codeOf, UserError } from '../../collector/errors.ts';
import { statOrNull } from '../../collector/files.ts';
import { checkCodeFolder } from '../../collector/trust.ts';

export type DuckDB = typeof Api;
export type Connection = Api.DuckDBConnection;

export const duckdbPackage = '@duckdb/node-api';
/** The one that the tests run; a test holds it to package.json. */
export const duckdbVersion = '1.5.5-r.5';

/** The folder of the package that a folder, or one above it, has; null where none has. */
const packageFrom = (folder: string): string | null => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, 'node_modules', duckdbPackage);
    if (statOrNull(join(path, 'package.json')) !== null) return path;
    if (at === dirname(at)) return null;
  }
};

/** The folders of all that is loaded: of the package, and of what it needs, which lies beside it or within. */
const foldersIn = (modules: string): readonly string[] =>
  ['@duckdb', 'detect-libc'].map((name) => join(modules, name));

const checkOwner = (path: string): void => {
  for (const folder of foldersIn(dirname(dirname(path))))
    if (statOrNull(folder) !== null) checkCodeFolder(folder, 'DuckDB');
};

/** What lies elsewhere, as far as Node would look for a part that is missing here. */
class Elsewhere extends Error {
  readonly code = 'MODULE_NOT_FOUND';
}

/** U+FEFF at the beginning of a text is part of it. */
class WholeTextDecoder extends TextDecoder {
  constructor(label?: string, options?: ConstructorParameters<typeof TextDecoder>[1]) {
    super(label, { ...options, ignoreBOM: true });
  }
}

/** Loads it with what lies in the folders that were looked at, and nothing else. */
const loadFrom = (path: string): DuckDB => {
  const modules = realpathSync(dirname(dirname(path)));
  const own = foldersIn(modules).map((folder) => pathToFileURL(join(folder, '/')).href);
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      if (found.url.startsWith('node:') || own.some((folder) => found.url.startsWith(folder))) return found;
      throw new Elsewhere(`${specifier} is not in ${modules}`);
    },
  });
  const { TextDecoder: before } = globalThis;
  try {
    globalThis.TextDecoder = WholeTextDecoder;
    return createRequire(join(path, 'package.json'))(realpathSync(path)) as DuckDB;
  } finally {
    globalThis.TextDecoder = before;
    hooks.deregister();
  }
};

/**
 * @param program The folder of this program.
 * @param named A folder in which somebody installed it; null for beside the program.
 */
export const loadDuckdb = (program: string, named: string | null): DuckDB => {
  const where = named === null ? '' : ` --prefix ${named}`;
  const install = `npm install${where} ${duckdbPackage}@${duckdbVersion}`;
  const path = packageFrom(named ?? program);
  if (path === null)
    throw new UserError(
      named === null
        ? 'a lake is read by DuckDB, and it is not installed beside tokenquery'
        : `there is no DuckDB in ${named}`,
      named === null
        ? `npm install --prefix DIR ${duckdbPackage}@${duckdbVersion}, and name that folder with --duckdb DIR`
        : `${install} puts it there`,
    );
  checkOwner(path);
  try {
    return loadFrom(path);
  } catch (error) {
    const why = (error as Error).message.split('\n')[0] ?? '';
    throw new UserError(
      `DuckDB in ${path} cannot be loaded: ${codeOf(error) === 'MODULE_NOT_FOUND' ? 'a part of it is missing' : why}`,
      `${install} puts it there anew, for ${process.platform}-${process.arch}`,
    );
  }
};
