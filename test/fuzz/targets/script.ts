import fc from 'fast-check';
import { readFolder } from '../../mutations/bundle.ts';
import { Program } from '../../mutations/program.ts';
import { printedScript } from '../../mutations/script.ts';
import { sampleFolder, sampleNames } from '../samples.ts';
import type { Target } from '../target.ts';

interface Pick {
  readonly sample: string;
  /** Which of its mutations. */
  readonly mutation: number;
}

const program = new Program();

/** The printed collector and the program make the same of a changed answer. */
export const script: Target<Pick> = {
  name: 'script',
  inputs: fc.record({ sample: fc.constantFrom(...sampleNames), mutation: fc.nat() }),
  check: async ({ sample, mutation }) => {
    const opened = await printedScript.open(readFolder(sample, sampleFolder(sample)), program);
    try {
      const chosen = opened.mutations[mutation % opened.mutations.length];
      if (chosen === undefined) return;
      await opened.prepare?.([chosen]);
      const wrong = (await opened.judge(chosen, chosen.apply())).filter(({ sort }) => sort === 'wrong');
      if (wrong.length > 0) throw new Error(`${chosen.source} ${chosen.site}: ${JSON.stringify(wrong)}`);
    } finally {
      opened.close?.();
    }
  },
};
