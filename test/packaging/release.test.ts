/** What a release is made of beside its archives: Node by its sums, the list of parts, the notes, and what deployment tools read. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  archiveName,
  formula,
  fullDiskAccessProfile,
  munkiInfo,
  packageName,
  settingsProfile,
} from '../../packaging/deploy.ts';
import { compareReleases } from '../../packaging/check.ts';
import { jobLabel, targets } from '../../packaging/facts.ts';
import type { Level } from '../../packaging/gzip.ts';
import { officialNode, pins, publishedSum } from '../../packaging/node_official.ts';
import { purposeOf, releaseNotes, sumsOf } from '../../packaging/release.ts';
import { bundledNames, reducedSbom } from '../../packaging/sbom.ts';
import type { Sbom } from '../../packaging/sbom.ts';
import { tarOf } from '../../packaging/tar.ts';
import { filled, sectionOf } from '../../packaging/texts.ts';
import { textFile } from '../../packaging/tree.ts';
import { root, temporaryFolder } from '../standin.ts';
import { output, testWith } from './tools.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** nodejs.org as the build asks it, on this machine. */
const site = async (t: ExecutionContext, files: Readonly<Record<string, Uint8Array | string>>) => {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const body = files[url];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};
const file = `node-v${pins.version}-darwin-arm64.tar.gz`;
const nodeArchive = (program = 'a program'): Promise<Buffer> =>
  tarOf(
    `node-v${pins.version}-darwin-arm64`,
    [textFile('bin/node', program, true), textFile('LICENSE', 'a license'), textFile('share/x', 'x')],
    1,
  );

test('Node of nodejs.org is taken by its published sum, and is asked for once', async (t) => {
  const archive = await nodeArchive();
  const { url, asked } = await site(t, {
    [`/v${pins.version}/SHASUMS256.txt`]: `${'0'.repeat(64)}  other\n${sha256(archive)}  ${file}\n`,
    [`/v${pins.version}/${file}`]: archive,
  });
  const cache = join(temporaryFolder(t), 'cache');
  const node = await officialNode('darwin-arm64', 'nodejs.org', cache, url);
  t.is(node.program.toString(), 'a program');
  t.is(node.license.toString(), 'a license');
  t.regex(node.about, new RegExp(`sha256 of node: ${sha256('a program')}`));
  t.regex(node.about, /checked: against its sum in SHASUMS256\.txt/);
  await officialNode('darwin-arm64', 'nodejs.org', cache, url);
  t.is(asked.filter((path) => path.endsWith('.gz')).length, 1);
  // What was kept is checked again, and goes where it was changed.
  writeFileSync(join(cache, file), await nodeArchive('another'));
  await t.throwsAsync(officialNode('darwin-arm64', 'nodejs.org', cache, url), {
    message: /is published; the file was removed/,
  });
  await t.notThrowsAsync(officialNode('darwin-arm64', 'nodejs.org', cache, url));
});

test('a Node that is not as it was published is not packed', async (t) => {
  const archive = await nodeArchive();
  const list = `/v${pins.version}/SHASUMS256.txt`;
  const good = `${sha256(archive)}  ${file}\n`;
  const empty = await tarOf('node', [textFile('LICENSE', '')], 1);
  const cases: readonly (readonly [Readonly<Record<string, Uint8Array | string>>, RegExp])[] = [
    [{}, /SHASUMS256\.txt answered 404/],
    [{ [list]: '' }, /has 0 sums/],
    [{ [list]: good + good }, /has 2 sums/],
    [{ [list]: good }, /tar\.gz answered 404/],
    [{ [list]: good, [`/v${pins.version}/${file}`]: archive.subarray(0, -1) }, /is published/],
    [{ [list]: good, [`/v${pins.version}/${file}`]: await nodeArchive('evil') }, /is published/],
    [{ [list]: `${sha256(empty)}  ${file}\n`, [`/v${pins.version}/${file}`]: empty }, /has no bin\/node/],
  ];
  for (const [files, message] of cases) {
    const { url } = await site(t, files);
    await t.throwsAsync(officialNode('darwin-arm64', 'nodejs.org', temporaryFolder(t), url), { message });
  }
});

