/**
 * The mutation test as a program: what is wrong, by cause, and how each can be seen again.
 *
 *     npm run mutate -- --host macos15-fleet --source ds_users --operator uuid-broken --list wrong --keep /tmp/seen
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { evidence, mutate, offencesOf, shortChoice, shortOfScript, shortOfVolumes } from './harness.ts';
import type { Choice, Offence, Result, Way } from './harness.ts';
import { macs } from './hosts.ts';
import type { Sort } from './judge.ts';
import { printedScript } from './script.ts';
import { volume } from './volume.ts';

const usage = `node test/mutations/run.ts [OPTION...]
  --way WAY          how the Mac is read: evidence (the outputs of its tools), volume (its files) or script (the
                     printed collector, against the evidence of the same outputs); evidence
  --host NAME, --source NAME, --operator NAME   only what has this in its name (--source: of its path or account too)
  --site SITE        exactly this place, as --list prints it
  --per N            places of each operator on each source (4)
  --subjects N       accounts and paths of each source (4)
  --seed N           another sample (1)
  --short            the sample of npm test
  --list SORT        every mutation with a complaint of this sort: wrong, unexplained, "lost table", lost, all
  --top N            causes that are printed of each sort (40)
  --keep DIR         writes each listed mutation as an evidence bundle into a new folder of DIR
`;
const { values } = parseArgs({
  options: {
    way: { type: 'string', default: 'evidence' },
    host: { type: 'string', default: '' },
    source: { type: 'string', default: '' },
    operator: { type: 'string', default: '' },
    site: { type: 'string', default: '' },
    per: { type: 'string', default: '4' },
    subjects: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    list: { type: 'string', default: '' },
    top: { type: 'string', default: '40' },
    keep: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const ways: ReadonlyMap<string, readonly [Way, Choice]> = new Map([
  ['evidence', [evidence, shortChoice]],
  ['volume', [volume, shortOfVolumes]],
  ['script', [printedScript, shortOfScript]],
]);

const sorts: readonly Sort[] = ['wrong', 'unexplained', 'lost table', 'lost'];
const isListed = ({ complaints }: Offence): boolean =>
  values.list === 'all' || complaints.some(({ sort }) => sort === values.list);

let kept = 0;
const listOffence = (offence: Offence, write: (folder: string) => void): void => {
  if (!isListed(offence)) return;
  const { source, subject, operator, site } = offence.mutation;
  say(
    `--host ${offence.host} --source '${subject === '' ? source : `${source} ${subject}`}' --operator ${operator} --site '${site}'`,
  );
  for (const { sort, where, from, to } of offence.complaints)
    if (values.list === 'all' || sort === values.list) say(`    ${sort}: ${where}: ${from} -> ${to}`);
  if (values.keep === '') return;
  kept += 1;
  const folder = join(values.keep, String(kept).padStart(4, '0'));
  write(folder);
  say(`    ${folder}`);
};

const causesOf = (result: Result, sort: Sort): readonly (readonly [string, number])[] => {
  const counts = new Map<string, number>();
  for (const { mutation, complaints } of result.offences) {
    const causes = complaints
      .filter((complaint) => complaint.sort === sort)
      .map(({ where, from, to }) => `${mutation.source}: ${where}: ${from} -> ${to}`);
    for (const cause of new Set(causes)) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
};

const percent = (part: number, all: number): string =>
  all === 0 ? '-' : `${((100 * part) / all).toFixed(1)} %`;

const report = (result: Result): void => {
  for (const sort of sorts) {
    const causes = causesOf(result, sort);
    if (causes.length === 0) continue;
    say(`\n${sort}: ${offencesOf(result, sort).length} mutations, by cause`);
    const top = Number(values.top);
    for (const [cause, count] of causes.slice(0, top)) say(`${String(count).padStart(6)}  ${cause}`);
    if (causes.length > top) say(`        and ${causes.length - top} more causes (--top)`);
  }
  const [wrong = 0, unexplained = 0, tables = 0, lost = 0] = sorts.map(
    (sort) => offencesOf(result, sort).length,
  );
  const { mutations, ones, sames, seconds } = result;
  say(`\n${mutations} mutations in ${seconds.toFixed(1)} s, ${(mutations / seconds).toFixed(0)} a second`);
  say(`wrong ${wrong} (${percent(wrong, mutations)}), unexplained ${unexplained}`);
  say(`one record touched and a table lost: ${tables} of ${ones} (${percent(tables, ones)})`);
  say(`the bytes say the same and something is lost: ${lost} of ${sames} (${percent(lost, sames)})`);
};

const choiceOf = (short: Choice): Choice => {
  const { host, source, operator, site } = values;
  const named = { host, source, operator, site };
  if (values.short) return { ...short, ...named };
  const [per, subjects, seed] = [values.per, values.subjects, values.seed].map(Number);
  return { ...named, per: per ?? 4, subjects: subjects ?? 4, seed: seed ?? 1, share: 1, every: 1 };
};

const [way, short] = ways.get(values.way) ?? [];
if (values.help || way === undefined || short === undefined) {
  process.stdout.write(usage);
} else {
  const result = await mutate(
    macs(),
    choiceOf(short),
    (offence, changed) => listOffence(offence, (folder) => way.write(changed, folder)),
    way,
  );
  report(result);
}
