/**
 * Properties over generated values. `npm test` generates the same ones each time, so that what it says is of the change and not of
 * chance; `npm run properties` generates others, and more. What failed there becomes an example of its property.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['TOKENQUERY_SEED'] ?? 20_261_128) });

const times = Number(process.env['TOKENQUERY_TIMES'] ?? 1);

/** How many values are tried, where `npm test` tries so many. */
export const runsOf = (usual: number): number => Math.ceil(usual * times);

/** What one of several takes of a list, every so many, the next one those beside them; with `npm run properties` each takes all. */
export const shareOf = <T>(list: readonly T[], every: number, turn: number): readonly T[] =>
  times > 1 ? list : list.filter((_, index) => index % every === turn % every);

export { default } from 'fast-check';
