/** Tables and columns with their meaning, facets with counts, and the past of a row. */
import { ask } from './client.js';
import { button, make } from './dom.js';
import { quoteName, textOf, whereOf } from './sql.js';

const rowsOfTable = 1000;
const valuesOfFacet = 12;
const facetsAtOnce = 4;

export const tableStatement = (table, where) =>
  `SELECT *\nFROM ${quoteName(table)}${whereOf(where)}\nLIMIT ${rowsOfTable}`;

const facetStatement = (table, where, column) =>
  `SELECT ${quoteName(column)} AS value, COUNT(*) AS rows_of_it\nFROM ${quoteName(table)}${whereOf(where)}\nGROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT ${valuesOfFacet + 1}`;

const valueButton = ([value, count], choose) =>
  make(
    'li',
    {},
    button(value === null ? 'NULL (not known)' : textOf(value).slice(0, 80), () => choose(value)),
    ` ${count}`,
  );

/** The values of a column, with how many rows have each. */
const facetOf = async ({ table, where, go }, column) => {
  const statement = facetStatement(table, where, column);
  const answer = await ask(statement, valuesOfFacet + 1);
  const choose = (value) =>
    go({ table, where: [...where, [column, typeof value === 'bigint' ? String(value) : value]] });
  const more = (answer.rows?.length ?? 0) > valuesOfFacet;
  return make(
    'div',
    { class: 'facet' },
    make('h3', {}, column),
    answer.error === undefined
      ? make(
          'ul',
          {},
          answer.rows.slice(0, valuesOfFacet).map((row) => valueButton(row, choose)),
        )
      : make('p', { class: 'fault' }, answer.error),
    more ? make('p', { class: 'soft' }, 'and more') : null,
    button('As an answer', () => go({ table, where, sql: statement })),
  );
};

/** Columns of few values say most of a table at a glance. */
const isOfFewValues = ({ unit, allowed_values: allowed }) => unit === '1, 0 or NULL' || allowed !== null;

/** Facets are counted only where somebody looks: each reads the whole table. */
const facetsOf = (place) => {
  const { columns, meanings } = place;
  const box = make('div', { class: 'facets' });
  const add = async (names) => {
    for (const name of names) box.append(await facetOf(place, name));
  };
  const few = columns.filter((name) => meanings.has(name) && isOfFewValues(meanings.get(name)));
  const choice = make(
    'select',
    { 'aria-label': 'Column to count', change: (event) => void add([event.target.value]) },
    make('option', { value: '', disabled: true, selected: true }, 'Count another column…'),
    columns.map((name) => make('option', { value: name }, name)),
  );
  const details = make(
    'details',
    {
      toggle: () => {
        if (details.open && !box.hasChildNodes()) void add(few.slice(0, facetsAtOnce));
      },
    },
    make('summary', {}, 'Count values'),
    make('p', {}, choice),
    box,
  );
  return details;
};

const meaningRow = (name, meaning) =>
  make(
    'tr',
    {},
    make('th', { scope: 'row' }, name),
    make('td', {}, meaning?.meaning ?? make('span', { class: 'un' }, 'The file does not say.')),
    make('td', {}, [meaning?.type, meaning?.unit, meaning?.allowed_values].filter(Boolean).join('; ')),
    make('td', {}, meaning?.meaning_of_null ?? ''),
  );

const meaningsOf = ({ columns, meanings }) =>
  make(
    'details',
    {},
    make('summary', {}, `What the ${columns.length} columns mean`),
    make(
      'div',
      { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Columns' },
      make(
        'table',
        {},
        make('caption', {}, 'The columns and their meaning'),
        make(
          'thead',
          {},
          make(
            'tr',
            {},
            ['Column', 'Meaning', 'Type', 'NULL'].map((name) => make('th', { scope: 'col' }, name)),
          ),
        ),
        make(
          'tbody',
          {},
          columns.map((name) => meaningRow(name, meanings.get(name))),
        ),
      ),
    ),
  );

const filtersOf = ({ table, where, go }) =>
  where.length === 0
    ? null
    : make(
        'p',
        { class: 'row' },
        'Only: ',
        where.map(([name, value], at) =>
          button(`${name} is ${value === null ? 'NULL' : textOf(value).slice(0, 60)} ×`, () =>
            go({ table, where: where.filter((_, index) => index !== at) }),
          ),
        ),
      );

/** The panel of a table. */
export const tablePanel = (world, { table, where }, go) => {
  const columns = world.columns.get(table) ?? [];
  const base = table.replace(/_history$/, '');
  const meanings = new Map([
    ...(base === table ? [] : (world.meanings.get('NAME_history') ?? [])),
    ...(world.meanings.get(base) ?? []),
    ...(world.meanings.get(table) ?? []),
  ]);
  const place = { table, where, go, columns, meanings };
  const past = `${table}_history`;
  return [
    make('h2', { tabindex: -1 }, table),
    make('p', {}, world.comments.get(table) ?? 'The file does not say what it is.'),
    filtersOf(place),
    meaningsOf(place),
    facetsOf(place),
    world.columns.has(past)
      ? make(
          'p',
          {},
          button('Its past', () => go({ table: past, where })),
        )
      : null,
  ];
};

/** The panel of what the file is. */
export const aboutPanel = ({ rows, fault }) => [
  make('h2', { tabindex: -1 }, 'This file'),
  rows === null
    ? make(
        'p',
        {},
        `It does not say what it is (${fault}): it is none of tokenquery, of an old version, or too large.`,
      )
    : make(
        'dl',
        { class: 'about' },
        rows.map(([name, value]) => [
          make('dt', {}, name),
          make('dd', {}, value === null ? 'not known' : String(value)),
        ]),
      ),
];

/**
 * What stands at the end of each row, where the answer has all that tells a row of one table from others: the way to its past.
 * Null where it has not.
 */
export const pastOf = (world, facts, columns, go) => {
  const [table] = facts;
  const key = facts.length === 1 ? world.keys[table] : undefined;
  if (key === undefined || !world.columns.has(`${table}_history`)) return null;
  const names = ['host_id', ...key];
  if (names.some((name) => !columns.includes(name))) return null;
  return (row) =>
    button('past', () => {
      const where = names.map((name) => [name, row[columns.indexOf(name)]]);
      const sql = `SELECT *\nFROM ${quoteName(`${table}_history`)}${whereOf(where)}\nORDER BY valid_from_time`;
      go({ table: `${table}_history`, where: [], sql });
    });
};
