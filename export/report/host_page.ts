/** The page of one Mac: from how it stands to the commands behind each fact. */
import { plural } from '../../collector/plural.ts';
import type { Table } from '../../collector/table.ts';
import { questionNamed, tableHtml, textsIn, tileHtml, notesHtml, valueHtml } from './table.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { factsHtml, toldOf } from './page.ts';
import type { Page } from './page.ts';
import { bar, lanes } from './plots.ts';
import type { BarPart } from './plots.ts';
import { firstWeek } from './sql.ts';
import type { Row } from './tile.ts';
import { witnessesHtml } from './witnesses.ts';

const anchorOf = (id: string): string => `c-${id.replaceAll(/[^A-Za-z0-9]/g, '')}`;

/** A link to a command, where it stands on the page. */
const linkTo =
  (known: ReadonlySet<string>) =>
  (id: string): Html =>
    known.has(id) ? html`<a href="#${anchorOf(id)}"><code>${id}</code></a>` : html`<code>${id}</code>`;

const joined = (links: readonly Html[]): Html => html`<span>${links.map((link) => html`${link} `)}</span>`;

const isHit = (row: Row): boolean => row['verdict'] === 'hit';

const kindOf = (verdict: unknown): BarPart['kind'] =>
  verdict === 'hit' || verdict === 'clean' ? verdict : verdict === 'not_asked' ? 'notasked' : 'unknown';

const shortHtml = (page: Page): Html => {
  const identity = toldOf(page, 'identity');
  const [row] = identity.rows;
  const facts = Object.entries(identity.tile.columns).map(
    ([name, column]) => [column.label, valueHtml(row?.[name], column, page.nameOf)] as const,
  );
  const answers = toldOf(page, 'answers');
  const count = (fits: (one: Row) => boolean): number =>
    answers.rows.reduce((sum, one) => sum + (fits(one) ? Number(one['questions']) : 0), 0);
  const all = count(() => true);
  const open = count(({ verdict }) => kindOf(verdict) === 'unknown');
  const sentence =
    all === 0
      ? 'Its last look was not judged, so nothing is said of how it stands.'
      : `Of ${all} questions, ${count(isHit)} found something, and ${count(({ verdict }) => verdict === 'clean')} found nothing.`;
  const openText =
    open === 0
      ? 'No question that was judged was left open.'
      : `${plural(open, 'question')} could not be answered. None of them is a pass.`;
  const own = {
    label: 'share',
    kind: 'barcell',
    of: (one: Row): Html =>
      bar([{ kind: kindOf(one['verdict']), label: '', value: Number(one['questions']) }], all),
  };
  return html`<h2 id="short">In short</h2>
    <p class="short">${sentence}</p>
    <p class="apart"><strong>Unknown.</strong> ${openText}</p>
    ${factsHtml(facts)}
    <p class="says">${identity.tile.says} ${page.judged}</p>
    ${notesHtml(identity)}${tileHtml(answers, page.nameOf, 3, { own })}`;
};

/** The tables that a question needs and that were not wholly seen, with what came of them. */
const openHtml = (page: Page): Html => {
  const statuses = new Map(
    toldOf(page, 'seen').rows.map((row) => [String(row['table_name']), String(row['status'])]),
  );
  const needs = (row: Row): Html => {
    const required = questionNamed(String(row['query_name']))?.requires ?? [];
    const tables = [...new Set(required.map(({ table }) => table))];
    const unseen = tables.filter((table) => !['ok', 'empty'].includes(statuses.get(table) ?? 'missing'));
    return unseen.length === 0
      ? html`the tables were seen; a value in them is not known: ${tables.join(', ')}`
      : html`${unseen.map((table) => `${table} (${statuses.get(table) ?? 'not in the look'})`).join(', ')}`;
  };
  return tileHtml(toldOf(page, 'open'), page.nameOf, 2, { own: { label: 'for want of', of: needs } });
};

const conflictsHtml = (page: Page, known: ReadonlySet<string>): Html => {
  const otherwise = (name: string, row: Row): Html | null => {
    const ids = name === 'command_ids' && typeof row[name] === 'string' ? textsIn(row[name]) : null;
    return ids === null ? null : html`<td data-l="commands">${joined(ids.map(linkTo(known)))}</td>`;
  };
  const told = toldOf(page, 'conflicts');
  const columns = Object.keys(told.tile.columns).filter((name) => name !== 'subject_kind');
  const met = [...new Set(told.rows.map((row) => String(row['rule_id'])))].toSorted();
  const rules = met.map(
    (id) => html`<li><strong>${id}</strong>: ${page.rules.get(id) ?? 'a rule of another version'}</li>`,
  );
  return html`${tileHtml(told, page.nameOf, 2, { otherwise, columns })}${
    rules.length === 0
      ? ''
      : html`<ul class="plain">
          ${rules}
        </ul>`
  }`;
};

