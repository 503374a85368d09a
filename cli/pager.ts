/**
 * Long output of a terminal, page by page: the pager of whoever sits there, started without a shell, when all of the output is
 * there. It never has a part in collecting (docs/decisions/0019).
 */
import { spawn } from 'node:child_process';
import { isMainThread, parentPort } from 'node:worker_threads';

interface Pager {
  readonly file: string;
  readonly parameters: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

// Quotes and what a shell would replace are not understood here, and are not guessed.
const plainWords = /^[^\s'"`$\\|&;<>(){}*?~#!]+(?:\s+[^\s'"`$\\|&;<>(){}*?~#!]+)*$/;

// F: what fits on a page is printed. R: colours are colours. X: what was read stays on the screen. S: wide lines are not folded.
const lessOptions = (isWide: boolean): string => (isWide ? 'FRSX' : 'FRX');

const pick = (env: NodeJS.ProcessEnv, names: RegExp): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));

/**
 * The pager, by the habits of git and psql; null where nothing shall be paged.
 *
 * As root it is less alone, in its secure mode and of the system's own folder: what a variable names is not run as root, and
 * nobody gets a shell from it.
 */
export const pagerFor = (
  env: NodeJS.ProcessEnv,
  { isRoot, isWide }: { readonly isRoot: boolean; readonly isWide: boolean },
): Pager | null => {
  const wanted = (env['PAGER'] ?? 'less').trim();
  if (wanted === '' || wanted === 'cat' || env['TERM'] === 'dumb') return null;
  const less = lessOptions(isWide);
  if (isRoot) {
    const own = { LESS: less, LESSSECURE: '1', LESSHISTFILE: '-', PATH: '/usr/bin:/bin' };
    return {
      file: '/usr/bin/less',
      parameters: [],
      env: { ...pick(env, /^(?:TERM|LANG|LC_[A-Z]+)$/), ...own },
    };
  }
  const [file = 'less', ...parameters] = plainWords.test(wanted) ? wanted.split(/\s+/) : ['less'];
  return { file, parameters, env: { LESS: less, LV: '-c', ...env } };
};

/** The guard of a command (cli/guardian.ts) leaves Ctrl-C to the pager meanwhile. */
const ignoringInterrupts = async <T>(work: () => Promise<T>): Promise<T> => {
  const ignore = (): void => {};
  if (isMainThread) process.on('SIGINT', ignore);
  else parentPort?.postMessage({ isPaging: true });
  try {
    return await work();
  } finally {
    if (isMainThread) process.removeListener('SIGINT', ignore);
    else parentPort?.postMessage({ isPaging: false });
  }
};

/** Shows text; false where the pager could not be started, and nothing was shown. */
export const page = (text: string, { file, parameters, env }: Pager): Promise<boolean> =>
  ignoringInterrupts(
    () =>
      new Promise((resolve) => {
        const child = spawn(file, parameters, { env, stdio: ['pipe', 1, 2] });
        child.on('error', () => resolve(false));
        child.on('close', () => resolve(child.pid !== undefined));
        // Whoever has seen enough leaves before the end.
        child.stdin?.on('error', () => {});
        child.stdin?.end(text);
      }),
  );
