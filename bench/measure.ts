/** Measures one line: each work at each size, ours and theirs in turn. */
import { bestOf } from './judge.ts';
import type { Line, Measured, Peer, Work } from './line.ts';
import type { Place } from './place.ts';
import type { Outcome } from './results.ts';
import { missingTool, toolVersion } from './tools.ts';

export type Length = 'short' | 'usual' | 'long';

export const sizesOf = ({ sizes }: Line, length: Length): readonly number[] =>
  length === 'long' ? [...sizes.usual, ...(sizes.long ?? [])] : sizes[length];

const whyMissing = ({ needs, missing }: Peer): string | null =>
  missing ?? (needs !== undefined && toolVersion(needs) === null ? missingTool(needs) : null);

export const measureWork = async (work: Work, size: number, rounds: number): Promise<Outcome> => {
  const peers = work.peers ?? [];
  const missing = new Map(
    peers.flatMap((peer): [string, string][] => {
      const why = whyMissing(peer);
      return why === null ? [] : [[peer.name, why]];
    }),
  );
  if (work.missing !== undefined) return { size, work, ours: null, theirs: new Map(), missing };
  const here = peers.filter(({ name }) => !missing.has(name));
  const own: Measured[] = [];
  const others = new Map<string, Measured[]>(here.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    own.push(await work.run());
    for (const { name, run } of here) others.get(name)?.push(await run());
  }
  return {
    ...{ size, work, missing },
    ours: bestOf(own),
    theirs: new Map([...others].map(([name, all]) => [name, bestOf(all)])),
  };
};

export const measureLine = async (
  line: Line,
  place: Place,
  length: Length,
  say: (text: string) => void,
): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const size of sizesOf(line, length)) {
    const works = await line.works(size, place);
    for (const work of works) {
      say(`${line.name}: ${work.name}${line.sizes.unit === '' ? '' : `, ${size} ${line.sizes.unit}`}`);
      outcomes.push(
        await measureWork(work, size, length === 'short' ? line.rounds.short : line.rounds.usual),
      );
    }
  }
  return outcomes;
};
