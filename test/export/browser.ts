/** A real browser for the tests of pages, which notes all that a page asks for and says. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'ava';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

/** A test that is skipped by name where there is no chromium. */
export const withBrowser = executablePath === undefined ? test.serial.skip : test.serial;

export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Null where there is none. */
export const launchBrowser = async (): Promise<Browser | null> =>
  executablePath === undefined
    ? null
    : chromium.launch({
        executablePath,
        // What it asked for in spite of all would go nowhere.
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--proxy-server=127.0.0.1:9'],
      });

export interface PageOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  /** Its own tools run in the page only where its policy is set aside. */
  readonly bypassCSP?: boolean;
}

export interface NotedPage {
  readonly page: Page;
  /** Addresses, also those that its workers ask for. */
  readonly asked: readonly string[];
  /** On the console, in dialogs, and as errors. */
  readonly said: readonly string[];
}

/** An empty page in a context of its own. */
export const newPage = async (
  browser: Browser | null,
  { width = 1280, scheme = 'light', bypassCSP = false }: PageOptions,
): Promise<NotedPage> => {
  if (browser === null) throw new Error('there is no browser');
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    bypassCSP,
  });
  const page = await context.newPage();
  const asked: string[] = [];
  const said: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => {
    said.push(dialog.message());
    void dialog.dismiss();
  });
  return { page, asked, said };
};
