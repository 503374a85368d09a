/** The explorer in a real browser, as an analyst uses it. Skipped where there is no chromium. */
import {
  mkdtempSync,
  openSync,
  ftruncateSync,
  closeSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { axe, launchBrowser, newPage, withBrowser } from '../browser.ts';
import type { NotedPage, PageOptions } from '../browser.ts';
import { deliveredSqlite } from '../../../cli/delivered.ts';
import { explorerPage } from '../../../export/explorer/page.ts';
import type { KnownFile } from '../../../export/explorer/page.ts';
import { notJudged } from '../../../export/report/sql.ts';
import { queries } from '../../../queries/index.ts';
import { blindSpots, touchedNames } from '../../../store/blind_spots.ts';
import { openDatabase } from '../../../store/database.ts';
import { openForReading } from '../../../store/file.ts';
import type { Store } from '../../../store/store.ts';
import { tables } from '../../../tables/index.ts';
import { fleet, makeStore } from '../report/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-explorer-'));
const db = join(folder, 'fleet.db');

const knownFile = (path: string): KnownFile => {
  const { size, mtimeMs } = statSync(path);
  const header = readFileSync(path).subarray(0, 100).toString('hex');
  return { size, changedMs: Math.floor(mtimeMs), seenMs: Date.UTC(2026, 10, 28, 12), header };
};

const pageFile = (name: string, known: KnownFile | null): string => {
  const path = join(folder, name);
  const text = explorerPage({ tables, queries, version: '0.8.0', known, sqlite: deliveredSqlite() });
  writeFileSync(path, text);
  return path;
};

let browser: Browser | null = null;
let opened: Store | null = null;
let file = '';

/** The same database, as the program reads it. */
const storeDb = (): Store['db'] => {
  if (opened === null) throw new Error('there is no database');
  return opened.db;
};

test.before(async () => {
  browser = await launchBrowser();
  if (browser === null) return;
  makeStore(db, fleet(8));
  file = pageFile('explorer.html', knownFile(db));
  opened = openForReading(db, tables);
});
test.after.always(async () => {
  await browser?.close();
  opened?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Look extends PageOptions {
  readonly page?: string;
  /** The database that is chosen; null for none. */
  readonly choose?: string | null;
  readonly hash?: string;
}

/** Waits until something is so in the page; its policy lets nothing be evaluated there again and again. */
const until = async (page: Page, condition: string): Promise<void> => {
  const end = performance.now() + 20_000;
  while (!(await page.evaluate<boolean>(`Boolean(${condition})`))) {
    if (performance.now() > end) throw new Error(`it never came to be: ${condition}`);
    await page.waitForTimeout(20);
  }
};

const said = (page: Page): Promise<string> => page.locator('#said').innerText();

const choose = async (page: Page, path: string): Promise<string> => {
  await page.locator('#file:enabled').waitFor();
  // As a person does, with a click first.
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('#file')]);
  await chooser.setFiles(path);
  await until(page, '/is open|Not opened/.test(document.getElementById("said").textContent)');
  return said(page);
};

interface Opened extends NotedPage {
  readonly url: string;
}

const openPage = async ({ page: at = file, ...how }: Look): Promise<Opened> => ({
  ...(await newPage(browser, how)),
  url: pathToFileURL(at).href,
});

