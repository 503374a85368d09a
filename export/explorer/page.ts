/** The explorer: one page that opens a database in a browser, with SQLite in it. Nothing that stands in it is of a database. */
import { createHash } from 'node:crypto';
import { dataTables } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { blindSpotsSql } from '../../queries/blind_spots.ts';
import { storedQueries } from '../../queries/findings.ts';
import { severityRank } from '../../queries/query.ts';
import type { Query } from '../../queries/query.ts';
import { dataHtml, html, scriptHtml, headHtml } from '../report/html.ts';
import type { Html } from '../report/html.ts';
import { notJudged } from '../report/sql.ts';
import { pageCode, workerCode } from './code.ts';
import { style } from './style.ts';

/** A file of which it is known that no log lay beside it at a moment: by its size, its time and its first bytes. */
export interface KnownFile {
  readonly size: number;
  readonly changedMs: number;
  readonly seenMs: number;
  /** Its first hundred bytes, as hexadecimal digits. */
  readonly header: string;
}

/** A page holds a whole database in memory: it takes none that is larger. */
export const mostBytes = 500 * 1024 * 1024;
/** So much of its beginning is what SQLite calls the header. */
export const headerBytes = 100;

interface ExplorerOptions {
  readonly tables: readonly Table[];
  readonly queries: readonly Query[];
  readonly version: string;
  readonly known: KnownFile | null;
  /** What sql.js is made of. */
  readonly sqlite: { readonly script: Uint8Array; readonly wasm: Uint8Array };
}

const bySeverity = (one: Query, other: Query): number =>
  severityRank(one.severity) - severityRank(other.severity) || (one.name < other.name ? -1 : 1);

/** What the page knows of the tables and the questions, whatever database it opens. */
const libraryOf = ({ tables, queries, version, known }: ExplorerOptions): string => {
  const kept = new Set(storedQueries.map(({ name }) => name));
  return JSON.stringify({
    version,
    known,
    ...{ mostBytes, headerBytes },
    notJudged,
    keys: Object.fromEntries(dataTables(tables).map(({ name, key }) => [name, key])),
    questions: queries.toSorted(bySeverity).map((query) => ({
      name: query.name,
      title: query.title,
      group: query.group,
      severity: query.severity,
      purpose: query.purpose,
      remediation: query.remediation,
      falsePositives: query.falsePositives,
      sql: query.sql,
      unknownSql: blindSpotsSql(query),
      isKept: kept.has(query.name),
    })),
  });
};

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** It asks nobody for anything, and runs nothing but its own script, SQLite, and the worker that it makes of itself. */
const policy =
  `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(pageCode)} 'wasm-unsafe-eval'; ` +
  "worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'";

const listsHtml = html`<nav aria-label="Tables and questions">
  <p><label for="find">Look for</label> <input id="find" type="search" autocomplete="off" /></p>
  <details open>
    <summary>Questions</summary>
    <ul id="questions"></ul>
  </details>
  <details open>
    <summary>Tables</summary>
    <ul id="tables"></ul>
  </details>
</nav>`;

const workHtml = html`<div id="work" hidden>
  ${listsHtml}
  <main id="main" tabindex="-1">
    <section id="panel" aria-label="What is looked at"></section>
    <section aria-label="SQL">
      <h2><label for="sql">SQL</label></h2>
      <textarea
        id="sql"
        rows="6"
        spellcheck="false"
        autocapitalize="off"
        autocomplete="off"
        aria-autocomplete="list"
        aria-controls="completion"
        aria-describedby="keys"
      ></textarea>
      <div class="completions"><ul id="completion" role="listbox" aria-label="Completion" hidden></ul></div>
      <p class="row">
        <button type="button" id="run">Ask</button>
        <button type="button" id="stop" disabled>Stop</button>
        <span id="keys" class="soft">
          Ctrl or Cmd and Enter asks. Arrows and Enter choose a completion, Escape closes it. An answer that
          takes 5 seconds is ended.
        </span>
      </p>
    </section>
    <section aria-label="Answer">
      <p id="count" role="status"></p>
      <div id="note"></div>
      <div id="rows"></div>
    </section>
  </main>
</div>`;

const partsHtml = (options: ExplorerOptions): readonly Html[] => {
  const script = Buffer.concat([options.sqlite.script, Buffer.from(`\n${workerCode}`)]);
  return [
    dataHtml('library', libraryOf(options)),
    dataHtml('wasm', options.sqlite.wasm),
    dataHtml('worker', script),
    scriptHtml(pageCode),
  ];
};

/** The whole page. */
export const explorerPage = (options: ExplorerOptions): string => {
  const whole = html`<!doctype html>
    <html lang="en">
      ${headHtml('tokenquery explorer', policy, style)}
      <body>
        <a class="skip" id="skip" href="#main">To the answer</a>
        <header>
          <h1>tokenquery explorer</h1>
          <p>
            Opens a database of tokenquery in this browser. It only reads, has no network, and nothing leaves
            this machine.
          </p>
          <p><label for="file">Database</label> <input id="file" type="file" disabled /></p>
          <p id="said" class="soft" role="status">
            This page needs JavaScript, WebAssembly and DecompressionStream.
          </p>
        </header>
        ${workHtml}
        <footer>
          <p>Made by tokenquery ${options.version}, which only reads. SQLite is in it, by sql.js.</p>
        </footer>
        ${partsHtml(options)}
      </body>
    </html>`;
  return `${whole.text}\n`;
};
