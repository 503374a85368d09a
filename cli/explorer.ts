/** Makes the explorer's page, and says of a database whether the page will open it. */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { FileError } from '../collector/errors.ts';
import { openRegular, statOrNull } from '../collector/files.ts';
import { explorerPage, headerBytes, mostBytes } from '../export/explorer/page.ts';
import type { KnownFile } from '../export/explorer/page.ts';
import { fileSink, stdoutSink } from '../export/file_sink.ts';
import { queries } from '../queries/index.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { readableStore } from './database.ts';
import { deliveredSqlite } from './delivered.ts';
import { withSignals } from './export_output.ts';
import { flush, print } from './output.ts';
import { checkTaken } from './taken_places.ts';
import { currentTime } from './time.ts';
import { version } from './version.ts';

/** What the page knows a file by. Throws where it would not open it. */
const knownFile = (given: Arguments, path: string): KnownFile => {
  const seenMs = currentTime() * 1000;
  // It is one of this program, and can be read.
  readableStore(given).close();
  const { fd } = openRegular(path);
  try {
    const { size, mtimeMs } = fstatSync(fd);
    if (size > mostBytes)
      throw new FileError(
        path,
        ` has ${Math.ceil(size / 1024 / 1024)} MB, and a page takes up to 500`,
        `tokenquery merge --db part.db --only-hosts LIST ${path} takes the Macs of a list; tokenquery query --db asks all`,
      );
    const header = Buffer.alloc(headerBytes);
    readSync(fd, header, 0, headerBytes, 0);
    if ((statOrNull(`${path}-wal`, statSync)?.size ?? 0) > 0)
      throw new FileError(
        path,
        ' has a log beside it, which a page cannot see: it is being written, or a writer was cut off',
        `try again when it is done; or make one file of both: sqlite3 ${path} "VACUUM INTO 'copy.db'", and open copy.db`,
      );
    return { size, changedMs: Math.floor(mtimeMs), seenMs, header: header.toString('hex') };
  } finally {
    closeSync(fd);
  }
};

export const makeExplorer = async (given: Arguments): Promise<number> => {
  const [output, db] = [given.required('output'), given.text('db')];
  checkTaken(output, [['the database', db]]);
  const known = db === null ? null : knownFile(given, db);
  const page = explorerPage({ tables, queries, version, known, sqlite: deliveredSqlite() });
  const sink = output === '-' ? stdoutSink(print, flush) : fileSink(output);
  await withSignals(sink, async () => {
    await sink.write(page);
    await sink.finish();
  });
  return 0;
};
