import { join } from 'node:path';

/** The folder of the sources. The build puts an empty text in its place: a bundle has no `import.meta`. */
export const sourceRoot = join(import.meta.dirname, '..');
