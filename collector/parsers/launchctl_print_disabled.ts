import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { failed, filledLinesOf, firstLine, notUnderstood } from './lines.ts';

/**
 * Parses which services of the system domain are switched on or off by hand.
 *
 * Input: `launchctl print-disabled system`; forms of 10.10 to 26.
 * Returns: label to "is disabled". A label that is not in it was never switched: that is not an answer.
 * Throws: `parse_failed` without the block `disabled services`, when the block has no end, or holds a line
 * of another form; `source_failed` when launchctl reports an error.
 * Source: launchctl(1).
 */
export const parseLaunchctlPrintDisabled = (answer: Answer): ReadonlyMap<string, boolean> => {
  if (answer.exitCode !== 0) {
    const said = firstLine(answer.stderr) || firstLine(answer.stdout);
    throw failed('launchctl print-disabled', `ended with exit code ${answer.exitCode}: ${said}`);
  }
  const lines = filledLinesOf(answer.stdout).map((line) => line.trim());
  // Blocks of other kinds, such as "login item associations", may stand around it.
  const start = lines.indexOf('disabled services = {');
  if (start < 0) throw notUnderstood('launchctl print-disabled', answer);
  const end = lines.indexOf('}', start);
  if (end < 0) throw parseFailed('launchctl print-disabled ended inside the list of services');
  const isDisabled = new Map<string, boolean>();
  for (const [index, line] of lines.slice(start + 1, end).entries()) {
    // "=> true" up to macOS 12 means disabled, as "=> disabled" does since.
    const match = /^"(.+)" => (enabled|disabled|true|false)$/.exec(line);
    if (match?.[1] === undefined)
      throw parseFailed(`launchctl print-disabled: service ${index + 1} has a form that is not known`);
    const value = match[2] === 'disabled' || match[2] === 'true';
    if ((isDisabled.get(match[1]) ?? value) !== value) {
      throw parseFailed(`launchctl print-disabled: service ${index + 1} is there twice, and differs`);
    }
    isDisabled.set(match[1], value);
  }
  return isDisabled;
};
