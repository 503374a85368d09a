/** The operators of the mutation test do what their names say: else the counts would say nothing. */
import test from 'ava';
import { textOf } from './bundle.ts';
import type { Bundle } from './bundle.ts';
import { macs } from './hosts.ts';
import { mutationsOf } from './operators.ts';
import type { Mutation } from './operators.ts';
import { change, parsePlist, printPlist, walk } from './plist.ts';

const bundles = macs();
const everything = (bundle: Bundle): ReadonlySet<string> =>
  new Set([...bundle.runs.keys(), ...bundle.files.keys(), ...bundle.stats.keys()]);
const all = bundles.map((bundle): readonly [Bundle, readonly Mutation[]] => [
  bundle,
  mutationsOf(bundle, everything(bundle)),
]);
const idOf = ({ source, subject, operator, site }: Mutation): string =>
  [source, subject, operator, site].join(' | ');
/** All that a bundle holds, as a text. */
const printed = ({ runs, files, stats }: Bundle): string =>
  JSON.stringify([
    [...runs].map(([argv, { exit, stdout, stderr }]) => [argv, exit, textOf(stdout), textOf(stderr)]),
    [...files].map(([path, bytes]) => [path, textOf(bytes)]),
    [...stats],
  ]);
const named = (bundle: Bundle, mutations: readonly Mutation[], source: string, operator: string) => {
  const found = mutations.filter((each) => each.source === source && each.operator === operator);
  return found.map((each) => ({ site: each.site, bundle: each.apply(), before: bundle }));
};

test('there are eight Macs and more', (t) => {
  t.true(bundles.length >= 8);
  t.is(new Set(bundles.map(({ hostId }) => hostId)).size, bundles.length);
});

test('each mutation has a name of its own, by which it can be seen again', (t) => {
  for (const [{ name }, mutations] of all) {
    const ids = mutations.map(idOf);
    t.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index).slice(0, 3), [], name);
  }
});

test('each mutation changes something', (t) => {
  for (const [bundle, mutations] of all) {
    const before = printed(bundle);
    // Every so many of thousands: the same operator does the same everywhere.
    const step = Math.max(1, Math.floor(mutations.length / 400));
    const idle = mutations.filter((each, index) => index % step === 0 && printed(each.apply()) === before);
    // A command that wrote nothing is as silent as before.
    t.deepEqual(
      idle
        .filter(({ operator }) => !/^(?:silent|silent-failure|signal|streams-swapped)$/.test(operator))
        .map(idOf),
      [],
      bundle.name,
    );
  }
});

test('what is read and printed again is the same property list', (t) => {
  for (const { runs, files } of bundles) {
    for (const bytes of [...[...runs.values()].map(({ stdout }) => stdout), ...files.values()]) {
      const tree = parsePlist(textOf(bytes));
      if (tree === null) continue;
      t.deepEqual(parsePlist(printPlist(tree)), tree);
      t.true(walk(tree).length > 0);
    }
  }
});

test('a change in a property list changes nothing else in it', (t) => {
  const tree = parsePlist(
    '<plist><dict><key>a</key><array><true/><false/></array><key>b</key><true/></dict></plist>',
  );
  if (tree === null) throw new Error('no tree');
  const changed = change(tree, ['a', 1], () => []);
  t.is(printPlist(changed).match(/<true\/>/g)?.length, 2);
  t.is(printPlist(changed).match(/<false\/>/g), null);
});

test('bytes that say the same hold the same words', (t) => {
  const wordsOf = (bundle: Bundle): string =>
    [...bundle.runs.values()]
      .map(({ stdout }) =>
        [
          ...new Set(
            textOf(stdout)
              .toLowerCase()
              .match(/[a-z0-9._-]+/g) ?? [],
          ),
        ]
          .toSorted()
          .join(' '),
      )
      .join('\n');
  for (const [bundle, mutations] of all) {
    for (const operator of [
      'blank-first',
      'bom',
      'crlf',
      'keys-reversed',
      'records-reversed',
      'lower-uuids',
      'key-twice',
    ])
      for (const { site, bundle: changed } of named(bundle, mutations, 'ds_users', operator).slice(0, 3))
        t.is(wordsOf(changed), wordsOf(bundle), `${bundle.name} ${operator} ${site}`);
  }
});

test('nothing is taken away of which nobody could tell that it is missing', (t) => {
  for (const [bundle, mutations] of all) {
    const removed = mutations.filter(
      ({ operator }) => operator === 'line-removed' || operator === 'cut-line',
    );
    const shown = (each: Mutation): string =>
      textOf(
        [...each.apply().runs.values()].find((run, index) => {
          const before = [...bundle.runs.values()][index];
          return before !== undefined && textOf(before.stdout) !== textOf(run.stdout);
        })?.stdout ?? new Uint8Array(),
      );
    for (const each of removed.filter(({ source }) => source === 'fdesetup_list_extended'))
      t.false(shown(each).includes('ESCROW'), `${bundle.name} ${each.site}: a FileVault user less`);
    for (const each of removed.filter(({ source }) => source === 'launchctl_print_disabled'))
      if (each.operator === 'line-removed')
        t.true(shown(each).includes('com.apple.ftpd'), `${bundle.name} ${each.site}: a service less`);
  }
});

test('who was not asked is no damaged Mac, and an empty document has no key', (t) => {
  for (const [bundle, mutations] of all) {
    const unasked = mutations.filter(({ operator }) => operator === 'not-recorded');
    t.deepEqual(unasked.filter(({ source }) => source.startsWith('mdmclient')).map(idOf), [], bundle.name);
    t.true(unasked.some(({ source }) => source === 'ds_users'));
    for (const { before, bundle: changed } of named(bundle, mutations, 'diskutil_apfs_list', 'key-new')) {
      const list = [...before.runs].find(([argv]) => argv.endsWith('apfs list -plist'))?.[1].stdout;
      t.false(textOf(list ?? new Uint8Array()).includes('<dict/>\n</plist>'), bundle.name);
      t.true(changed.runs.size > 0);
    }
  }
});

test('a line is one of an answer only where another line is left', (t) => {
  for (const [bundle, mutations] of all) {
    const removed = mutations.filter(({ operator, isOne }) => operator === 'line-removed' && isOne);
    for (const each of removed) {
      const left = [...each.apply().runs].filter(
        ([argv, { stdout }]) => textOf(stdout) !== textOf(bundle.runs.get(argv)?.stdout ?? new Uint8Array()),
      );
      // sysadminctl answers on stderr.
      t.true(
        left.every(([, { stdout }]) => textOf(stdout).trim() !== ''),
        idOf(each),
      );
    }
    const people = mutations.filter(
      ({ source, operator }) => source === 'fdesetup_show_deferral_info' && operator === 'line-removed',
    );
    const isOfAnybody = ({ runs }: Bundle): boolean =>
      [...runs.values()].some(({ stdout }) => /Usernames =\s+\(\s*\);/.test(textOf(stdout)));
    for (const each of people)
      t.false(isOfAnybody(each.apply()) && !isOfAnybody(bundle), `${bundle.name}: a designated user less`);
  }
});
