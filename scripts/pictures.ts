/**
 * Pictures of what a terminal shows, to be looked at: `node scripts/pictures.ts FOLDER` writes a PNG for each command, width and
 * theme. It needs tmux and chromium, and the built program (npm run build).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const program = `${process.execPath} ${join(root, 'dist/tokenquery.cjs')}`;
const mac = (name: string): string => `--source ${join(root, 'samples', name)}`;

const commands: Readonly<Record<string, string>> = {
  overview: `overview ${mac('macos15-unmanaged')}`,
  findings: `findings ${mac('macos15-unmanaged')}`,
  query: `query ${mac('macos26-managed')} "SELECT * FROM secure_tokens"`,
  times: `query ${mac('macos26-managed')} "SELECT username, creation_time, password_last_set_time, uuid FROM account_policy_data"`,
  queries: 'queries',
  help: 'query --help',
  tables: 'tables',
  table: 'tables users',
  mistake: 'query "SELECT hostname, uid FROM users"',
};

// Sixteen colours as terminals have them: of macOS' Terminal (Basic), and of a dark one.
const themes = {
  light: {
    back: '#ffffff',
    fore: '#000000',
    colours: ['#000', '#990000', '#00a600', '#999900', '#0000b2', '#b200b2', '#00a6b2', '#bfbfbf'],
  },
  dark: {
    back: '#1e1e1e',
    fore: '#d4d4d4',
    colours: ['#000', '#cd3131', '#0dbc79', '#e5e510', '#2472c8', '#bc3fbc', '#11a8cd', '#e5e5e5'],
  },
} as const;
type Theme = (typeof themes)[keyof typeof themes];

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What tmux captured, as HTML: bold, and the colours of the theme. */
const htmlOf = (captured: string, theme: Theme, columns: number): string => {
  let style = '';
  let html = '';
  // eslint-disable-next-line no-control-regex
  for (const part of captured.split(/(\u001b\[[0-9;]*m)/)) {
    // eslint-disable-next-line no-control-regex
    const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      html += `<span style="${style}">${escapeHtml(part)}</span>`;
      continue;
    }
    for (const code of codes.split(';').map(Number)) {
      if (code === 0) style = '';
      else if (code === 1) style += 'font-weight:bold;';
      else if (code === 39) style = style.replaceAll(/color:[^;]*;/g, '');
      else if (code >= 30 && code <= 37) style += `color:${theme.colours[code - 30] ?? ''};`;
    }
  }
  return `<meta charset="utf-8"><body style="margin:8px;background:${theme.back};color:${theme.fore}"><pre style="margin:0;font:14px/17px 'DejaVu Sans Mono','Noto Sans Mono CJK JP',monospace;width:${columns}ch;border-right:1px dotted #888">${html}</pre>`;
};

/** The screen of a terminal of this width after a command, all of it. */
const captured = (command: string, columns: number, rows: number): string => {
  const tmux = (...words: readonly string[]): string =>
    execFileSync('tmux', ['-L', 'tokenquery-pictures', ...words], { encoding: 'utf8' });
  const line = `TERM=xterm-256color ${program} ${command}${command.includes('--help') ? '' : ' --no-pager'}; tmux -L tokenquery-pictures wait-for -S done; sleep 60`;
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), line);
  tmux('wait-for', 'done');
  const text = tmux('capture-pane', '-e', '-p');
  tmux('kill-server');
  return text.trimEnd();
};

const folder = resolve(process.argv[2] ?? 'pictures');
const only = process.argv.slice(3);
mkdirSync(folder, { recursive: true });
for (const [name, command] of Object.entries(commands)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const columns of [60, 80, 120]) {
    const text = captured(command, columns, 200);
    const lines = Math.min(60, text.split('\n').length);
    for (const [theme, colours] of Object.entries(themes)) {
      const page = join(folder, `${name}-${columns}-${theme}.html`);
      writeFileSync(page, htmlOf(text.split('\n').slice(0, lines).join('\n'), colours, columns));
      const size = `--window-size=${Math.ceil(columns * 8.5) + 24},${lines * 17 + 24}`;
      const picture = page.replace('.html', '.png');
      execFileSync(
        'chromium',
        [
          '--headless',
          '--no-sandbox',
          '--hide-scrollbars',
          '--disable-gpu',
          size,
          `--screenshot=${picture}`,
          `file://${page}`,
        ],
        { stdio: 'ignore' },
      );
    }
  }
}