const timelineHtml = (page: Page): Html => {
  const told = toldOf(page, 'timeline');
  const [from, to] = [firstWeek(page.data.now), page.data.now];
  const lanesOf = Map.groupBy(
    told.rows,
    (row) => `${String(row['what'])}: ${row['username'] ?? 'no local account'}`,
  );
  const plot = [...lanesOf].map(
    ([name, rows]) =>
      html`<tr>
        <th scope="row"><bdi>${name}</bdi></th>
        <td class="lanes">
          ${lanes(
            rows.map((row) => ({
              at: Math.min(1, Math.max(0, (Number(row['change_time']) - from) / (to - from))),
              event: String(row['event']),
            })),
          )}
        </td>
      </tr>`,
  );
  const columns = ['username', 'what', 'event', 'change_time'];
  const lanesTable =
    plot.length === 0
      ? ''
      : html`<table class="cards">
          <caption>
            Lanes of the accounts
          </caption>
          <thead>
            <tr>
              <th scope="col">account</th>
              <th scope="col">thirteen weeks</th>
            </tr>
          </thead>
          <tbody>
            ${plot}
          </tbody>
        </table>`;
  return html`<h2 id="timeline">${told.tile.title}</h2>
    <p class="says">${told.tile.says}</p>
    ${lanesTable}${
      told.rows.length === 0
        ? html`<p>${told.tile.empty}</p>`
        : tableHtml(told, told.rows, { nameOf: page.nameOf, caption: told.tile.title, columns })
    }${notesHtml(told)}`;
};

const seenHtml = (page: Page, tables: readonly Table[], known: ReadonlySet<string>): Html => {
  const bySource = Map.groupBy(toldOf(page, 'commands').rows, (row) => String(row['source']));
  const sourcesOf = new Map(tables.map((table) => [table.name, table.sources as readonly string[]]));
  const link = linkTo(known);
  const behind = (row: Row): Html => {
    const sources = sourcesOf.get(String(row['table_name'])) ?? [];
    const links = sources.flatMap((source) => {
      const ids = [...new Set((bySource.get(source) ?? []).map((one) => String(one['command_id'])))];
      const some = ids.slice(0, 3).map(link);
      return ids.length > 3 ? [...some, html`and ${ids.length - 3} more of ${source}`] : some;
    });
    return links.length === 0 ? html`<span class="soft">other tables, or files alone</span>` : joined(links);
  };
  return tileHtml(toldOf(page, 'seen'), page.nameOf, 2, { own: { label: 'commands', of: behind } });
};

const commandsHtml = (page: Page): Html => {
  const anchored = new Set<string>();
  const otherwise = (name: string, row: Row): Html | null => {
    if (name !== 'command_id') return null;
    const id = String(row[name]);
    const isFirst = !anchored.has(id);
    anchored.add(id);
    return html`<th scope="row" ${isFirst ? html` id="${anchorOf(id)}"` : ''}><code>${id}</code></th>`;
  };
  return tileHtml(toldOf(page, 'commands'), page.nameOf, 2, { otherwise });
};

/** The sections of the page of one Mac. */
export const hostSections = (
  page: Page,
  tables: readonly Table[],
): readonly (readonly [id: string, name: string, Html])[] => {
  const known = new Set(toldOf(page, 'commands').rows.map((row) => String(row['command_id'])));
  return [
    ['short', 'In short', shortHtml(page)],
    ['found', 'What was found', tileHtml(toldOf(page, 'found'), page.nameOf, 2)],
    ['open', 'What could not be answered', openHtml(page)],
    ['accounts', 'Accounts', tileHtml(toldOf(page, 'accounts'), page.nameOf, 2)],
    ['witnesses', 'Witnesses', witnessesHtml(page, 2, linkTo(known))],
    ['conflicts', 'Conflicts', conflictsHtml(page, known)],
    ['timeline', 'What came and went', timelineHtml(page)],
    ['seen', 'What was looked at', seenHtml(page, tables, known)],
    ['commands', 'Commands', commandsHtml(page)],
  ];
};
