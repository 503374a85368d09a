/** Which file imports which, and which folder may import which. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The folders that each folder may import, beside itself. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  collector: [],
  tables: ['collector'],
  store: ['collector'],
  queries: ['store', 'collector'],
  export: ['queries', 'store', 'collector'],
  cli: ['export', 'queries', 'store', 'tables', 'collector'],
};

/** The sources of some folders of a project, by their paths in it. */
export const sourcesOf = (project: string, folders: readonly string[]): readonly string[] =>
  folders
    .flatMap((folder) =>
      readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => file.endsWith('.ts'))
    .toSorted();

/** The files that a file imports, as types too; with those that it loads when it runs, or without. */
export const importsOf = (project: string, file: string, withLoaded: boolean): readonly string[] => {
  const text = readFileSync(join(project, file), 'utf8');
  const pattern = withLoaded
    ? /\b(?:from|import\()\s*(?:\/\*[^*]*\*\/\s*)?'(\.[^']*)'/g
    : /\bfrom\s+'(\.[^']*)'/g;
  return [...text.matchAll(pattern)].map(([, specifier]) => normalize(join(dirname(file), specifier ?? '')));
};

/** The ways on which a file imports itself by way of others. */
export const circlesOf = (project: string, files: readonly string[]): readonly (readonly string[])[] => {
  const circles: (readonly string[])[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file]);
    else if (!done.has(file)) {
      for (const imported of importsOf(project, file, false)) visit(imported, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  return circles;
};

/** The imports that go against `mayImport`, and commands that import commands. */
export const backArrowsOf = (project: string, files: readonly string[]): readonly string[] =>
  files.flatMap((file) => {
    const own = file.split('/')[0] ?? '';
    return importsOf(project, file, true)
      .filter((imported) => {
        const folder = imported.split('/')[0] ?? '';
        const isCommand = [file, imported].every((one) => one.startsWith('cli/commands/'));
        return isCommand || (folder !== own && !mayImport[own]?.includes(folder));
      })
      .map((imported) => `${file} -> ${imported}`);
  });
