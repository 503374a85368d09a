import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { failed, firstLine, notUnderstood, saidLinesOf } from './lines.ts';

// "=> true" up to macOS 12 means disabled, as "=> disabled" does since.
const service = /^"([^\p{Cc}]+)"\s*=>\s*(enabled|disabled|true|false)\s*[;,]?$/iu;

/**
 * Parses which services of the system domain are switched on or off by hand.
 *
 * Input: `launchctl print-disabled system`; forms of 10.10 to 26.
 * Returns: label to "is disabled". A label that is not in it was never switched: that is not an answer.
 * Notes: a line of the block that has another form; a label that is there twice and differs, which is then left
 * out; a block without an end.
 * Throws: `parse_failed` without the block `disabled services`; `source_failed` when launchctl reports an error.
 * Source: launchctl(1).
 */
export const parseLaunchctlPrintDisabled = (
  answer: Answer,
  note: Note = ignore,
): ReadonlyMap<string, boolean> => {
  const tool = 'launchctl print-disabled';
  if (answer.exitCode !== 0) {
    const said = firstLine(answer.stderr) || firstLine(answer.stdout);
    throw failed(tool, `ended with exit code ${answer.exitCode}: ${said}`);
  }
  const lines = saidLinesOf(answer.stdout);
  // Blocks of other kinds, such as "login item associations", may stand around it.
  const start = lines.findIndex((line) => /^disabled services\s*=\s*\{$/i.test(line));
  if (start < 0) throw notUnderstood(tool, answer);
  const end = lines.indexOf('}', start);
  if (end < 0) note(parseFailed(`${tool} ended inside the list of services`));
  const isDisabled = new Map<string, boolean>();
  const disputed = new Set<string>();
  for (const [index, line] of lines.slice(start + 1, end < 0 ? undefined : end).entries()) {
    const [, label, word] = service.exec(line) ?? [];
    if (label === undefined || word === undefined) {
      note(parseFailed(`${tool}: service ${index + 1} has a form that is not known`));
      continue;
    }
    const value = /^(?:disabled|true)$/i.test(word);
    if ((isDisabled.get(label) ?? value) !== value) disputed.add(label);
    isDisabled.set(label, value);
  }
  for (const label of disputed) {
    note(parseFailed(`${tool}: the service ${firstLine(label)} is there twice, and differs`));
    isDisabled.delete(label);
  }
  return isDisabled;
};