test('the npm package of Node is taken by its pinned digest, and the artefact says where it is from', async (t) => {
  const cache = temporaryFolder(t);
  const { package: name, integrity } = pins.npm['darwin-arm64'];
  writeFileSync(join(cache, `${name}-${pins.version}.tgz`), await nodeArchive());
  await t.throwsAsync(officialNode('darwin-arm64', 'npm', cache), {
    message: /is pinned; the file was removed/,
  });
  t.regex(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
  t.deepEqual(Object.keys(pins.npm), [...targets]);
  t.deepEqual(Object.keys(pins['nodejs.org']), [...targets]);
  t.is(publishedSum(`${'a'.repeat(64)} *x\n${'b'.repeat(64)}  y\n`, 'x'), 'a'.repeat(64));
});

const component = (name: string, version = '1.0.0') => ({
  'bom-ref': `${name}@${version}`,
  type: 'library',
  name,
  version,
});
const whole: Sbom = {
  serialNumber: 'urn:uuid:of-this-run',
  metadata: { timestamp: 'now', tools: ['npm'], component: { ...component('folder'), name: 'folder' } },
  components: ['a', 'b', 'c', 'shared', 'tool', 'unused'].map((name) => component(name)),
  dependencies: [
    { ref: 'folder@1.0.0', dependsOn: ['a@1.0.0', 'tool@1.0.0'] },
    { ref: 'a@1.0.0', dependsOn: ['b@1.0.0', 'unused@1.0.0'] },
    { ref: 'unused@1.0.0', dependsOn: ['c@1.0.0'] },
    { ref: 'b@1.0.0', dependsOn: ['shared@1.0.0', 'a@1.0.0'] },
    { ref: 'tool@1.0.0', dependsOn: ['shared@1.0.0'] },
  ],
};

test('the list of parts has what is bundled, and nothing of the run that made it', (t) => {
  const bundled = new Set(['a', 'b', 'c', 'shared']);
  const made = reducedSbom(whole, new Set(['a']), bundled);
  t.deepEqual(
    made.components.map(({ name }) => name),
    ['a', 'b', 'c', 'node', 'shared'],
  );
  t.is(made.metadata.component.name, 'tokenquery');
  const again = reducedSbom(
    {
      ...whole,
      serialNumber: 'urn:uuid:another',
      metadata: {
        ...whole.metadata,
        timestamp: 'later',
        component: { ...whole.metadata.component, name: 'elsewhere' },
      },
    },
    new Set(['a']),
    bundled,
  );
  t.deepEqual(again, made);
  t.regex(String(made['serialNumber']), /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  t.not(made['serialNumber'], reducedSbom(whole, new Set(['a']), new Set(['a', 'b']))['serialNumber']);
  t.throws(() => reducedSbom(whole, new Set(['a']), new Set(['a', 'tool'])), { message: /is bundled: tool/ });
});

test('the names of what is bundled are read from its licenses', (t) => {
  const text =
    '@a/b-c\nMIT\n\nd.e\n(MIT OR CC0-1.0)\nMIT License\n\nCopyright\n\nsome text\nof a license\n\nf\nISC\nx\n';
  t.deepEqual([...bundledNames(text)], ['@a/b-c', 'd.e', 'f']);
});

test('the notes of a version are its section of CHANGELOG, and a version without one is an error', (t) => {
  const text =
    '# Changelog\n\n## 2.0.0\n\n### A\n\n- x\n\n## 1.0.0\n\n- y\n\n## 0.9.0\n\n## 0.8.0\n\n- z\n\n## 0.8.0\n\n- z\n';
  t.is(sectionOf(text, '2.0.0'), '### A\n\n- x');
  t.is(sectionOf(text, '1.0.0'), '- y');
  for (const version of ['3.0.0', '2.0', '0.9.0', '.0.0'])
    t.throws(() => sectionOf(text, version), { message: /says nothing of/ });
  t.throws(() => sectionOf(text, '0.8.0'), { message: /has 2 sections/ });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  t.true(sectionOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version).length > 100);
});

test('the notes name each file with its purpose, and where Node is from; a file that nobody knows is an error', (t) => {
  const out = temporaryFolder(t);
  for (const target of targets) writeFileSync(join(out, archiveName('1.0.0', target)), target);
  writeFileSync(join(out, packageName('1.0.0', 'darwin-arm64')), '');
  writeFileSync(join(out, 'RELEASE.md'), '');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const notes = releaseNotes(root, version, out, 'npm');
  t.regex(notes, /\| tokenquery-1\.0\.0-arm64\.pkg \| 0 \| macOS package, Apple silicon \|/);
  t.regex(notes, /this is a trial of the build, and no release/);
  t.regex(notes, /was started on a Mac/);
  t.notRegex(releaseNotes(root, version, out, 'nodejs.org'), /trial/);
  t.is(sumsOf(out).split('\n').length, targets.length + 3);
  for (const given of ['1.0.0', '1.0.0-rc.1'])
    t.is(purposeOf(`tokenquery-${given}-linux-x64`), 'one executable');
  writeFileSync(join(out, 'core'), '');
  t.throws(() => releaseNotes(root, version, out, 'npm'), { message: /what core is for/ });
});

test('a mark that nothing fills in, and a value without a mark, are errors', (t) => {
  t.is(filled('{{a}} {{a}}{{b}}', { a: '$&', b: '{{c}}' }), '$& $&{{c}}');
  t.throws(() => filled('{{a}}', {}), { message: /nothing fills in/ });
  t.throws(() => filled('', { a: '' }), { message: /the template has no/ });
});

const python = `
import plistlib, sys
def walk(value):
    if isinstance(value, dict):
        yield value
        for one in value.values(): yield from walk(one)
    if isinstance(value, list):
        for one in value: yield from walk(one)
text = open(sys.argv[1], 'rb').read()
plist = plistlib.loads(text)
ids = [one['PayloadUUID'] for one in walk(plist) if 'PayloadUUID' in one]
assert len(ids) == len(set(ids))
print(eval(sys.argv[2]))
`;

testWith('python3', 'xmllint')('profiles and pkginfo are property lists that others read', (t) => {
  const folder = temporaryFolder(t);
  const read = (text: string, expression: string): string => {
    writeFileSync(join(folder, 'p.plist'), text);
    output(['xmllint', '--noout', '--nonet', 'p.plist'], { cwd: folder });
    return output(['python3', '-c', python, 'p.plist', expression], { cwd: folder }).toString().trim();
  };
  const payloads = "{p['PayloadType']: p for p in plist['PayloadContent']}";
  t.is(
    read(settingsProfile(), "plist['PayloadType'], plist['PayloadScope'], plist['PayloadVersion']"),
    "('Configuration', 'System', 1)",
  );
  t.is(read(settingsProfile(), `${payloads}['${jobLabel}']['Enabled']`), 'True');
  t.is(
    read(settingsProfile(), `${payloads}['com.apple.servicemanagement']['Rules'][0]['RuleValue']`),
    jobLabel,
  );
  const access = `${payloads}['com.apple.TCC.configuration-profile-policy']['Services']['SystemPolicyAllFiles'][0]`;
  t.is(
    read(
      fullDiskAccessProfile(),
      `${access}['Identifier'], ${access}['Allowed'], len(plist['PayloadContent'])`,
    ),
    "('/opt/tokenquery/node', True, 1)",
  );
  t.regex(read(fullDiskAccessProfile(), `${access}['CodeRequirement']`), /leaf\[subject\.OU\] = HX7739G8FX$/);
  t.is(settingsProfile(), settingsProfile());
  for (const [target, architecture] of [
    ['darwin-arm64', 'arm64'],
    ['darwin-x64', 'x86_64'],
  ] as const) {
    const bytes = Buffer.alloc(3000, target);
    const info = munkiInfo({ version: '1.2.3', target, bytes, installedKilobytes: 77 });
    t.is(
      read(
        info,
        "plist['supported_architectures'], plist['installer_item_hash'], plist['installer_item_size']",
      ),
      `(['${architecture}'], '${sha256(bytes)}', 3)`,
    );
    t.is(
      read(
        info,
        "plist['receipts'][0]['packageid'], plist['receipts'][0]['version'], plist['installed_size']",
      ),
      "('com.tokenquery.pkg', '1.2.3', 77)",
    );
    t.is(read(info, "plist['installer_item_location']"), `tokenquery/${packageName('1.2.3', target)}`);
    writeFileSync(join(folder, 'u.sh'), read(info, "plist['uninstall_script']"));
    output(['sh', '-n', 'u.sh'], { cwd: folder });
  }
});

const sums = { 'darwin-arm64': 'a'.repeat(64), 'darwin-x64': 'b'.repeat(64), 'linux-x64': 'c'.repeat(64) };
const brew = (): string =>
  formula(root, { version: '1.2.3', url: 'https://h.example/d', homepage: 'https://h.example' }, sums);

test('the formula has each archive with its own sum', (t) => {
  for (const target of targets)
    t.true(
      brew().includes(
        `url "https://h.example/d/${archiveName('1.2.3', target)}"\n      sha256 "${sums[target]}"`,
      ),
      target,
    );
});

testWith('ruby')('ruby reads the formula', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'f'));
  writeFileSync(join(folder, 'f/tokenquery.rb'), brew());
  t.regex(output(['ruby', '-c', 'f/tokenquery.rb'], { cwd: folder }).toString(), /Syntax OK/);
});

