/** The rows of a tile as a table of HTML, with what it leaves out and what is not known beside it. */
import { isTime } from '../../collector/time.ts';
import type { Value } from '../../collector/table.ts';
import { queries } from '../../queries/index.ts';
import type { Query } from '../../queries/query.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import type { Row, TileColumn, Told } from './tile.ts';

/** How a Mac is called on a page. */
export type HostName = (hostId: string) => string;

const byName = new Map(queries.map((query) => [query.name, query]));
export const questionNamed = (name: string): Query | undefined => byName.get(name);

/** A minute is as exact as anybody reads it; the whole time is in the attribute. */
export const timeText = (time: number): string =>
  isTime(time) ? `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC` : String(time);
const timeHtml = (time: number): Html =>
  isTime(time)
    ? html`<time datetime="${new Date(time * 1000).toISOString()}">${timeText(time)}</time>`
    : html`${time}`;

const isolated = (text: string): Html => html`<bdi>${text}</bdi>`;
const unknown = (text: string): Html => html`<span class="un">${text}</span>`;

/** One value as it is shown; what is not known is always a word. */
export const valueHtml = (value: Value | undefined, column: TileColumn, nameOf: HostName): Html => {
  if (value === null || value === undefined) return unknown(column.ofNull ?? 'unknown');
  const text = String(value);
  switch (column.show) {
    case 'time':
      return typeof value === 'number' ? timeHtml(value) : isolated(text);
    case 'host':
      return isolated(nameOf(text));
    case 'yes':
      return value === 1 ? html`yes` : value === 0 ? html`no` : isolated(text);
    case 'question':
      return html`${questionNamed(text)?.title ?? 'a question that this version does not have'}<span
          class="name"
          >${text}</span
        >`;
    case 'severity':
      return html`<span class="sev sev-${text}">${text}</span>`;
    case 'sentence':
      return isolated(text.replaceAll(/,(?! )/g, ', '));
    case 'facts':
      return factsText(text);
    case 'argv':
    case 'commands':
      return html`<code>${textsIn(text)?.join(column.show === 'argv' ? ' ' : ', ') ?? text}</code>`;
    default:
      // Words of the program are not broken; those of a Mac may have any length.
      return column.privacy === 'nobody' ? html`${text}` : isolated(text);
  }
};

/** The texts of a JSON array; null where it is none. */
export const textsIn = (text: string): readonly string[] | null => {
  try {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) ? list.map(String) : null;
  } catch {
    return null;
  }
};

/** A fact as text; a time, as its name says, is one that anybody reads. */
const factText = (name: string, value: Value): string => {
  if (value === null) return 'unknown';
  const isOfTime = /_time(?:stamp)?$/.test(name) && typeof value === 'number' && value > 0;
  return isOfTime ? timeText(Math.floor(value)) : String(value);
};

/** The facts of a finding, a line for each row that its question answered. */
const factsText = (text: string): Html => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return isolated(text);
  }
  const facts = (Array.isArray(list) ? list : [list]) as readonly Readonly<Record<string, Value>>[];
  const told = facts.map((fact) =>
    Object.entries(fact ?? {})
      .map(([name, value]) => `${name}: ${factText(name, value)}`)
      .join('; '),
  );
  return told.every((line) => line === '')
    ? html`none beside it`
    : html`<div>${told.map((line) => html`<div>${isolated(line)}</div>`)}</div>`;
};

const cell = (value: Value | undefined, column: TileColumn, nameOf: HostName, isHead: boolean): Html => {
  const told = valueHtml(value, column, nameOf);
  if (isHead) return html`<th scope="row">${told}</th>`;
  if (column.privacy === 'free') return html`<td data-l="${column.label}" class="long">${told}</td>`;
  if (column.show !== 'number') return html`<td data-l="${column.label}">${told}</td>`;
  return html`<td data-l="${column.label}" class="n${value === 0 ? ' zero' : ''}">${told}</td>`;
};

/** A cell of a page's own, beside those of a tile. */
interface OwnCell {
  readonly label: string;
  readonly of: (row: Row) => Html;
  readonly kind?: string;
}

export interface TableOptions {
  readonly nameOf: HostName;
  readonly caption: string;
  /** The columns that are shown; all by default. The first one heads the row. */
  readonly columns?: readonly string[];
  /** Stands behind the first column. */
  readonly own?: OwnCell;
  /** A cell that is shown otherwise than its column says; null for one that is not. */
  readonly otherwise?: (name: string, row: Row) => Html | null;
}

export const tableHtml = ({ tile }: Told, rows: readonly Row[], options: TableOptions): Html => {
  const { nameOf, caption, own, otherwise } = options;
  const columns = (options.columns ?? Object.keys(tile.columns)).map(
    (name) => [name, tile.columns[name] as TileColumn] as const,
  );
  const heads = columns.map(
    ([, { label, show }]) => html`<th scope="col" ${show === 'number' ? html` class="n"` : ''}>${label}</th>`,
  );
  const cells = (row: Row): readonly Html[] =>
    columns.map(
      ([name, column], index) => otherwise?.(name, row) ?? cell(row[name], column, nameOf, index === 0),
    );
  const withOwn = (of: readonly Html[], made: Html | null): readonly Html[] =>
    made === null ? of : of.toSpliced(1, 0, made);
  const ownHead = own === undefined ? null : html`<th scope="col">${own.label}</th>`;
  const body = rows.map((row) => {
    const made = own === undefined ? null : html`<td class="${own.kind ?? ''}">${own.of(row)}</td>`;
    return html`<tr>
      ${withOwn(cells(row), made)}
    </tr>`;
  });
  return html`<table class="cards" data-tile="${tile.id}">
    <caption>
      ${caption}
    </caption>
    <thead>
      <tr>
        ${withOwn(heads, ownHead)}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
};

/** What stands below the rows of a tile: what is not shown, what is not known, and where the statement is. */
export const notesHtml = ({ tile, more, unknown: macs }: Told): Html => {
  const link = html`<a href="#sql-${tile.id}">the statement<span class="hidden"> of ${tile.title}</span></a>`;
  const open = tile.unknown === null ? '' : `Macs ${tile.unknown.says}: ${macs}. `;
  return html`<p class="note">
    ${more > 0 ? `And ${more} more, which ${more === 1 ? 'is' : 'are'} not shown. ` : ''}${open}Behind it:
    ${link}.
  </p>`;
};

/** A tile as it is without anything special about it. */
export const tileHtml = (
  told: Told,
  nameOf: HostName,
  level: 2 | 3,
  options: Partial<TableOptions> = {},
): Html => {
  const { tile, rows } = told;
  const heading =
    level === 2 ? html`<h2 id="${tile.id}">${tile.title}</h2>` : html`<h3 id="${tile.id}">${tile.title}</h3>`;
  const table =
    rows.length === 0
      ? html`<p>${tile.empty}</p>`
      : tableHtml(told, rows, { nameOf, caption: tile.title, ...options });
  return html`${heading}
    <p class="says">${tile.says}</p>
    ${table}${notesHtml(told)}`;
};