const checkSilent = async (t: ExecutionContext, { page, url, asked, said: told }: Opened): Promise<void> => {
  // A worker is made of the page itself.
  const others = asked.filter((one) => !one.startsWith('blob:')).map((one) => one.replace(/#.*/, ''));
  t.deepEqual(others, [url]);
  t.deepEqual(told, []);
  t.is(await page.title(), 'tokenquery explorer');
};

/** Opens the page, chooses a database, and holds that nothing was asked for and nothing was said. */
const look = async (
  t: ExecutionContext,
  { choose: path = db, hash = '', ...how }: Look,
  work: (page: Page) => Promise<void>,
): Promise<void> => {
  const opening = await openPage(how);
  await opening.page.goto(opening.url + hash);
  if (path !== null) t.regex(await choose(opening.page, path), /is open/);
  await work(opening.page);
  await checkSilent(t, opening);
  await opening.page.context().close();
};

let shared: Opened | null = null;

/** The same in a page that stays open from test to test, as an analyst's does. */
const lookOn = async (
  t: ExecutionContext,
  hash: string,
  work: (page: Page) => Promise<void>,
): Promise<void> => {
  if (shared === null) {
    shared = await openPage({});
    await shared.page.goto(shared.url);
    await choose(shared.page, db);
  }
  await goTo(shared.page, hash);
  await work(shared.page);
  await checkSilent(t, shared);
};

const answered = (page: Page): Promise<void> =>
  until(
    page,
    'document.getElementById("count").textContent !== "Asking…" && document.getElementById("rows").hasChildNodes()',
  );

/** As a link or a bookmark does. */
const goTo = async (page: Page, hash: string): Promise<void> => {
  await page.evaluate(
    `document.getElementById("rows").replaceChildren(); location.hash = ${JSON.stringify(hash)}`,
  );
};

/** Asks what is typed, and returns the rows as the page shows them; or the fault. */
const ask = async (page: Page, sql: string): Promise<readonly (readonly string[])[] | string> => {
  await page.fill('#sql', sql);
  // What was answered before is no answer to this.
  await page.evaluate('document.getElementById("rows").replaceChildren()');
  await page.click('#run');
  await answered(page);
  const fault = page.locator('#rows .fault');
  if ((await fault.count()) > 0) return fault.innerText();
  return page.evaluate(
    '[...document.querySelectorAll("#rows .wide tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent))',
  );
};

withBrowser('the page is small, asks for nothing but itself, and opens a database', async (t) => {
  t.true(statSync(file).size < 1.3 * 1024 * 1024, String(statSync(file).size));
  await lookOn(t, '', async (page) => {
    t.regex(await said(page), /fleet\.db is open .* It stays on this machine/);
    t.is(await page.evaluate('document.querySelectorAll("#questions li").length'), queries.length);
    const names = await page.evaluate<string[]>(
      '[...document.querySelectorAll("#tables button")].map(({ textContent }) => textContent)',
    );
    for (const { name } of tables) t.true(names.includes(name), name);
    t.regex(await page.locator('#panel').innerText(), /blind_spots names each table/);
  });
});

withBrowser('a table shows what it means and its rows, and hostile names are text', async (t) => {
  await lookOn(t, '#table=hosts', async (page) => {
    await answered(page);
    const panel = page.locator('#panel');
    t.true((await panel.innerText()).startsWith('hosts'));
    await page.click('text=/What the \\d+ columns mean/');
    const hosts = tables.find(({ name }) => name === 'hosts');
    t.true((await panel.innerText()).includes(hosts?.columns['hostname']?.description ?? '?'));
    const cells = await page.locator('#rows .wide td').allInnerTexts();
    for (const name of [
      '<script>document.title="x"</script>',
      '"><img src=x onerror=alert(1)>',
      '&amp;&#60;b&#62;',
    ])
      t.true(cells.includes(name), name);
    t.true(cells.some((cell) => cell.includes('two\\nlines\\tand \\u202eright')));
    t.is(await page.evaluate('document.querySelectorAll("#rows script, #rows img, #rows b").length'), 0);
  });
});

withBrowser('a file that was made to deceive can answer wrongly, and do nothing else', async (t) => {
  const path = join(folder, 'hostile.db');
  const table = '<img src=x onerror=alert(1)>"\u202e';
  const hostile = openDatabase(path);
  const quoted = `"${table.replaceAll('"', '""')}"`;
  hostile.exec(`CREATE TABLE ${quoted} ("a""b<script>alert(1)</script>" TEXT, _time ANY)`);
  hostile.exec(`INSERT INTO ${quoted} VALUES ('</script><script>alert(2)</script>', 1e300), (NULL, x'00ff')`);
  hostile.exec("CREATE VIEW about AS SELECT '<b>name</b>' AS name, '<svg onload=alert(3)>' AS value");
  hostile.exec(
    "CREATE VIEW columns AS SELECT 'about' AS table_name, 'name' AS column_name, NULL AS type, 1 AS unit, x'00' AS allowed_values, '<i>x</i>' AS meaning, NULL AS meaning_of_null",
  );
  hostile.exec('CREATE VIEW blind_spots AS SELECT * FROM nowhere');
  hostile.close();
  await look(t, { choose: path }, async (page) => {
    t.true((await page.locator('#panel').innerText()).includes('<svg onload=alert(3)>'));
    const button = page.locator('#tables button').filter({ hasText: '<img' });
    t.true((await button.innerText()).includes('\\u202e'));
    await button.click();
    await answered(page);
    t.deepEqual(await page.locator('#rows .wide td').allInnerTexts(), [
      '</script><script>alert(2)</script>',
      '1e+300',
      'NULL',
      "x'00ff'",
    ]);
    t.regex(await page.locator('#note').innerText(), /Not all of it was seen, or it is not known/);
    await page.click('summary:has-text("Count values")');
    await page.selectOption('select', { index: 1 });
    await page.locator('.facet li button').first().waitFor();
    t.is(await page.evaluate('document.querySelectorAll("#work :is(script, img, b, i, svg)").length'), 0);
    for (const name of ['about', 'columns']) {
      await page.evaluate(`location.hash = "#table=${name}"`);
      await until(page, `document.querySelector("#panel h2").textContent === "${name}"`);
      await answered(page);
    }
  });
});

withBrowser('facets count what SQL counts, and a click on a value asks for its rows', async (t) => {
  await lookOn(t, '#table=users', async (page) => {
    await answered(page);
    await page.click('summary:has-text("Count values")');
    await page.selectOption('select', 'is_admin');
    const facet = page.locator('.facet:has(h3:text-is("is_admin"))').first();
    await facet.waitFor();
    const shown = await facet.locator('li').allInnerTexts();
    const counted = storeDb()
      .prepare('SELECT is_admin AS value, COUNT(*) AS n FROM users GROUP BY 1 ORDER BY 2 DESC, 1')
      .all() as { value: number | null; n: number }[];
    t.deepEqual(
      shown.map((text) => text.replaceAll(/\s+/g, ' ')),
      counted.map(({ value, n }) => `${value === null ? 'NULL (not known)' : value} ${n}`),
    );
    await facet.locator('button', { hasText: /^1$/ }).click();
    await until(page, 'document.getElementById("sql").value.includes("is_admin IS 1")');
    await answered(page);
    t.regex(
      await page.locator('#count').innerText(),
      new RegExp(`^${counted.find(({ value }) => value === 1)?.n} rows`),
    );
  });
});

withBrowser(
  'the counts beside a question are those of the verdicts, and unknown is never among the clean',
  async (t) => {
    const counts = storeDb()
      .prepare(
        `SELECT v.query_name AS name, v.verdict, COUNT(*) AS n FROM verdicts v WHERE v.host_id NOT IN (${notJudged}) GROUP BY 1, 2`,
      )
      .all() as { name: string; verdict: string; n: number }[];
    const macs = storeDb().prepare('SELECT COUNT(*) FROM _host').pluck().get() as number;
    await lookOn(t, '', async (page) => {
      await until(page, '!document.getElementById("questions").textContent.includes("counting")');
      const items = await page.locator('#questions li').allInnerTexts();
      for (const { title, name, severity } of queries) {
        const own = counts.filter((one) => one.name === name);
        const item = items.find((text) => text.startsWith(`${title} ${severity};`)) ?? '';
        for (const { verdict, n } of own)
          t.true(item.includes(`${n} ${verdict.replace('_', ' ')}`), `${name}: ${item}`);
        const rest = macs - own.reduce((sum, { n }) => sum + n, 0);
        if (own.length > 0) t.is(item.includes('not judged'), rest > 0, item);
      }
      const asked = counts.find(({ verdict }) => verdict === 'hit')?.name ?? '';
      await goTo(page, `#question=${asked}`);
      await answered(page);
      const cells = await page.locator('#rows .wide tbody tr td:nth-child(3)').allInnerTexts();
      for (const { verdict, n } of counts.filter(({ name }) => name === asked))
        t.is(cells.filter((cell) => cell === verdict).length, n, verdict);
      await page.click('#panel button:has-text("What was found")');
      await until(page, 'document.getElementById("sql").value.includes("FROM findings")');
      await answered(page);
      const found = storeDb()
        .prepare('SELECT COUNT(*) FROM findings WHERE query_name = ?')
        .pluck()
        .get(asked);
      t.regex(await page.locator('#count').innerText(), new RegExp(`^${String(found)} row`));
    });
  },
);

withBrowser('an endless statement ends after 5 seconds, and the page goes on', async (t) => {
  await lookOn(t, '', async (page) => {
    const started = performance.now();
    const fault = await ask(
      page,
      'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c',
    );
    const seconds = (performance.now() - started) / 1000;
    t.is(fault, 'ended after 5 seconds.');
    t.true(seconds > 4.5 && seconds < 8, String(seconds));
    t.deepEqual(await ask(page, 'SELECT COUNT(*) AS n FROM _host'), [
      [String(storeDb().prepare('SELECT COUNT(*) FROM _host').pluck().get())],
    ]);
    await page.fill(
      '#sql',
      'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c',
    );
    await page.evaluate('document.getElementById("rows").replaceChildren()');
    await page.click('#run');
    await page.click('#stop:enabled');
    await answered(page);
    t.is(await page.locator('#rows .fault').innerText(), 'stopped.');
    t.deepEqual(await ask(page, 'SELECT 2 AS n'), [['2']]);
  });
});

withBrowser('what does not read is refused, each in its own words', async (t) => {
  await lookOn(t, '', async (page) => {
    for (const [sql, fault] of [
      ['DROP TABLE _host', /only reads/],
      ['PRAGMA query_only = 0', /only reads/],
      ["ATTACH 'x' AS y", /only reads/],
      ['-- a comment\nDELETE FROM _host', /only reads/],
      ['WITH x AS (SELECT 1) DELETE FROM _host', /readonly/],
      ['SELECT 1; SELECT 2', /one statement at a time/],
      ['', /no statement/],
      ['-- nothing', /no statement/],
      ['SELECT a FROM nowhere', /no such table/],
    ] as const)
      t.regex(String(await ask(page, sql)), fault, sql);
    t.deepEqual(await ask(page, 'SELECT 1 AS n; -- the end\n;'), [['1']]);
  });
});

const told = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();

withBrowser('beside every answer stands what was not seen, as the command line has it', async (t) => {
  await lookOn(t, '', async (page) => {
    for (const sql of [
      'SELECT * FROM filevault_status',
      'SELECT u.host_id FROM users u JOIN secure_tokens s ON s.host_id = u.host_id',
      'SELECT * FROM users_history',
      'SELECT * FROM findings',
    ]) {
      await ask(page, sql);
      await until(page, 'document.getElementById("note").hasChildNodes()');
      const lines = (await page.locator('#note li').allTextContents()).map(told);
      if (opened === null) throw new Error('there is no database');
      const { spots, unevaluated } = blindSpots(opened, touchedNames(opened, sql), null);
      for (const { table, status, hosts } of spots) {
        const what = status === null ? `${table} was not collected` : `${table} is ${status}`;
        t.true(
          lines.some((line) => line.includes(what) && line.includes(`on ${hosts} Mac`)),
          `${sql}: ${what}`,
        );
      }
      t.is(
        lines.some((line) => line.includes('not judged')),
        unevaluated > 0,
        sql,
      );
      t.is(
        (await page.locator('#note').innerText()).startsWith('All that it reads was seen'),
        spots.length === 0 && unevaluated === 0,
        sql,
      );
    }
    await ask(page, 'SELECT snapshot_id FROM snapshots LIMIT 1');
    await until(page, 'document.getElementById("note").hasChildNodes()');
    t.regex(await page.locator('#note').innerText(), /no facts of Macs/);
  });
});

withBrowser('the past of a row is a click away', async (t) => {
  await lookOn(t, '#table=secure_tokens', async (page) => {
    await answered(page);
    const row = page.locator('#rows tbody tr').first();
    await row.locator('button:has-text("past")').click();
    await until(page, 'document.getElementById("sql").value.includes("secure_tokens_history")');
    await answered(page);
    const sql = await page.inputValue('#sql');
    const rows = storeDb().prepare(sql).all();
    t.true(rows.length > 0);
    t.is(await page.locator('#rows tbody tr').count(), rows.length);
  });
});

withBrowser('an address leads to the same answer, and the way back too', async (t) => {
  let address = '';
  await lookOn(t, '', async (page) => {
    await ask(page, "SELECT 'a&b#c' AS text, 3 AS n");
    address = page.url();
    await ask(page, 'SELECT 7 AS n');
    await page.goBack();
    await until(page, 'document.getElementById("sql").value.includes("a&b#c")');
  });
  const hash = address.slice(address.indexOf('#'));
  await look(t, { hash }, async (page) => {
    await answered(page);
    t.deepEqual(await page.locator('#rows .wide td').allInnerTexts(), ['a&b#c', '3']);
    for (const [hostile, heading] of [
      ['#where=%5B1%5D&table=users', 'users'],
      ['#where=x&table=%22%3Cb%3E', 'There is no table "<b> in this file'],
      ['#%', 'This file'],
      ['#table=hosts', 'hosts'],
      ['#question=nothing', 'This file'],
    ] as const) {
      await goTo(page, hostile);
      await until(page, `document.querySelector("#panel h2").textContent === ${JSON.stringify(heading)}`);
    }
  });
});

withBrowser(
  'files of an answer have all of its rows, and no cell that a spreadsheet calculates',
  async (t) => {
    await lookOn(t, '', async (page) => {
      await ask(
        page,
        "SELECT '=1+1' AS a, 9007199254740993 AS b, NULL AS c, 'x\"y' AS d UNION ALL SELECT 'p', 2, 1.5, 'z'",
      );
      const saved = async (name: string): Promise<string> => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.locator('#rows').getByRole('button', { name, exact: true }).click(),
        ]);
        return readFileSync(await download.path(), 'utf8');
      };
      t.is(await saved('CSV'), 'a,b,c,d\r\n\'=1+1,9007199254740993,,"x""y"\r\np,2,1.5,z\r\n');
      t.is(
        await saved('JSON'),
        '[\n{"a":"=1+1","b":9007199254740993,"c":null,"d":"x\\"y"},\n{"a":"p","b":2,"c":1.5,"d":"z"}\n]\n',
      );
      await ask(page, "SELECT 'one' AS name, 3 AS n UNION ALL SELECT 'two', NULL");
      await page.click('#rows button:has-text("Plot")');
      t.is(await page.locator('figure tbody tr').count(), 2);
      t.deepEqual(await page.locator('figure td.n').allInnerTexts(), ['3', 'NULL']);
    });
  },
);