test('two releases are the same when what they hold is, however it was packed', async (t) => {
  const folders = [temporaryFolder(t), temporaryFolder(t)] as const;
  const [one, two] = folders;
  const put = async (folder: string, text: string, level: Level): Promise<void> => {
    const list = textFile('FILES.sha256', `${sha256(text)}  a\n`);
    writeFileSync(join(folder, 'x-1.tar.gz'), await tarOf('x-1', [textFile('a', text), list], level));
  };
  await put(one, 'a'.repeat(9000), 0);
  await put(two, 'a'.repeat(9000), 9);
  t.notDeepEqual(readFileSync(join(one, 'x-1.tar.gz')), readFileSync(join(two, 'x-1.tar.gz')));
  t.notThrows(() => compareReleases(one, two));
  await put(two, 'b', 9);
  t.throws(() => compareReleases(one, two), { message: 'x-1.tar.gz: a differs' });
  await put(two, 'a'.repeat(9000), 9);
  writeFileSync(join(two, 'more'), '');
  t.throws(() => compareReleases(one, two), { message: 'more is in one of them only' });
});

test('what the release workflow runs of this project is there, with the options that it gives', (t) => {
  const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
  const main = readFileSync(join(root, 'packaging/main.ts'), 'utf8');
  const [, usage = ''] = /const usage = `([^]*?)`;/.exec(main) ?? [];
  const files = Array.from(workflow.matchAll(/\bpackaging\/[\w/.-]+/g), ([path]) => path);
  t.true(files.length > 4);
  for (const path of files) t.true(existsSync(join(root, path)), path);
  const lines = workflow.split('\n').filter((line) => line.includes('packaging/main.ts'));
  for (const [option] of lines.join('\n').matchAll(/ --[a-z-]+/g))
    t.true(usage.includes(option.trim()), option);
  // Without the dependencies not one of its words is understood.
  const jobs = workflow.split(/^ {2}(?=[a-z]+:$)/m).filter((job) => job.includes('packaging/main.ts'));
  t.is(jobs.length, 3);
  for (const job of jobs) t.regex(job.slice(0, job.indexOf('packaging/main.ts')), /- run: npm ci\n/);
  // No step of a shell that could be tried here and is not.
  const steps = Array.from(workflow.matchAll(/run: (.*)/g), ([, step = '']) => step);
  for (const step of steps)
    t.regex(
      step,
      /^npm ci$|^(?:node packaging\/main\.ts|sudo sh packaging\/macos\/try|sudo apt-get|gh release create) /,
    );
});
