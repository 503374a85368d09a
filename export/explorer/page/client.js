/** The worker that has the database. It is ended when an answer takes too long, and made anew with the same file. */
import { byId } from './dom.js';

const querySeconds = 5;
const openSeconds = 120;
/** So many rows are fetched for a page and its files. */
const mostRows = 10_000;

const client = { worker: null, code: null, wasm: null, file: null, end: null, last: Promise.resolve() };

/** What stands in the page: packed, and as base64. */
const unpacked = async (id) => {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
};

export const unpackedJson = async (id) => JSON.parse(new TextDecoder().decode(await unpacked(id)));

const start = async () => {
  client.wasm ??= await unpacked('wasm');
  client.code ??= URL.createObjectURL(new Blob([await unpacked('worker')], { type: 'text/javascript' }));
  client.worker = new Worker(client.code);
};

/** One message, and its answer; whoever takes longer is ended. */
const call = (message, seconds) =>
  new Promise((resolve) => {
    const { worker } = client;
    const listening = new AbortController();
    const { signal } = listening;
    const finish = (answer) => {
      clearTimeout(client.timer);
      client.end = null;
      listening.abort();
      if (answer.isEnded === true) worker.terminate();
      resolve(answer);
    };
    client.end = (why) => finish({ error: why, isEnded: true });
    client.timer = setTimeout(() => client.end(`ended after ${seconds} seconds`), seconds * 1000);
    const hear = ({ data }) => finish(data.isBroken === true ? { ...data, isEnded: true } : data);
    const fail = (event) => {
      event.preventDefault();
      finish({ error: `SQLite failed: ${event.message}`, isEnded: true });
    };
    worker.addEventListener('message', hear, { signal });
    worker.addEventListener('error', fail, { signal });
    worker.postMessage(message);
  });

/** One thing after the other: the time of each begins when it is its turn. */
const queued = (work) => {
  const done = client.last.then(work);
  client.last = done.catch(() => undefined);
  return done;
};

const openIn = async (file) => {
  await start();
  return call({ file, wasm: client.wasm }, openSeconds);
};

/** A worker that was ended is made anew, with the same file; a browser refuses to read one that changed. */
const renew = async () => {
  const answer = await openIn(client.file);
  if (answer.error !== undefined) client.file = null;
};

/** Opens a file in a worker of its own; the one before stays where that fails. */
export const openFile = (file) =>
  queued(async () => {
    const before = { worker: client.worker, file: client.file };
    const answer = await openIn(file);
    if (answer.error === undefined) {
      before.worker?.terminate();
      client.file = file;
    } else {
      client.worker.terminate();
      Object.assign(client, before);
    }
    return answer;
  });

/** What a statement answers: columns and rows, or an error. */
export const ask = (sql, most = mostRows) => {
  const answered = queued(async () => {
    if (client.file === null)
      return { error: 'the file cannot be read any more, as it was changed or moved: choose it again' };
    return call({ sql, most, now: Math.floor(Date.now() / 1000) }, querySeconds);
  });
  void queued(async () => {
    if ((await answered).isEnded === true) await renew();
  });
  return answered;
};

/** Ends what is asked at this moment. */
export const stop = () => client.end?.('stopped');
