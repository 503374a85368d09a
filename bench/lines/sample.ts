import { join } from 'node:path';
import type { Line, Work } from '../line.ts';
import { root } from '../place.ts';
import { run } from '../process.ts';
import { nodeAlone } from './start.ts';

export const sample: Line = {
  number: 2,
  name: 'sample',
  title: 'one Mac from its evidence',
  least: 'one Node, and some 300 small files that are opened, read and checked against their sums',
  sizes: { unit: '', short: [1], usual: [1] },
  rounds: { short: 2, usual: 10 },
  works: (_, { program }) => {
    const source = ['--source', join(root, 'samples/macos26-managed')];
    const quicklyAs = (name: string, words: readonly string[], most: number): Work => ({
      name,
      run: () => run([...program, ...words, ...source]),
      peers: [nodeAlone],
      limits: [{ figure: 'seconds', of: nodeAlone.name, most }],
    });
    return [
      quicklyAs('`SELECT * FROM hosts`', ['query', 'SELECT * FROM hosts'], 3),
      quicklyAs('findings', ['findings'], 5),
      quicklyAs('overview', ['overview'], 4.5),
    ];
  },
};
