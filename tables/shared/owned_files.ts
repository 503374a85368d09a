/** Files that accounts have in their homes. */
import { NotAsked, parseFailed } from '../../collector/errors.ts';
import type { ParsedFile } from '../../collector/parsing.ts';
import type { Context, Owned, Row } from '../../collector/table.ts';
import { ownedFiles } from '../../collector/sources.ts';
import type { OwnedName } from '../../collector/sources.ts';
import { notAskedFor } from '../../collector/source_failures.ts';
import users from '../users.ts';

type User = Row<(typeof users)['columns']>;

export interface FileOfUser<T> {
  readonly user: User;
  readonly path: string;
  /** Null where it is not known what is there; why, was noted. */
  readonly file: Owned<T> | null;
}

/** Reads the file of each account that may log in and has a home; throws where nobody asked for it. */
export const readOfUsers = async <S extends OwnedName>(
  context: Context,
  source: S,
  pathIn: (home: string) => string,
): Promise<readonly FileOfUser<ParsedFile<S>>[]> => {
  // Who did not ask for it needs no account either.
  const include = ownedFiles[source];
  if (!context.include.has(include)) throw notAskedFor(include);
  const found: FileOfUser<ParsedFile<S>>[] = [];
  for (const user of await context.rows(users)) {
    if (user.can_login === 0) continue;
    const path = user.directory === null ? null : pathIn(user.directory);
    if (path === null || user.uid === null) {
      context.note(parseFailed('an account that may log in has no home or no uid'), { source });
      found.push({ user, path: path ?? '', file: null });
      continue;
    }
    try {
      found.push({ user, path, file: await context.readOwned(source, path, user.uid) });
    } catch (error) {
      if (error instanceof NotAsked) throw error;
      context.note(error as Error);
      found.push({ user, path, file: null });
    }
  }
  return found;
};
