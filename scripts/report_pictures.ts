/**
 * The pictures of docs/report.md and docs/explorer.md, of the sample hosts: `node scripts/report_pictures.ts`. It needs chromium, and the built program
 * (npm run build). The pages are always the same; letters are those of the machine.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-pictures-'));
const run = (...words: readonly string[]): void => {
  execFileSync(process.execPath, [join(root, 'dist/tokenquery.cjs'), ...words], { stdio: 'inherit' });
};
const report = (name: string, ...words: readonly string[]): string => {
  const path = join(folder, `${name}.html`);
  run('report', '--output', path, ...words);
  return pathToFileURL(path).href;
};
const pictures = [
  { name: 'report', page: report('fleet', '--source', 'sample'), theme: 'light' },
  {
    name: 'report-mac',
    page: report('mac', '--source', 'sample', '--host', 'lab-mbp-12'),
    theme: 'dark',
  },
] as const;
const to = join(root, 'docs/pictures');
mkdirSync(to, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const { name, page: url, theme } of pictures) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 1000 }, colorScheme: theme });
  await page.goto(url);
  await page.screenshot({ path: join(to, `${name}.png`) });
  await page.close();
}
const db = join(folder, 'fleet.db');
const explorer = join(folder, 'explorer.html');
run('snapshot', '--db', db, '--source', 'sample');
run('explore', '--db', db, '--output', explorer);
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
await page.goto(`${pathToFileURL(explorer).href}#question=lockout_single_loss`);
await page.setInputFiles('#file', db);
await page.waitForSelector('#rows table');
await page.getByText('counting…').first().waitFor({ state: 'detached' });
await page.screenshot({ path: join(to, 'explorer.png') });
await browser.close();
rmSync(folder, { recursive: true });
