/** For auditors: which question is of which control, how it was answered on each Mac, and what that rests on. */
import { catalogueNames } from '../../queries/catalogues.ts';
import type { CatalogueName } from '../../queries/catalogues.ts';
import { verdictWords } from '../../queries/evaluate.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { toldOf } from './page.ts';
import type { Page } from './page.ts';
import { notesHtml, questionNamed, tileHtml, valueHtml } from './table.ts';
import type { Row } from './tile.ts';

const catalogueLabels: Readonly<Record<CatalogueName, string>> = {
  attack: 'ATT&CK',
  'nist-800-53': '800-53r5',
  'nist-800-171': '800-171r3',
  cis: 'CIS (macOS 26)',
  stig: 'STIG',
  mscp: 'mSCP',
};

/** Of which controls a question is, catalogue by catalogue. */
export const controlsOf = (name: string): readonly (readonly [label: string, ids: readonly string[]])[] => {
  const cited = questionNamed(name)?.cited;
  return catalogueNames.flatMap((catalogue) => {
    const ids = cited?.[catalogue] ?? [];
    return ids.length === 0 ? [] : [[catalogueLabels[catalogue], ids] as const];
  });
};

/** `1–4, 7`: numbers in order, what follows one another as one. */
const rangesOf = (numbers: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
};

const verdictsHtml = (page: Page, numbers: ReadonlyMap<string, number>): Html => {
  const told = toldOf(page, 'verdicts');
  const byQuestion = Map.groupBy(told.rows, (row) => String(row['query_name']));
  const question = told.tile.columns['query_name'];
  const rows = [...byQuestion].map(([name, own]) => {
    const of = (verdict: string): string =>
      rangesOf(
        own.flatMap((row) => (row['verdict'] === verdict ? [numbers.get(String(row['host_id'])) ?? 0] : [])),
      );
    const words = [...verdictWords].map((word) => [word.replaceAll('_', ' '), of(word)] as const);
    const controls = controlsOf(name).map(([label, ids]) => html`<div>${label} ${ids.join(', ')}</div>`);
    return html`<tr>
      <th scope="row">${question === undefined ? name : valueHtml(name, question, page.nameOf)}</th>
      <td data-l="controls">${controls.length === 0 ? 'none' : html`<div>${controls}</div>`}</td>
      <td data-l="Macs by verdict">
        <div>
          ${words
            .filter(([, list]) => list !== '')
            .map(([word, list]) => html`<div><strong>${word}</strong>: ${list}</div>`)}
        </div>
      </td>
    </tr>`;
  });
  const body =
    rows.length === 0
      ? html`<p>${told.tile.empty}</p>`
      : html`<table class="cards">
          <caption>
            ${told.tile.title}
          </caption>
          <thead>
            <tr>
              <th scope="col">question</th>
              <th scope="col">controls</th>
              <th scope="col">Macs by verdict</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>`;
  return html`<h3 id="verdicts">${told.tile.title}</h3>
    <p class="says">${told.tile.says}</p>
    ${body}${notesHtml(told)}`;
};

const proofHtml = (page: Page): Html =>
  html`<table class="cards">
    <caption>
      What this report rests on
    </caption>
    <thead>
      <tr>
        <th scope="col">what</th>
        <th scope="col">value</th>
      </tr>
    </thead>
    <tbody>
      ${page.proof.map(
        ([name, value]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td data-l="value"><bdi>${value}</bdi></td>
          </tr>`,
      )}
    </tbody>
  </table>`;

export const appendixHtml = (page: Page): Html => {
  const heading = html`<h2 id="appendix">For auditors</h2>
    ${proofHtml(page)}`;
  if (!page.data.tolds.has('verdicts'))
    return html`${heading}
      <p>
        There are too many Macs for a list of each verdict on a page: <code>--appendix FILE</code> writes it
        as CSV, a line for each question and Mac.
      </p>`;
  const evidence = toldOf(page, 'evidence');
  const numbers = new Map(evidence.rows.map((row, index) => [String(row['host_id']), index + 1]));
  const own = {
    label: 'number',
    of: (row: Row): Html => html`${numbers.get(String(row['host_id'])) ?? ''}`,
  };
  const otherwise = (name: string, row: Row): Html | null => {
    if (name !== 'host_id') return null;
    const id = String(row[name]);
    const label = page.nameOf(id);
    return html`<th scope="row">
      <bdi>${label}</bdi>${label === id ? '' : html`<span class="name">${id}</span>`}
    </th>`;
  };
  return html`${heading}${tileHtml(evidence, page.nameOf, 3, { own, otherwise })}${verdictsHtml(page, numbers)}`;
};
