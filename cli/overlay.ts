/** What a site changes of the questions: how it is read, and how it is told. */
import { plural } from '../collector/plural.ts';
import { readOverlay } from '../queries/overlay.ts';
import type { Overlay } from '../queries/overlay.ts';
import { isOff } from '../queries/query.ts';
import type { Query } from '../queries/query.ts';
import type { Arguments } from './command.ts';

/**
 * The overlay that the command line names; null where it names none.
 *
 * @param known What is asked beside the library.
 */
export const overlayOf = (given: Arguments, known: readonly Query[] = []): Overlay | null => {
  const folder = given.text('overlay');
  return folder === null ? null : readOverlay(folder, known);
};

/** A line for each question that is switched off: where that is said, by whom and why. */
export const offLines = (queries: readonly Query[]): readonly string[] =>
  queries.flatMap(({ name, overlay }) =>
    overlay?.isOff === true ? [`${name}: ${overlay.place}, of ${overlay.owner}: ${overlay.reason}`] : [],
  );

/** What is switched off, in one line; none where that is nothing. */
export const offNotes = (queries: readonly Query[]): readonly string[] => {
  const names = queries.filter(isOff).map(({ name }) => name);
  return names.length === 0
    ? []
    : [
        `the overlay switches off ${plural(names.length, 'question')}, not asked and not clean: ${names.join(', ')}`,
      ];
};
