/** The witness matrix: an account a row, what each source says, and what disagrees. */
import { html, nothing } from './html.ts';
import type { Html } from './html.ts';
import { toldOf } from './page.ts';
import type { Page } from './page.ts';
import { tileHtml } from './table.ts';
import type { Row } from './tile.ts';
import { witnessSources } from './witness_tile.ts';

const rulesOf = (row: Row): readonly string[] => {
  const ids = row['rule_ids'];
  return typeof ids === 'string' && ids !== 'none' ? ids.split(',') : [];
};

/** Whether what a source says is not what the verdict says; where there is none, every word is in dispute. */
const isOff = (said: string, row: Row): boolean => {
  const value = said.startsWith('yes') ? 1 : said.startsWith('no:') ? 0 : null;
  return value !== null && value !== row['secure_token'];
};

/** A link to the command behind a cell, where the page has the commands. */
export type CommandLink = (id: string) => Html;

export const witnessesHtml = (page: Page, level: 2 | 3, linkOf: CommandLink | null = null): Html => {
  const told = toldOf(page, 'witnesses');
  const isSource = (name: string): boolean => witnessSources.some((source) => source === name);
  const otherwise = (name: string, row: Row): Html | null => {
    const said = row[name];
    if (!isSource(name) || typeof said !== 'string') return null;
    const disagrees = rulesOf(row).length > 0 && isOff(said, row);
    const id = row[`${name}_id`];
    const command = linkOf === null || typeof id !== 'string' ? nothing : html` ${linkOf(id)}`;
    return html`<td data-l="${told.tile.columns[name]?.label ?? ''}" ${disagrees ? html` class="off"` : ''}>
      <span>${disagrees ? html`<strong>${said}</strong> (disagrees)` : said}${command}</span>
    </td>`;
  };
  const met = [...new Set(told.rows.flatMap(rulesOf))].toSorted();
  const rules = met.map(
    (id) => html`<li><strong>${id}</strong>: ${page.rules.get(id) ?? 'a rule of another version'}</li>`,
  );
  const first = linkOf === null ? ['host_id'] : [];
  const columns = ['username', ...first, ...witnessSources, 'secure_token', 'confidence', 'rule_ids'];
  return html`${tileHtml(told, page.nameOf, level, { otherwise, columns })}${
    rules.length === 0
      ? nothing
      : html`<p>The rules that were met:</p>
          <ul class="plain">
            ${rules}
          </ul>`
  }`;
};