withBrowser(
  'a database whose log cannot be seen is refused, and opened where the page knows it',
  async (t) => {
    const unknown = pageFile('unknown.html', null);
    await look(t, { page: unknown, choose: null }, async (page) => {
      t.regex(await choose(page, db), /^Not opened.*fleet\.db-wal.*explore --db fleet\.db.*VACUUM INTO/s);
      const plain = join(folder, 'plain.db');
      const bytes = readFileSync(db);
      bytes.fill(1, 18, 20);
      writeFileSync(plain, bytes);
      t.regex(await choose(page, plain), /plain\.db is open/);
      for (const [name, content, fault] of [
        ['text.db', Buffer.from('no database'), /no SQLite database/],
        ['empty.db', Buffer.alloc(0), /no SQLite database/],
        ['packed.db.gz', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(200)]), /compressed/],
        ['cut.db', bytes.subarray(0, 5000), /Not opened|malformed|is open/],
      ] as const) {
        writeFileSync(join(folder, name), content);
        t.regex(await choose(page, join(folder, name)), fault, name);
      }
      const large = join(folder, 'large.db');
      const fd = openSync(large, 'w');
      ftruncateSync(fd, 500 * 1024 * 1024 + 1);
      closeSync(fd);
      t.regex(await choose(page, large), /501 MB, and a page takes up to 500.*--only-hosts/s);
    });
    const copy = join(folder, 'copy.db');
    writeFileSync(copy, readFileSync(db));
    const knowing = pageFile('knowing.html', knownFile(copy));
    await look(t, { page: knowing, choose: copy }, async (page) => {
      t.regex(await said(page), /after 2026-11-28 12:00 UTC may not be in it/);
      utimesSync(copy, new Date(), new Date(Date.now() + 60_000));
      t.regex(await choose(page, copy), /^Not opened/);
    });
  },
);

