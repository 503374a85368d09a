/** Completion in the box of SQL: tables, columns of the tables that the statement names, and words of SQL. */
import { byId, make } from './dom.js';

const words =
  'SELECT FROM WHERE GROUP BY ORDER BY LIMIT DISTINCT COUNT(*) LEFT JOIN ON AND OR NOT IN IS NULL EXISTS CASE WHEN THEN ELSE END AS WITH HAVING UNION ALL COALESCE( LIKE BETWEEN DESC'.split(
    ' ',
  );
const most = 8;

const state = { columns: new Map(), found: [], active: -1, from: 0 };

/** What can be completed: the columns of each table, by its name. */
export const setNames = (columns) => {
  state.columns = columns;
};

/** What a name before a dot stands for: a table, or what the statement calls it. */
const tableNamed = (sql, name) => {
  if (state.columns.has(name)) return name;
  for (const [, table, alias] of sql.matchAll(/\b(?:from|join)\s+([a-z_0-9]+)\s+(?:as\s+)?([a-z_0-9]+)/gi))
    if (alias === name && state.columns.has(table)) return table;
  return null;
};

const candidates = (sql, before) => {
  const [, of, begun] = /(?:([A-Za-z_0-9]+)\.)?([A-Za-z_0-9]*)$/.exec(before);
  if (of !== undefined) return { begun, all: state.columns.get(tableNamed(sql, of)) ?? [] };
  if (begun === '') return { begun, all: [] };
  const tables = [...state.columns.keys()];
  const named = tables.filter((table) => new RegExp(`\\b${table}\\b`, 'i').test(sql));
  const columns = named.flatMap((table) => state.columns.get(table));
  const isOfTable = /\b(?:from|join)\s+\w*$/i.test(before);
  return { begun, all: isOfTable ? tables : [...columns, ...tables, ...words] };
};

const close = () => {
  state.found = [];
  state.active = -1;
  show();
};

const accept = (index) => {
  const box = byId('sql');
  box.setRangeText(state.found[index], state.from, box.selectionEnd, 'end');
  close();
  box.focus();
};

const show = () => {
  const list = byId('completion');
  const items = state.found.map((text, index) =>
    make(
      'li',
      {
        role: 'option',
        id: `completion-${index}`,
        'aria-selected': String(index === state.active),
        mousedown: (event) => {
          event.preventDefault();
          accept(index);
        },
      },
      text,
    ),
  );
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
  const box = byId('sql');
  if (state.active === -1) box.removeAttribute('aria-activedescendant');
  else box.setAttribute('aria-activedescendant', `completion-${state.active}`);
};

const look = () => {
  const box = byId('sql');
  const before = box.value.slice(0, box.selectionStart);
  const { begun, all } = candidates(box.value, before);
  const lower = begun.toLowerCase();
  const fitting = all.filter((name) => name.toLowerCase().startsWith(lower) && name.toLowerCase() !== lower);
  state.found = [...new Set(fitting)].slice(0, most);
  state.active = -1;
  state.from = before.length - begun.length;
  show();
};

const move = (step) => {
  const count = state.found.length;
  state.active = (state.active + step + count + (state.active === -1 && step < 0 ? 1 : 0)) % count;
  show();
};

/** Arrows choose, Enter or Tab takes what is chosen, Escape closes. With nothing chosen, they do what they always do. */
const onKey = (event) => {
  if (state.found.length === 0) return;
  const isTaken = (event.key === 'Enter' || event.key === 'Tab') && state.active !== -1;
  if (event.key === 'ArrowDown') move(1);
  else if (event.key === 'ArrowUp') move(-1);
  else if (isTaken) accept(state.active);
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
};

export const watchBox = (run) => {
  const box = byId('sql');
  box.addEventListener('input', look);
  box.addEventListener('blur', close);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      close();
      run();
    } else onKey(event);
  });
};
