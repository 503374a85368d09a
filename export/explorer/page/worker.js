/**
 * Runs in the worker, behind sql.js: it has the database, and answers one statement at a time. What it is given is the analyst's own
 * file, which may be anybody's: it can answer wrongly, and reaches nothing.
 */
/* global initSqlJs */

/** The database, and the names of its tables by the page where each begins. */
const world = { db: null, roots: new Map() };

/** More text than this does no table any good, and the page has to hold it. */
const mostCharacters = 32 * 1024 * 1024;

const valuesOf = (sql) => world.db.exec(sql)[0]?.values ?? [];

const beginWith = async ({ file, wasm }) => {
  const { Database } = await initSqlJs({ wasmBinary: wasm });
  const bytes = new Uint8Array(await file.arrayBuffer());
  // A file that was kept with a log opens only where its header says that there is none; whether it may be is judged before.
  bytes.fill(1, 18, 20);
  world.db = new Database(bytes);
  world.db.exec(
    'PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA query_only = ON',
  );
  const tables = valuesOf('SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0');
  world.roots = new Map(tables);
  return { isOpen: true };
};

/** Blanks, comments and ends of statements. Each way to go on begins with another character: it takes as long as the text. */
const blank = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*/;

const checkReads = (sql) => {
  const word = /^\w*/.exec(sql)[0].toLowerCase();
  if (word === '') throw new Error('there is no statement');
  if (!['select', 'with', 'values', 'explain'].includes(word))
    throw new Error(
      `the page only reads: a statement begins with SELECT, WITH, VALUES or EXPLAIN, and this one with ${word.slice(0, 40)}`,
    );
};

/** The tables of the file that a statement opens, whatever view names them. */
const touchedBy = (sql) => {
  if (/^explain\b/i.test(sql)) return [];
  const touched = new Set();
  for (const [, opcode, , root, schema] of valuesOf(`EXPLAIN ${sql}`))
    if ((opcode === 'OpenRead' || opcode === 'ReopenIdx') && schema === 0 && world.roots.has(root))
      touched.add(world.roots.get(root));
  return [...touched];
};

/** A whole number is one as long as a number holds it exactly. */
const valueOf = (value) =>
  typeof value === 'bigint' && value >= -9007199254740991n && value <= 9007199254740991n
    ? Number(value)
    : value;

const sizeOf = (value) => (typeof value === 'string' || value instanceof Uint8Array ? value.length : 8);

const rowsOf = (statement, most) => {
  const rows = [];
  let size = 0;
  while (statement.step()) {
    if (rows.length === most || size > mostCharacters) return { rows, isCut: true };
    const row = statement.get(null, { useBigInt: true }).map(valueOf);
    for (const value of row) size += sizeOf(value);
    rows.push(row);
  }
  return { rows, isCut: false };
};

const answer = ({ sql: text, most, now }) => {
  const sql = text.replace(blank, '');
  checkReads(sql);
  const started = performance.now();
  const statements = world.db.iterateStatements(sql);
  const { value: statement } = statements.next();
  try {
    if (statements.getRemainingSQL().replace(blank, '') !== '')
      throw new Error('one statement at a time: something stands behind the first one');
    statement.bind({ ':now': now });
    const columns = statement.getColumnNames();
    const { rows, isCut } = rowsOf(statement, most);
    return { columns, rows, isCut, ms: performance.now() - started, touched: touchedBy(sql) };
  } finally {
    statement.free();
  }
};

/** Whether what failed is SQLite itself, and not a statement: then nothing that it would say next can be believed. */
const isBroken = (error) =>
  error instanceof WebAssembly.RuntimeError ||
  error instanceof RangeError ||
  /out of memory|abort/i.test(error.message);

addEventListener('message', async ({ data }) => {
  try {
    postMessage(data.file === undefined ? answer(data) : await beginWith(data));
  } catch (error) {
    postMessage({ error: String(error.message), isBroken: isBroken(error) });
  }
});
