/** What every page of a report is made of. */
import { createHash } from 'node:crypto';
import type { ReportData } from './data.ts';
import { html, lines, headHtml } from './html.ts';
import type { Html } from './html.ts';
import { patterns } from './plots.ts';
import type { BarPart } from './plots.ts';
import { style } from './style.ts';
import { timeText } from './table.ts';
import type { HostName } from './table.ts';
import type { Told } from './tile.ts';

export interface Page {
  readonly data: ReportData;
  readonly nameOf: HostName;
  /** When, and by whom, the verdicts were made. */
  readonly judged: string;
  /** What a rule of conflicts says, by its number. */
  readonly rules: ReadonlyMap<string, string>;
  /** What the rows rest on, for somebody who checks. */
  readonly proof: readonly (readonly [name: string, value: string])[];
  /** The level of redaction, in words; null where all is said. */
  readonly redaction: string | null;
  /** What asks the statements again. */
  readonly command: string;
}

export const toldOf = ({ data }: Page, id: string): Told => {
  const told = data.tolds.get(id);
  if (told === undefined) throw new Error(`there is no tile ${id}`);
  return told;
};

export const legendOfControls: readonly (Pick<BarPart, 'kind' | 'label'> & { readonly name: string })[] = [
  { kind: 'hit', label: 'hit', name: 'hit' },
  { kind: 'accepted', label: 'accepted', name: 'accepted' },
  { kind: 'unknown', label: 'unknown', name: 'unknown' },
  { kind: 'notjudged', label: 'not judged', name: 'not_judged' },
  { kind: 'notasked', label: 'not asked', name: 'not_asked' },
  { kind: 'clean', label: 'clean', name: 'clean' },
];

/** Names and values side by side. */
export const factsHtml = (facts: readonly (readonly [name: string, value: string | Html])[]): Html =>
  html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

const statementsHtml = ({ data, command }: Page): Html => {
  const statements = [...data.tolds.values()].map(
    ({ tile }) =>
      html`<h3 id="sql-${tile.id}">${tile.title}</h3>
        <pre><code>${lines(tile.sql)}</code></pre>
        ${
          tile.unknown === null
            ? ''
            : html`<p class="note">Macs ${tile.unknown.says}:</p>
                <pre><code>${lines(tile.unknown.sql)}</code></pre>`
        }`,
  );
  return html`<h2 id="statements">The statements behind the numbers</h2>
    <p class="says">
      Each number above is of one of these. ${command} They say all rows, also where the page shows the first.
    </p>
    ${statements}`;
};

interface Document {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly (readonly [id: string, name: string, Html])[];
}

/** One whole page: no script, and nothing that a browser would ask anybody for. */
export const documentOf = (page: Page, { title, subtitle, sections }: Document): string => {
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const links = [...sections.map(([id, name]) => [id, name] as const), ['statements', 'Statements'] as const];
  const redacted =
    page.redaction === null ? '' : html`<p class="apart"><strong>Redacted.</strong> ${page.redaction}</p>`;
  const whole = html`<!doctype html>
    <html lang="en">
      ${headHtml(title, policy, style)}
      <body>
        ${patterns}
        <header>
          <h1>${title}</h1>
          <p class="soft">${subtitle}, ${timeText(page.data.now)}</p>
          ${redacted}
          <nav aria-label="Sections">
            <ul>
              ${links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${sections.map(([, , content]) => html`<section>${content}</section>`)}
          <section>${statementsHtml(page)}</section>
        </main>
        <footer>
          <p>
            Made by tokenquery, which only reads. Unknown is never counted as clean, and what is not known is
            a word. This page has no script, and asks nobody for anything.
          </p>
        </footer>
      </body>
    </html>`;
  return `${whole.text}\n`;
};
