/** Sections of findings for people: what somebody accepted, and what was resolved. */
import { plural, someOf } from '../collector/plural.ts';
import type { Suppressed } from '../queries/suppress.ts';
import type { Labels } from './findings_places.ts';
import { wrap } from './findings_report.ts';
import type { Resolved } from './findings_told.ts';
import { print } from './output.ts';
import { isoSeconds } from './time.ts';

/** Subjects and hosts, each once. */
const placesText = (
  places: readonly { readonly hostId: string | null; readonly subject: string | null }[],
  { labelOf, nameOf }: Labels,
): string => {
  const subjects = [...new Set(places.map(({ subject }) => subject ?? '-'))];
  const hosts = [...new Set(places.map(({ hostId }) => hostId))];
  const on = hosts.map((hostId) =>
    hostId === null ? 'the fleet' : (hosts.length > 1 ? nameOf : labelOf)(hostId),
  );
  const where = on.length > 1 ? `${plural(on.length, 'host')}: ${someOf(on)}` : someOf(on);
  return `${someOf(subjects)} on ${where}`;
};

/** @param lines What was switched off, a line for each question. */
export const printOff = (lines: readonly string[]): void => {
  if (lines.length === 0) return;
  print('Switched off by the overlay: not asked, which is not "clean":\n');
  for (const line of lines) print(wrap(line, '    ', '  '));
  print('\n');
};

export const printSuppressed = (suppressed: readonly Suppressed[], labels: Labels): void => {
  if (suppressed.length === 0) return;
  print('Suppressed by exceptions, and not counted:\n');
  for (const [{ entry, query, owner, reason, until }, own] of Map.groupBy(
    suppressed,
    ({ exception }) => exception,
  )) {
    const places = own.map(({ finding }) => finding);
    print(wrap(`${query}: ${placesText(places, labels)}`, '    ', '  '));
    print(wrap(`exception ${entry} of ${owner}, until ${until}: ${reason}`, '      ', '    '));
  }
  print('\n');
};

export const printResolved = (resolved: readonly Resolved[], since: number | null, labels: Labels): void => {
  if (since === null) return;
  print(`Resolved since ${isoSeconds(since)}:${resolved.length === 0 ? ' nothing' : ''}\n`);
  for (const own of Map.groupBy(resolved, ({ life }) => `${life.severity} ${life.queryName}`).values()) {
    const places = own.map(({ life }) => life);
    const [first] = places;
    const last = Math.max(...places.map(({ resolvedTime }) => resolvedTime ?? 0));
    const when = `${own.length > 1 ? 'the last ' : ''}at ${isoSeconds(last)}`;
    print(
      wrap(`${first?.severity} ${first?.queryName}: ${placesText(places, labels)}, ${when}`, '    ', '  '),
    );
  }
  print('\n');
};
