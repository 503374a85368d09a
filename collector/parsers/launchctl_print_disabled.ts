import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { failed, notUnderstood, saidLinesOf, told } from './lines.ts';

// "=> true" up to macOS 12 means disabled, as "=> disabled" does since.
const service = /^"([^\p{Cc}]+)"\s*=>\s*(enabled|disabled|true|false)\s*[;,]?$/iu;
const start = /^disabled services\s*=\s*\{$/i;
const read: ReadonlySet<string> = new Set([
  'com.openssh.sshd',
  'com.apple.screensharing',
  'com.apple.AEServer',
  'com.apple.smbd',
]);

const rules: LineRules = {
  keep: (line) => {
    const text = line.trim();
    if (text === '}' || /^(?:disabled services|login item associations)\s*=\s*\{$/i.test(text)) return line;
    const label = service.exec(text)?.[1];
    // Which other services a Mac has is nobody's business: a blank line stands in their place.
    return label === undefined ? null : read.has(label) ? line : '';
  },
};

/** The block, and in it the services that are read. */
export const sanitizeLaunchctlPrintDisabled = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses which services of the system domain are switched on or off by hand.
 *
 * Input: `launchctl print-disabled system`; forms of 10.10 to 26.
 * Returns: label to "is disabled", of the services that are read. A label that is not in it was never switched: that is not an
 * answer.
 * Notes: a line of the block that has another form; a label that is there twice and differs, which is then left
 * out; a block without an end.
 * Throws: `parse_failed` without the block `disabled services`; `source_failed` when launchctl reports an error.
 * Source: launchctl(1).
 */
export const parseLaunchctlPrintDisabled = (
  printed: Answer,
  note: Note = ignore,
): ReadonlyMap<string, boolean> => {
  const answer = keptAnswer(printed, rules);
  const tool = 'launchctl print-disabled';
  if (answer.exitCode !== 0) {
    const said = told(answer.stderr) || told(answer.stdout);
    throw failed(tool, `ended with exit code ${answer.exitCode}: ${said}`);
  }
  const lines = saidLinesOf(answer.stdout);
  // Blocks of other kinds, such as "login item associations", may stand around it.
  const first = lines.findIndex((line) => start.test(line));
  if (first < 0) throw notUnderstood(tool, answer);
  const end = lines.indexOf('}', first);
  if (end < 0) note(parseFailed(`${tool} ended inside the list of services`));
  const isDisabled = new Map<string, boolean>();
  const disputed = new Set<string>();
  for (const line of lines.slice(first + 1, end < 0 ? undefined : end)) {
    const [, label, word] = service.exec(line) ?? [];
    if (label === undefined || word === undefined) {
      note(parseFailed(`${tool}: a service has a form that is not known: ${told(line)}`));
      continue;
    }
    const value = /^(?:disabled|true)$/i.test(word);
    if ((isDisabled.get(label) ?? value) !== value) disputed.add(label);
    isDisabled.set(label, value);
  }
  for (const label of disputed) {
    note(parseFailed(`${tool}: the service ${label} is there twice, and differs`));
    isDisabled.delete(label);
  }
  return isDisabled;
};