withBrowser(
  'axe finds nothing, in light, in dark and in print, and nothing stands out of a narrow window',
  async (t) => {
    const question = queries.find(({ name }) => name === 'filevault_off')?.name ?? queries[0]?.name ?? '';
    for (const [scheme, media] of [
      ['light', 'screen'],
      ['dark', 'screen'],
      ['light', 'print'],
    ] as const)
      await look(t, { scheme, bypassCSP: true }, async (page) => {
        await page.evaluate(axe);
        for (const hash of ['#table=users', `#question=${question}`]) {
          await goTo(page, hash);
          await answered(page);
          await page.click('#panel summary >> nth=0');
          await page.click('#rows button:has-text("Plot")');
          await page.emulateMedia({ media });
          const found = await page.evaluate<string[]>(
            'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
          );
          t.deepEqual(found, [], `${scheme} ${media} ${hash}`);
          // The lists are not printed, and leave no room empty.
          if (media === 'print')
            t.true((await page.evaluate<number>('document.querySelector("#main").offsetLeft')) < 40);
          await page.emulateMedia({ media: 'screen' });
        }
        for (const width of [768, 360]) {
          await page.setViewportSize({ width, height: 800 });
          t.true(
            (await page.evaluate<number>('document.documentElement.scrollWidth')) <= width,
            String(width),
          );
        }
      });
  },
);

