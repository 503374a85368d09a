/** Whether this macOS is one that tokenquery knows, and whether it keeps something from root. */
import type { Backend } from '../../collector/backends/backend.ts';
import { SourceReader } from '../../collector/source_reader.ts';
import { commands, fileNames, files, statOnly } from '../../collector/sources.ts';
import type { Parsed } from '../../collector/parsing.ts';
import { dataTables } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import type { Store } from '../../store/store.ts';
import { ok, unknown, warning } from './report.ts';
import type { Line } from './report.ts';
import { refusedToRoot } from './state.ts';

/** The newest macOS of which answers are in test/corpus. */
const newestKnown = 26;

/** `10.15.7` as 101507, as hosts.os_version_num has it, and so the version of `10.13+ APFS`; null for what is none. */
const numberOf = (version: string): number | null => {
  const [, major, minor = '0', patch = '0'] =
    /^(\d{1,3})(?:\.(\d{1,2}))?(?:\.(\d{1,2}))?(?:\+.*)?$/.exec(version) ?? [];
  return major === undefined ? null : Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
};

/** Tables that need a newer macOS than this, by name. */
const tablesBeyond = (version: number): readonly string[] =>
  dataTables(tables)
    .filter(({ macos }) => (numberOf(macos) ?? 0) > version)
    .map(({ name }) => name);

/** What macOS this is. Throws CollectError where it does not say. */
export const macosLine = async (backend: Backend): Promise<Line> => {
  const answer = (await new SourceReader(backend, {}).read('sw_vers', [])) as Parsed<'sw_vers'>;
  const version = answer.productVersion === null ? null : numberOf(answer.productVersion);
  if (version === null) return unknown('macos', 'sw_vers tells no version', commands.sw_vers.argv.join(' '));
  const shown = `macOS ${answer.productVersion}`;
  if (Math.floor(version / 10_000) > newestKnown)
    return warning(
      'macos',
      `${shown} is newer than ${newestKnown}, the newest whose answers are known: what has another form will be NULL, with a reason`,
      'sudo tokenquery doctor --verify tells which have',
    );
  const beyond = tablesBeyond(version);
  return beyond.length === 0
    ? ok('macos', `${shown}: every table can be collected`)
    : warning(
        'macos',
        `${shown} is too old for ${beyond.length} tables: ${beyond.join(', ')}`,
        'upgrade to have them',
      );
};

/** Paths of the list that are there for every Mac: those of one account have a name in them. */
const plainPaths = (): readonly (readonly ['file' | 'stat', string])[] => [
  ...fileNames.flatMap((name) =>
    files[name].paths.filter((path) => !path.includes('{')).map((path) => ['file', path] as const),
  ),
  ...statOnly.map((path) => ['stat', path] as const),
];

/** What is refused of the list now, without reading more than collecting does. */
const refusedNow = async (backend: Backend): Promise<readonly string[]> => {
  const refused: string[] = [];
  for (const [how, path] of plainPaths()) {
    const found = how === 'file' ? await backend.readFile(path) : await backend.stat(path);
    if (found?.kind === 'denied') refused.push(path);
  }
  return refused;
};

/**
 * Whether Full Disk Access is missing. macOS has no way to ask that changes nothing and touches no file of somebody’s; what
 * it keeps from root, of all that tokenquery may read, is what a missing grant costs.
 */
export const diskLine = async (backend: Backend, store: Store | null): Promise<Line> => {
  const stored = store === null ? null : refusedToRoot(store);
  const grant =
    'grant Full Disk Access to the program that starts tokenquery: docs/schedule.md, Deploying by MDM';
  if (stored !== null && stored.messages.length > 0)
    return warning(
      'disk',
      `macOS kept from root what Full Disk Access is for: ${stored.messages.join('; ')}`,
      grant,
    );
  if (backend.euid !== 0)
    return stored?.isKnown === true
      ? ok('disk', 'the last snapshot of root was refused nothing: Full Disk Access is not missed')
      : unknown('disk', 'whether Full Disk Access is missed only root can tell', 'sudo tokenquery doctor');
  const refused = await refusedNow(backend);
  return refused.length === 0
    ? ok('disk', 'root is refused nothing of what is read: Full Disk Access is not missed')
    : warning('disk', `macOS keeps from root what Full Disk Access is for: ${refused.join(', ')}`, grant);
};
