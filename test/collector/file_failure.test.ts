import test from 'ava';
import { FileError, UserError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';

const failed = (code: string): Error => Object.assign(new Error(`${code}: as the system says it`), { code });

const told: readonly (readonly ['read' | 'write', string, string, string])[] = [
  ['read', 'ENOENT', 'a/b is not there', 'is the path right?'],
  ['read', 'ENOTDIR', 'a/b is not there', 'is the path right?'],
  ['read', 'EACCES', 'a/b may not be read', 'only its owner and root may read it'],
  ['read', 'EPERM', 'a/b may not be read', 'only its owner and root may read it'],
  ['read', 'EISDIR', 'a/b is a folder', 'name a file'],
  ['read', 'ELOOP', 'a/b is a link', 'name the file itself'],
  ['read', 'EIO', 'a/b cannot be read (EIO)', ''],
  ['read', 'EMFILE', 'a/b cannot be read (EMFILE)', 'are there too few open files'],
  ['write', 'EACCES', 'a/b may not be written (EACCES)', 'may you write in '],
  ['write', 'EPERM', 'a/b may not be written (EPERM)', 'may you write in '],
  ['write', 'EROFS', 'a/b may not be written (EROFS)', 'may you write in '],
  ['write', 'EISDIR', 'a/b is a folder', 'name a file'],
  ['write', 'ENOTEMPTY', 'a/b is a folder', 'name a file'],
  ['write', 'EEXIST', 'a/b exists already', 'name a new path'],
  ['write', 'ENOENT', 'a/b cannot be made: there is no folder ', 'make the folder first'],
  ['write', 'ENOSPC', 'there is no space left for a/b', 'make room and try again'],
  ['write', 'EDQUOT', 'there is no space left for a/b', 'make room and try again'],
  ['write', 'EIO', 'a/b cannot be written (EIO)', ''],
  ['write', 'ENFILE', 'a/b cannot be written (ENFILE)', 'are there too few open files'],
];

for (const [doing, code, message, hint] of told) {
  test(`${code} while a path is ${doing === 'read' ? 'read' : 'written'}`, (t) => {
    const error = fileFailure(failed(code), 'a/b', doing);
    t.true(error.message.startsWith(message), error.message);
    t.true(error.hint.startsWith(hint) && (hint !== '' || error.hint === ''), error.hint);
    t.is(error instanceof FileError, error.message.startsWith('a/b'));
  });
}

test('an error without a code says what it says, and one in words stays as it is', (t) => {
  t.is(
    fileFailure(new Error('unexpected end of file'), 'a.gz', 'read').message,
    'a.gz cannot be read: unexpected end of file',
  );
  const own = new UserError('it is none', 'name another');
  t.is(fileFailure(own, 'a', 'write'), own);
});

test('the caller’s hint is told where it knows better', (t) => {
  t.is(fileFailure(failed('ENOENT'), 'q.sql', 'read', '-f takes a file').hint, '-f takes a file');
});
