/**
 * docs/verify-on-a-mac.md as data: what doctor --verify can ask by itself of each line, and what is left to be run by hand. The page
 * is the only truth; a command of it is asked where it is, word by word, one of collector/sources.ts.
 */
import {
  commandNames,
  commands,
  fileNames,
  isReadablePath,
  ownArgvOf,
  ownCommands,
  sourceOf,
  statOnly,
} from '../collector/sources.ts';
import type { Command } from '../collector/sources.ts';
import type { Ask, Claim } from '../cli/doctor/claim.ts';

/** The cells of a row of a table in Markdown. */
const cellsOf = (line: string): readonly string[] =>
  line
    .replace(/^\|\s*|\s*\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** The words of a simple command, as a shell without variables reads them; null for anything else. */
const wordsOf = (text: string): readonly string[] | null => {
  if (/[|<>$`*\\(){}&]/.test(text)) return null;
  return Array.from(text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g), ([, a, b, c]) => a ?? b ?? c ?? '');
};

const parameterOf = (source: keyof typeof commands, argv: readonly string[]): readonly string[] => {
  const { argv: template, parameter }: Command = commands[source];
  const index = template.findIndex((word) => word === parameter?.placeholder);
  return index === -1 ? [] : [argv[index] ?? ''];
};

const commandAsk = (words: readonly string[]): Ask | null => {
  const [name = '', ...rest] = words;
  const programs = new Set(
    [...commandNames.map((known) => commands[known].argv[0]), ownCommands.launchctl_print_job.argv[0]].filter(
      (program) => program === name || program?.endsWith(`/${name}`),
    ),
  );
  for (const program of programs) {
    const argv = [program ?? '', ...rest];
    const source = sourceOf(argv);
    if (source !== null) return { kind: 'command', source, parameters: parameterOf(source, argv) };
    const label = rest.at(-1)?.replace(/^system\//, '') ?? '';
    if (rest.length === 2 && /^[A-Za-z0-9.-]+$/.test(label) && rest.at(-1) !== label)
      if (ownArgvOf('launchctl_print_job', label).join('\0') === argv.join('\0'))
        return { kind: 'service', label };
  }
  return null;
};

const fileAsk = (path: string): Ask | null => {
  const source = fileNames.find((name) => isReadablePath(name, path));
  return source === undefined ? null : { kind: 'file', source, path };
};

const known: ReadonlySet<string> = new Set(statOnly);
const statAsks = (paths: readonly string[]): readonly Ask[] | null =>
  paths.length > 0 && paths.every((path) => known.has(path))
    ? paths.map((path) => ({ kind: 'stat', path }))
    : null;

/** What one command of a line asks; null where no source does. */
const asksOf = (command: string): readonly Ask[] | null => {
  const words = wordsOf(command);
  if (words === null) return null;
  const [program, option = '', ...rest] = words;
  if (program === 'plutil' && option === '-p' && rest.length === 1) {
    const ask = fileAsk(rest[0] ?? '');
    return ask === null ? null : [ask];
  }
  if (program === 'ls' && /^-l[d]?$/.test(option)) return statAsks(rest);
  if (program === 'stat') return statAsks([option, ...rest].filter((word) => word.startsWith('/')));
  const ask = commandAsk(words);
  return ask === null ? null : [ask];
};

interface Part {
  readonly asks: readonly Ask[] | null;
  readonly isRoots: boolean;
}

/** The simple commands of a span of code, without what prints how they ended. */
const partsOf = (span: string): readonly Part[] =>
  span
    .split(/\s*(?:;|&&)\s*/)
    .filter((part) => part !== '' && !/^echo \$\?$/.test(part))
    .map((part) => {
      const isRoots = part.startsWith('sudo ');
      return { asks: asksOf(part.replace(/^sudo /, '')), isRoots };
    });

/** What stands beside the code, without words that only join it. */
const remarkOf = (cell: string): string =>
  cell
    .replaceAll(/`[^`]*`/g, ' ')
    .replaceAll(/\b(?:and|then)\b|,/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

const isOfRoot = (ask: Ask): boolean => ask.kind === 'command' && commands[ask.source].privilege === 'root';

/** Who is to ask: what only root is told, asked without sudo, is a question of what a user is told. */
const whoOf = (asks: readonly Ask[], isRoots: boolean, remark: string): Claim['who'] => {
  if (/\b(?:sudo|root)\b/.test(remark)) return 'anybody';
  if (isRoots) return 'root';
  return asks.some(isOfRoot) ? 'user' : 'anybody';
};

/** The lines of the page. */
export const claimsOf = (page: string): readonly Claim[] => {
  const claims: Claim[] = [];
  for (const line of page.split('\n')) {
    if (!line.startsWith('|') || /^\|(?: claim \||[ |-]+$)/.test(line)) continue;
    const [claim = '', command = ''] = cellsOf(line);
    const parts = Array.from(command.matchAll(/`([^`]*)`/g), ([, span = '']) => partsOf(span)).flat();
    const remark = remarkOf(command);
    const asks = parts.flatMap((part) => part.asks ?? []);
    claims.push({
      claim: claim.replaceAll('`', ''),
      command: command.replaceAll('`', ''),
      who: whoOf(
        asks,
        parts.some(({ asks: own, isRoots }) => own !== null && isRoots),
        remark,
      ),
      asks,
      isByHand: parts.length === 0 || parts.some((part) => part.asks === null) || remark !== '',
    });
  }
  return claims;
};

export const claimsFile = (page: string): string =>
  [
    '// GENERATED by scripts/generate.ts from docs/verify-on-a-mac.md; do not edit.',
    "import type { Claim } from './claim.ts';",
    '',
    '/** Every line of docs/verify-on-a-mac.md, in its order. */',
    `export const claims: readonly Claim[] = ${JSON.stringify(claimsOf(page), null, 2)};`,
    '',
  ].join('\n');
