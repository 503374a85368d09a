/** The page: what is looked at stands in the fragment of its address, so that it can be kept, gone back to and handed on. */
import { blindSpotsOf, factsOf } from './blind_spots.js';
import { aboutPanel, pastOf, tablePanel, tableStatement } from './browse.js';
import { ask, openFile, stop, unpackedJson } from './client.js';
import { setNames, watchBox } from './complete.js';
import { button, byId, make, say } from './dom.js';
import { faultOf, noteOfLog, watchFiles } from './file.js';
import { countsOf, questionPanel, showCounts, statementOf } from './questions.js';
import { showAnswer, showFault, showNote } from './results.js';
import { readCounts, readWorld } from './world.js';

const page = { library: null, world: null, turn: 0 };

/** What the fragment says; of what somebody wrote into it by hand, what is no filter is left out. */
const placeOf = () => {
  const words = new URLSearchParams(location.hash.slice(1));
  let where = [];
  try {
    const read = JSON.parse(words.get('where') ?? '[]');
    where = read.filter(
      ([name, value]) => typeof name === 'string' && (value === null || /string|number/.test(typeof value)),
    );
  } catch {
    where = [];
  }
  return { table: words.get('table'), question: words.get('question'), sql: words.get('sql'), where };
};

/** Goes to a place: the address changes, and the page follows it. */
const go = ({ table = null, question = null, sql = null, where = [] }) => {
  const words = new URLSearchParams();
  if (table !== null) words.set('table', table);
  if (question !== null) words.set('question', question);
  if (where.length > 0) words.set('where', JSON.stringify(where));
  if (sql !== null) words.set('sql', sql);
  const hash = `#${words}`;
  if (location.hash === hash) void follow();
  else location.hash = hash;
};

/** Asks what stands in the box, and shows the answer with what was not seen. */
const run = async (sql) => {
  page.turn += 1;
  const { turn } = page;
  const isLate = () => turn !== page.turn;
  byId('stop').disabled = false;
  byId('count').textContent = 'Asking…';
  byId('rows').replaceChildren();
  byId('note').replaceChildren();
  const answer = await ask(sql);
  if (isLate()) return;
  byId('stop').disabled = true;
  if (answer.error !== undefined) {
    showFault(`${answer.error}.`);
    return;
  }
  const spots = await blindSpotsOf(answer.touched, page.world.columns);
  if (isLate()) return;
  showNote(spots.lines, spots.isWhole);
  showAnswer(answer, pastOf(page.world, factsOf(answer.touched, page.world.columns), answer.columns, go));
};

/** The panel of a place, and the statement that belongs to it. */
const panelOf = ({ table, question, sql, where }) => {
  const { world } = page;
  const asked = question === null ? undefined : world.questions.find(({ name }) => name === question);
  if (asked !== undefined)
    return { panel: questionPanel(world, asked, go), sql: sql ?? statementOf(world, asked) };
  if (table !== null) {
    if (world.columns.has(table))
      return { panel: tablePanel(world, { table, where }, go), sql: sql ?? tableStatement(table, where) };
    return { panel: [make('h2', { tabindex: -1 }, `There is no table ${table} in this file`)], sql };
  }
  return { panel: aboutPanel(world.about), sql };
};

/** Shows the place that the address names. */
const follow = async () => {
  if (page.world === null) return;
  const place = placeOf();
  const { panel, sql } = panelOf(place);
  const shown = byId('panel');
  const key = JSON.stringify([place.table, place.question, place.where]);
  // Who asks something else of the same keeps what he opened there, and where he stands.
  if (shown.dataset.key !== key) {
    const isInUse = document.activeElement.closest('nav, #panel, #rows') !== null;
    shown.dataset.key = key;
    shown.replaceChildren(...panel.flat().filter((part) => part !== null));
    // What was pressed may be gone: who works with the keyboard goes on at the beginning of what came.
    if (isInUse) shown.querySelector('h2').focus();
  }
  if (sql === null) return;
  byId('sql').value = sql;
  await run(sql);
};

const tableItem = (name) =>
  make(
    'li',
    { 'data-words': name },
    button(name, () => go({ table: name })),
  );

const questionItem = (question) =>
  make(
    'li',
    { 'data-words': `${question.name} ${question.title} ${question.severity}`.toLowerCase() },
    button(question.title, () => go({ question: question.name })),
    make('span', { class: 'soft' }, ` ${question.severity}; `, countsOf(page.world, question)),
  );

const isPast = (name) => name.endsWith('_history');

const fillLists = () => {
  const { columns, questions } = page.world;
  const names = [...columns.keys()];
  byId('tables').replaceChildren(...names.filter((name) => !isPast(name)).map(tableItem));
  byId('questions').replaceChildren(...questions.map(questionItem));
  setNames(columns);
};

/** Shows of both lists what has the words that somebody looks for. */
const filterLists = () => {
  const words = byId('find').value.toLowerCase();
  for (const item of document.querySelectorAll('#tables li, #questions li'))
    item.hidden = !item.dataset.words.includes(words);
};

const take = async (file) => {
  say(`Opening ${file.name}…`);
  const fault = await faultOf(file, page.library);
  if (fault !== null) {
    say(`Not opened. ${fault}`, true);
    return;
  }
  const started = performance.now();
  const { error } = await openFile(file);
  if (error !== undefined) {
    say(`Not opened. ${file.name}: ${error}`, true);
    return;
  }
  const world = await readWorld(page.library);
  page.world = world;
  fillLists();
  byId('work').hidden = false;
  byId('panel').dataset.key = '';
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${file.name} is open (${seconds} s). It stays on this machine.${await noteOfLog(file, page.library)}`);
  await follow();
  const counted = await readCounts(page.library);
  // Another file may have been opened meanwhile.
  if (page.world !== world) return;
  world.counted = counted;
  showCounts(world);
};

const begin = async () => {
  page.library = await unpackedJson('library');
  const askBox = () => {
    const { table, question, where } = placeOf();
    go({ table, question, where, sql: byId('sql').value });
  };
  byId('run').addEventListener('click', askBox);
  byId('stop').addEventListener('click', stop);
  byId('find').addEventListener('input', filterLists);
  // The fragment of the address is the place in the database, and no place on the page.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
  watchBox(askBox);
  addEventListener('hashchange', () => void follow());
  watchFiles(take);
  byId('file').disabled = false;
  say('Choose a database, or drop it anywhere here.');
};

void begin();
