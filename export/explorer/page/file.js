/** Whether a file can be opened here, by what its first bytes say. */
import { byId } from './dom.js';
import { hexOf } from './sql.js';

/**
 * Whether this is the file that `tokenquery explore --db` looked at: then it is known that no log lay beside it. Every change of
 * the file changes its time, and what is written later into a log alone is not in it.
 */
const isKnown = (file, head, known) =>
  known !== null &&
  known.size === file.size &&
  known.header === hexOf(head) &&
  Math.abs(known.changedMs - file.lastModified) <= 1;

const ofLog = (name) =>
  `${name} is kept with a log beside it (${name}-wal), which may hold the newest part and which no page can see. ` +
  `Make a page that knows the file: tokenquery explore --db ${name} --output explorer.html. ` +
  `Or make one file of both, and choose that: sqlite3 ${name} "VACUUM INTO 'copy.db'"`;

/** Why a file is not opened, and what to do; null where it can be. */
export const faultOf = async (file, { known, mostBytes, headerBytes }) => {
  const { name, size } = file;
  if (size > mostBytes)
    return (
      `${name} has ${Math.ceil(size / 1024 / 1024)} MB, and a page takes up to 500. Make a smaller file: ` +
      `tokenquery merge --db part.db --only-hosts LIST ${name} takes the Macs of a list; tokenquery query --db ${name} asks all of them`
    );
  const head = new Uint8Array(await file.slice(0, headerBytes).arrayBuffer());
  if (head.length < headerBytes || new TextDecoder().decode(head.slice(0, 15)) !== 'SQLite format 3')
    return head[0] === 0x1f && head[1] === 0x8b
      ? `${name} is compressed: unpack it first (gunzip), or snapshot or merge what it holds into a database`
      : `${name} is no SQLite database: tokenquery snapshot --db FILE and tokenquery merge make one`;
  if ((head[18] === 2 || head[19] === 2) && !isKnown(file, head, known)) return ofLog(name);
  return null;
};

/** What is said of an opened file that has a log: since when it may not be all. */
export const noteOfLog = async (file, { known, headerBytes }) => {
  const head = new Uint8Array(await file.slice(0, headerBytes).arrayBuffer());
  return head[18] === 2 && known !== null
    ? ` What was written into it after ${new Date(known.seenMs).toISOString().slice(0, 16).replace('T', ' ')} UTC may not be in it yet.`
    : '';
};

/** Hands files to `take` that are chosen, or dropped anywhere on the page. */
export const watchFiles = (take) => {
  const input = byId('file');
  // The same file may be chosen once more; until then its name stands there.
  input.addEventListener('click', () => {
    input.value = '';
  });
  input.addEventListener('change', () => {
    const [file] = input.files;
    if (file !== undefined) void take(file);
  });
  const hasFile = ({ dataTransfer }) => dataTransfer !== null && dataTransfer.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (hasFile(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file !== undefined) void take(file);
  });
};