withBrowser('the keyboard alone completes, asks and goes on', async (t) => {
  await lookOn(t, '', async (page) => {
    await page.focus('#sql');
    await page.keyboard.type('SELECT COUNT(*) AS n FROM secure_token');
    t.true(await page.locator('#completion li').first().isVisible());
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    t.regex(await page.inputValue('#sql'), /FROM secure_token\w+$/);
    t.is(await page.locator('#completion li').count(), 0);
    await page.fill('#sql', '');
    await page.keyboard.type('SELECT s.user FROM secure_tokens s');
    for (let step = 0; step < ' FROM secure_tokens s'.length; step += 1)
      await page.keyboard.press('ArrowLeft');
    await page.keyboard.type('n');
    t.deepEqual(await page.locator('#completion li').allInnerTexts(), ['username']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+Enter');
    await answered(page);
    t.is(await page.inputValue('#sql'), 'SELECT s.username FROM secure_tokens s');
    const shown = await page.locator('#rows tbody tr').count();
    t.is(
      shown,
      Math.min(200, storeDb().prepare('SELECT COUNT(*) FROM secure_tokens').pluck().get() as number),
    );
    // With nothing chosen, Tab leaves the box.
    await page.focus('#sql');
    await page.keyboard.press('End');
    await page.keyboard.type(' WHE');
    await page.keyboard.press('Tab');
    t.is(await page.evaluate('document.activeElement.id'), 'run');
    await page.focus('#questions button');
    await page.keyboard.press('Enter');
    await until(page, 'location.hash.startsWith("#question=")');
    await until(page, 'document.activeElement.tagName === "H2"');
    t.pass();
  });
});
