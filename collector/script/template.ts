/**
 * Makes one text of the files of this folder. A word between two @ is a mark: of a file, which takes the place of its
 * line; of a list, each item of which does so, with the line's indentation; or of a text, which takes its own place.
 */
import { embedded } from './embedded.ts';

const fileMark = /@([a-z0-9_]+\.(?:awk|sh))@/;
const mark = /@([a-z_]+)@/g;
/** Such a line is for the reader of the file. */
const isForReader = (line: string): boolean => line.startsWith('#:');

const linesOf = (file: string): readonly string[] => {
  const text = embedded[file];
  if (text === undefined) throw new Error(`no file ${file} is embedded: run npm run generate`);
  return text
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => !isForReader(line))
    .flatMap((line) => {
      const [, part] = fileMark.exec(line) ?? [];
      return part === undefined ? [line] : linesOf(part);
    });
};

/** A file with those that it names, and what fills in its other marks. Each must be there, and none else. */
export const filledIn = (
  file: string,
  fillings: Readonly<Record<string, string | readonly string[]>> = {},
): string => {
  const left = new Set(Object.keys(fillings));
  const fillingOf = (name: string): string | readonly string[] => {
    const filling = fillings[name];
    if (filling === undefined) throw new Error(`${file} has a mark @${name}@ that nothing fills in`);
    left.delete(name);
    return filling;
  };
  const lines = linesOf(file).flatMap((line) => {
    for (const [, name = ''] of line.matchAll(mark)) {
      const filling = fillingOf(name);
      const [indentation = ''] = /^ */.exec(line) ?? [];
      if (typeof filling !== 'string') return filling.map((item) => indentation + item);
    }
    return [line.replace(mark, (_, name: string) => String(fillingOf(name)))];
  });
  if (left.size > 0) throw new Error(`${file} has no mark for ${[...left].join(', ')}`);
  return `${lines.join('\n')}\n`;
};
