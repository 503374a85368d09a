/** Preference files, where a file that is not there is an answer and a file that cannot be read is none. */
import { NotAsked } from '../../collector/errors.ts';
import { known } from '../../collector/setting.ts';
import type { Setting } from '../../collector/setting.ts';
import type { Context } from '../../collector/table.ts';

/** What came of looking at a file: its content, null when it is proven absent. */
export interface PreferenceFile<T> {
  readonly content: T | null;
}

/** Notes a failure and answers null: a file that is not there is told from one that was not read. */
export const readPreferences = <T>(
  context: Context,
  reading: Promise<T | null>,
): Promise<PreferenceFile<T> | null> => context.orUnknown(reading.then((content) => ({ content })));

/** Notes a failure and answers null; of what nobody looked at, no table may say that it has no rows: that is thrown. */
export const orNoted = async <T>(context: Context, reading: Promise<T>): Promise<T | null> => {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof NotAsked) throw error;
    context.note(error as Error);
    return null;
  }
};

/** The same of a preference file whose content becomes rows. */
export const readRowPreferences = <T>(
  context: Context,
  reading: Promise<T | null>,
): Promise<PreferenceFile<T> | null> =>
  orNoted(
    context,
    reading.then((content) => ({ content })),
  );

/** The first that is set, in the order in which they hold; null when that one is not known. */
export const firstSet = <T>(...settings: readonly (Setting<T> | undefined)[]): T | null => {
  const first = settings.find((setting) => setting != null);
  return first === undefined ? null : known<T>(first);
};

/**
 * What holds of a setting that a profile may force: the profile's value, else that of the preference file.
 * Null when it was not read or not understood; `absent` when neither sets it.
 */
export const effective = <A, B, T>(
  managed: PreferenceFile<A> | null,
  ofManaged: (content: A) => Setting<T> | undefined,
  local: PreferenceFile<B> | null,
  ofLocal: (content: B) => Setting<T> | undefined,
  absent: T | null,
): T | null => {
  // A profile that was not read may say otherwise than the preference file.
  if (managed === null) return null;
  const forced = managed.content === null ? null : ofManaged(managed.content);
  if (forced != null) return known(forced);
  if (local === null) return null;
  const set = local.content === null ? null : ofLocal(local.content);
  return set == null ? absent : known(set);
};
