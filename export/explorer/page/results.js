/** What a statement answered: what was not seen, the rows, a plot, and files of them. */
import { button, byId, make, makeSvg, visible } from './dom.js';
import { csvOf, jsonOf, textOf, timeOf } from './sql.js';

const rowsAtOnce = 200;
const mostOfCell = 2000;
const mostBars = 40;

const unknownCell = () => make('span', { class: 'un' }, 'NULL');

const cellOf = (name, value) => {
  if (value === null) return make('td', {}, unknownCell());
  const time = timeOf(name, value);
  if (time !== null)
    return make('td', {}, make('time', {}, time), ' ', make('span', { class: 'soft' }, String(value)));
  const text = textOf(value);
  const shown = text.length > mostOfCell ? `${text.slice(0, mostOfCell)}… (${text.length} characters)` : text;
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return make('td', isNumber ? { class: 'n' } : {}, isNumber ? shown : make('bdi', {}, shown));
};

const rowOf = ({ columns, rows }, at, actionOf) => {
  const cells = columns.map((name, index) => cellOf(name, rows[at][index]));
  return make('tr', {}, cells, actionOf === null ? null : make('td', {}, actionOf(rows[at])));
};

/** A table that shows some rows, and more when they are asked for. */
const tableOf = (answer, actionOf) => {
  const { columns, rows } = answer;
  const names = columns.map((name) => make('th', { scope: 'col' }, name));
  const action = actionOf === null ? null : make('th', { scope: 'col' }, 'Past');
  const body = make('tbody');
  const more = button('', () => add());
  const add = () => {
    const from = body.rows.length;
    const until = Math.min(rows.length, from + rowsAtOnce);
    for (let at = from; at < until; at += 1) body.append(rowOf(answer, at, actionOf));
    more.textContent = `Show ${Math.min(rowsAtOnce, rows.length - until)} more of ${rows.length}`;
    more.hidden = until === rows.length;
  };
  add();
  const table = make(
    'table',
    {},
    make('caption', {}, 'The rows of the answer'),
    make('thead', {}, make('tr', {}, names, action)),
    body,
  );
  return [make('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Rows' }, table), more];
};

/** The columns of a plot: the first of numbers, and the first of other values, by their places; null where there is none. */
const plottable = ({ columns, rows }) => {
  const isNumber = (index) =>
    rows.some((row) => typeof row[index] === 'number') &&
    rows.every((row) => row[index] === null || (typeof row[index] === 'number' && row[index] >= 0));
  const numbers = columns.map((_, index) => isNumber(index));
  // What is counted stands last, and what it is counted by first.
  const value = numbers.lastIndexOf(true);
  const label = columns.findIndex((_, index) => index !== value);
  return value === -1 || label === -1 || rows.length < 2 ? null : { label, value };
};

const barOf = (value, most) =>
  makeSvg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    value === null
      ? makeSvg('rect', { width: 100, height: 10, class: 'f-notknown' })
      : makeSvg('rect', { width: most === 0 ? 0 : (100 * value) / most, height: 10, class: 'f-value' }),
  );

const plotOf = ({ columns, rows }, { label, value }) => {
  const shown = rows.slice(0, mostBars);
  const most = Math.max(0, ...shown.map((row) => row[value] ?? 0));
  const lines = shown.map((row) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, row[label] === null ? unknownCell() : make('bdi', {}, textOf(row[label]))),
      make('td', { class: 'barcell' }, barOf(row[value], most)),
      make('td', { class: 'n' }, row[value] === null ? unknownCell() : textOf(row[value])),
    ),
  );
  const cut = rows.length > mostBars ? `, the first ${mostBars} of ${rows.length}` : '';
  const caption = `${columns[value]} by ${columns[label]}${cut}`;
  return make(
    'figure',
    {},
    make('figcaption', {}, caption),
    make('table', { class: 'plot' }, make('caption', {}, caption), make('tbody', {}, lines)),
  );
};

const save = (name, type, text) => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

const copyLink = async (link) => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
  } catch {
    // It is selected: the keyboard copies it.
  }
};

const actionsOf = (answer) => {
  const columns = plottable(answer);
  const place = make('div');
  const link = make('input', { readonly: true, 'aria-label': 'Link to this answer', size: 24 });
  link.value = location.href;
  const toggle = () => place.replaceChildren(...(place.hasChildNodes() ? [] : [plotOf(answer, columns)]));
  const all = answer.isCut ? '-cut' : '';
  return [
    make(
      'p',
      { class: 'row' },
      button('CSV', () => save(`answer${all}.csv`, 'text/csv', csvOf(answer))),
      button('JSON', () => save(`answer${all}.json`, 'application/json', jsonOf(answer))),
      columns === null ? null : button('Plot', toggle),
      button('Copy link', () => void copyLink(link)),
      link,
    ),
    place,
  ];
};

const countOf = ({ rows, isCut, ms }) => {
  const count = rows.length === 1 ? '1 row' : `${rows.length} rows`;
  return isCut
    ? `The first ${count}, and there are more: what is counted here is not all, and files are cut alike. ${ms.toFixed(0)} ms.`
    : `${count}, ${ms.toFixed(0)} ms.`;
};

/** Shows an answer; `actionOf` makes what stands at the end of each row, or is null. */
export const showAnswer = (answer, actionOf) => {
  const rows = byId('rows');
  byId('count').textContent = countOf(answer);
  if (answer.rows.length === 0) {
    rows.replaceChildren(
      make('p', {}, 'No row. That proves something only where all that it reads was seen: see above.'),
      ...actionsOf(answer),
    );
    return;
  }
  rows.replaceChildren(...actionsOf(answer), ...tableOf(answer, actionOf));
};

export const showFault = (message) => {
  byId('count').textContent = '';
  byId('rows').replaceChildren(make('p', { class: 'fault' }, message));
};

/** What was not seen of the tables that an answer was read from. */
export const showNote = (lines, isWhole) => {
  const note = byId('note');
  note.className = isWhole ? 'note' : 'apart';
  const most = 6;
  const items = lines.map((line) => make('li', {}, line));
  note.replaceChildren(
    make(
      'strong',
      {},
      isWhole ? 'All that it reads was seen. ' : 'Not all of it was seen, or it is not known whether. ',
    ),
    make('ul', { class: 'plain' }, items.slice(0, most)),
    items.length <= most
      ? ''
      : make(
          'details',
          {},
          make('summary', {}, visible(`${items.length - most} more`)),
          make('ul', { class: 'plain' }, items.slice(most)),
        ),
  );
};
