/** Files that accounts have in their homes. */
import { CollectError, NotAsked, parseFailed } from '../../collector/errors.ts';
import type { ParsedFile } from '../../collector/parsing.ts';
import { notAskedFor } from '../../collector/source_failures.ts';
import { ownedFiles } from '../../collector/sources.ts';
import type { OwnedName } from '../../collector/sources.ts';
import type { Context, Owned, Row } from '../../collector/table.ts';
import users from '../users.ts';

type User = Row<(typeof users)['columns']>;

export interface FileOfUser<T> {
  readonly user: User;
  readonly path: string | null;
  /** Null where it is not known what is there; why, was noted. */
  readonly file: Owned<T> | null;
}

/** The file, or why nobody looked at it; null where it is not known, which is noted. */
const readOne = async <S extends OwnedName>(
  context: Context,
  source: S,
  path: string | null,
  uid: number | null,
): Promise<Owned<ParsedFile<S>> | NotAsked | null> => {
  if (path === null || uid === null) {
    context.note(parseFailed('an account that may log in has no home or no uid'), { source });
    return null;
  }
  try {
    return await context.readOwned(source, path, uid);
  } catch (error) {
    if (error instanceof NotAsked) return error;
    context.note(error as Error);
    return null;
  }
};

/** Reads the file of each account that may log in and has a home; throws where nobody asked for it. */
export const readOfUsers = async <S extends OwnedName>(
  context: Context,
  source: S,
  pathIn: (home: string) => string,
): Promise<readonly FileOfUser<ParsedFile<S>>[]> => {
  // Who did not ask for it needs no account either.
  const include = ownedFiles[source];
  if (!context.include.has(include)) throw notAskedFor(include);
  const accounts = (await context.rows(users)).filter(({ can_login: canLogin }) => canLogin !== 0);
  const found = await Promise.all(
    accounts.map(async (user) => {
      const path = user.directory === null ? null : pathIn(user.directory);
      return { user, path, file: await readOne(context, source, path, user.uid) };
    }),
  );
  const [first, ...others] = found.flatMap(({ file }) => (file instanceof NotAsked ? [file] : []));
  if (first !== undefined && others.length + 1 === found.length) throw first;
  return found.map(({ user, path, file }) => {
    if (!(file instanceof NotAsked)) return { user, path, file };
    // Of others it was recorded, and so of this one it is lost.
    context.note(new CollectError('not_recorded', `${path} is not recorded`).at(source));
    return { user, path, file: null };
  });
};
