/** The page in a real browser, as people see it. Skipped where there is no chromium. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { axe, launchBrowser, newPage, withBrowser } from '../browser.ts';
import type { PageOptions } from '../browser.ts';
import { reportText } from '../../../export/report/report.ts';
import { openForReading } from '../../../store/file.ts';
import { tables } from '../../../tables/index.ts';
import { fleet, hostileHost, hostileNames, makeStore, reportTime } from './world.ts';

const onPaper = spawnSync('pdftotext', ['-v']).error === undefined ? withBrowser : test.serial.skip;

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-browser-'));

let browser: Browser | null = null;
const pages: Record<'fleet' | 'one', string> = { fleet: '', one: '' };

test.before(async () => {
  browser = await launchBrowser();
  if (browser === null) return;
  const db = join(folder, 'fleet.db');
  makeStore(db, fleet(8));
  const store = openForReading(db, tables);
  const options = {
    ...{ now: reportTime, tables, redaction: null, isJudgedAnew: false, isKept: true },
    ...{ version: '0.8.0', fileDigest: null, rules: new Map([['M01', 'A rule.']]) },
    nameOf: (id: string): string => hostileNames[Number.parseInt(id.slice(0, 8), 16)] ?? id,
  };
  for (const [name, hostId] of [
    ['fleet', null],
    ['one', hostileHost(0)],
  ] as const) {
    pages[name] = join(folder, `${name}.html`);
    writeFileSync(pages[name], reportText(store.db, { ...options, hostId }));
  }
  store.close();
});
test.after.always(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Look extends PageOptions {
  readonly media?: 'screen' | 'print';
}

/** Opens a page and notes all that it asks for and says. */
const look = async (
  file: string,
  { media = 'screen', ...how }: Look,
  work: (page: Page) => Promise<void>,
): Promise<{ readonly asked: readonly string[]; readonly said: readonly string[] }> => {
  const { page, asked, said } = await newPage(browser, how);
  await page.emulateMedia({ media });
  await page.goto(pathToFileURL(file).href);
  await work(page);
  await page.context().close();
  return { asked, said };
};

/** Run in the page: elements that stand out of the window, or whose text has no room in them. */
const misplaced = `(() => {
  const wide = [];
  for (const element of document.querySelectorAll('body *')) {
    const { right, left, width } = element.getBoundingClientRect();
    if (width === 0 || element.closest('.hidden, caption, thead') !== null) continue;
    if (right > innerWidth + 1 || left < -1) wide.push('beyond the window: ' + element.outerHTML.slice(0, 120));
    if (element.matches('td, th, dd, p, h1, h2, h3, pre, li') && element.scrollWidth > element.clientWidth + 1)
      wide.push('clipped: ' + element.outerHTML.slice(0, 120));
  }
  for (const row of document.querySelectorAll('tbody tr')) {
    const cells = [...row.children].map((cell) => cell.getBoundingClientRect());
    for (const [index, one] of cells.entries())
      for (const other of cells.slice(index + 1))
        if (one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1)
          wide.push('overlapping: ' + row.outerHTML.slice(0, 120));
  }
  return [...new Set(wide)].slice(0, 5);
})()`;

for (const name of ['fleet', 'one'] as const) {
  withBrowser(
    `${name}: nothing is asked for, nothing is said, and nothing is beyond its place at any width`,
    async (t) => {
      for (const width of [360, 768, 1280]) {
        const { asked, said } = await look(pages[name], { width }, async (page) => {
          const size = await page.evaluate<number>('document.documentElement.scrollWidth');
          t.true(size <= width, `${width}: ${size}`);
          t.deepEqual(await page.evaluate(misplaced), [], String(width));
          t.is(await page.evaluate('document.scripts.length'), 0);
          t.regex(await page.title(), /^The keys of/);
        });
        t.deepEqual(asked, [pathToFileURL(pages[name]).href]);
        t.deepEqual(said, []);
      }
    },
  );

  withBrowser(`${name}: axe finds nothing in light, in dark and in print`, async (t) => {
    for (const each of [{ scheme: 'light' }, { scheme: 'dark' }, { media: 'print' }] as const)
      await look(pages[name], { ...each, bypassCSP: true }, async (page) => {
        await page.evaluate(axe);
        const found = await page.evaluate<string[]>(
          `axe.run({ resultTypes: ["violations"]${'scheme' in each && each.scheme === 'light' ? '' : ', runOnly: ["color-contrast", "link-in-text-block"]'} }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))`,
        );
        t.deepEqual(found, [], JSON.stringify(each));
      });
  });

  withBrowser(`${name}: the keyboard alone reaches every link, and each leads to its place`, async (t) => {
    await look(pages[name], {}, async (page) => {
      const links = await page.evaluate<number>('document.links.length');
      t.true(links > 10);
      t.deepEqual(
        await page.evaluate(
          '[...document.links].map((a) => a.getAttribute("href")).filter((to) => !to.startsWith("#") || document.getElementById(to.slice(1)) === null)',
        ),
        [],
      );
      t.deepEqual(
        await page.evaluate(
          '(() => { const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id); return ids.filter((id, at) => ids.indexOf(id) !== at); })()',
        ),
        [],
      );
      for (let at = 0; at < 8; at += 1) {
        await page.keyboard.press('Tab');
        t.is(await page.evaluate('[...document.links].indexOf(document.activeElement)'), at);
        t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
      }
      await page.keyboard.press('Enter');
      const hash = await page.evaluate<string>('location.hash');
      t.true(hash.length > 1);
      t.true(
        await page.evaluate<boolean>(`document.querySelector('${hash}').getBoundingClientRect().top < 200`),
      );
    });
  });

  withBrowser(
    `${name}: what is told by a plot stands in a table too, and headings go down one step at a time`,
    async (t) => {
      await look(pages[name], {}, async (page) => {
        const levels = await page.evaluate<number[]>(
          '[...document.querySelectorAll("h1, h2, h3, h4")].map(({ tagName }) => Number(tagName[1]))',
        );
        t.is(levels.filter((level) => level === 1).length, 1);
        for (const [index, level] of levels.entries()) t.true(level - (levels[index - 1] ?? 0) <= 1);
        t.is(
          await page.evaluate(
            '[...document.querySelectorAll("table")].filter((one) => (one.caption?.textContent ?? "").trim() === "").length',
          ),
          0,
        );
        t.is(
          await page.evaluate(
            '[...document.querySelectorAll("svg")].filter((one) => one.closest("[aria-hidden=true], [role=img]") === null).length',
          ),
          0,
        );
      });
    },
  );
}

onPaper('all that stands on the page stands on paper, too', async (t) => {
  await look(pages.fleet, {}, async (page) => {
    const words = await page.evaluate<string[]>(`(() => {
        for (const hidden of document.querySelectorAll('caption, .hidden')) hidden.remove();
        return [...document.querySelectorAll('main :is(td, th, h2, h3, pre, p, dd)')].map(({ textContent }) => textContent);
      })()`);
    const pdf = join(folder, 'fleet.pdf');
    writeFileSync(pdf, await page.pdf({ format: 'A4', printBackground: true }));
    const { stdout } = spawnSync('pdftotext', ['-raw', pdf, '-'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    // Lines are broken on paper, and pages too.
    const letters = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, '');
    const paper = letters(stdout);
    const lacking = words
      .flatMap((text) => text.split(/\s+/))
      .map(letters)
      .filter((word) => word.length > 2 && word.length < 30 && !paper.includes(word));
    t.deepEqual([...new Set(lacking)], []);
    t.true(words.length > 500);
  });
});
