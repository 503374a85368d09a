/**
 * Properties over generated values. `npm test` generates the same ones each time, so that what it says is of the change and not of
 * chance; `npm run properties` generates others, and more. What failed there becomes an example of its property.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['TOKENQUERY_SEED'] ?? 20_261_128) });

/** How many values are tried, where `npm test` tries so many. */
export const runsOf = (usual: number): number =>
  Math.ceil(usual * Number(process.env['TOKENQUERY_TIMES'] ?? 1));

export { default } from 'fast-check';
