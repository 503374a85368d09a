/** Which volume is that of the running system: on generated disks, by the collector and by the printed script. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { collect } from '../../collector/collect.ts';
import { filledIn } from '../../collector/script/template.ts';
import apfsCryptoUsers from '../../tables/apfs_crypto_users.ts';
import { fixtureBackend, plistOf } from '../fixtures/backend.ts';
import type { PlistJson } from '../fixtures/backend.ts';
import { temporaryFolder } from '../standin.ts';

interface Disk {
  readonly root: Readonly<Record<string, PlistJson>> | null;
  readonly list: PlistJson | null;
}

const groups = ['C0000000-0000-4000-8000-000000000001', 'C0000000-0000-4000-8000-000000000002'];
const volume = fc.record({
  roles: fc.constantFrom([], ['System'], ['Data'], ['Preboot'], ['Data', 'x']),
  group: fc.constantFrom(undefined, ...groups),
});
const container = fc.array(volume, { maxLength: 4 });
const only = (given: Readonly<Record<string, PlistJson | undefined>>): Record<string, PlistJson> =>
  Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, PlistJson] => entry[1] !== undefined),
  );

const uuidOf = (number: number, index: number): string =>
  `B0000000-0000-4000-8000-00000000${number}${String(index).padStart(3, '0')}`;
const disk = fc
  .record({
    containers: fc.option(fc.array(container, { maxLength: 3 }), { freq: 8 }),
    startedFrom: fc.record({
      number: fc.constantFrom(1, 2),
      index: fc.constantFrom(1, 2),
      isSnapshot: fc.boolean(),
    }),
    filesystem: fc.constantFrom('apfs', 'apfs', 'apfs', 'hfs', 'ntfs', undefined),
    tells: fc.record({
      root: fc.boolean(),
      container: fc.boolean(),
      group: fc.boolean(),
      uuid: fc.boolean(),
    }),
    group: fc.constantFrom(...groups),
  })
  .map(({ containers, startedFrom, filesystem, tells, group }): Disk => {
    const { number, index, isSnapshot } = startedFrom;
    const list = containers?.map((volumes, at) => ({
      ContainerReference: `disk${at + 1}`,
      Volumes: volumes.map(({ roles, group: own }, place) =>
        only({
          APFSVolumeUUID: uuidOf(at + 1, place + 1),
          APFSVolumeGroupID: own,
          DeviceIdentifier: `disk${at + 1}s${place + 1}`,
          Roles: roles,
        }),
      ),
    }));
    return {
      root: !tells.root
        ? null
        : only({
            APFSContainerReference: tells.container ? `disk${number}` : undefined,
            APFSVolumeGroupID: tells.group ? group : undefined,
            DeviceIdentifier: `disk${number}s${index}${isSnapshot ? 's1' : ''}`,
            FilesystemType: filesystem,
            VolumeUUID: tells.uuid ? uuidOf(number, index) : undefined,
          }),
      list: list === undefined ? null : list.length === 0 ? {} : { Containers: list },
    };
  });

/** The device that the collector asks, empty where it asks none. */
const askedByCollector = async ({ root, list }: Disk): Promise<string> => {
  const { backend } = fixtureBackend(
    {
      origin: 'constructed',
      source: 'generated',
      commands: [
        ...(root === null ? [] : [{ command: 'diskutil_info_root' as const, stdout: plistOf(root) }]),
        ...(list === null ? [] : [{ command: 'diskutil_apfs_list' as const, stdout: plistOf(list) }]),
      ],
    },
    'H',
  );
  const asked: string[] = [];
  await collect([apfsCryptoUsers], {
    ...backend,
    run: async (source, argv) => {
      if (source === 'diskutil_apfs_list_users') asked.push(argv.at(-1) ?? '');
      return backend.run(source, argv);
    },
  });
  return asked.join(' ');
};

test('the printed script asks the volume that the collector asks, on any disk', async (t) => {
  const folder = temporaryFolder(t);
  const [program, rules, file] = ['plist.awk', 'rules', 'answer'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(program, filledIn('plist.awk'));
  writeFileSync(rules, '');
  const awk = (answer: PlistJson, variables: Readonly<Record<string, string>>): string => {
    writeFileSync(file, plistOf(answer));
    const assigned = Object.entries({ rules, ...variables }).flatMap(([name, value]) => [
      '-v',
      `${name}=${value}`,
    ]);
    // As the script runs it: gawk reads bytes above 127 in no other locale.
    const env = { ...process.env, LC_ALL: 'C' };
    return spawnSync('awk', [...assigned, '-f', program, file], { encoding: 'utf8', env }).stdout.trim();
  };
  const askedByScript = ({ root, list }: Disk): string => {
    const told = root === null ? '- - - - -' : awk(root, { mode: 'root' });
    const [device = '-', holder = '-', group = '-', uuid = '-', fs = '-'] = told.split(' ');
    if (list === null) return fs === 'hfs' ? '' : '/';
    return awk(list, { mode: 'devices', device, container: holder, group, uuid, fs });
  };
  await fc.assert(
    fc.asyncProperty(disk, async (given) => {
      t.is(askedByScript(given), await askedByCollector(given), JSON.stringify(given));
    }),
    { numRuns: runsOf(300) },
  );
});

test("another system's Data volume is never asked", async (t) => {
  await fc.assert(
    fc.asyncProperty(disk, async (given) => {
      const asked = await askedByCollector(given);
      if (asked === '' || asked === '/') return;
      const containers = (
        given.list as { Containers: { ContainerReference: string; Volumes: Record<string, PlistJson>[] }[] }
      ).Containers;
      const own = containers.find(
        ({ ContainerReference }) =>
          ContainerReference === `disk${/^disk([0-9]+)/.exec(String(given.root?.['DeviceIdentifier']))?.[1]}`,
      );
      const volumes = own?.Volumes ?? [];
      const data = volumes.filter(({ Roles }) => (Roles as string[]).includes('Data'));
      const chosen = data.find(({ DeviceIdentifier }) => DeviceIdentifier === asked);
      t.truthy(chosen, 'it is a Data volume of the container of "/"');
      const group = given.root?.['APFSVolumeGroupID'];
      if (group !== undefined && chosen?.['APFSVolumeGroupID'] !== undefined)
        t.is(chosen['APFSVolumeGroupID'], group, 'it is of the group of "/"');
      if (chosen?.['APFSVolumeGroupID'] === undefined) t.is(data.length, 1, 'it is the only one');
    }),
    { numRuns: runsOf(1000) },
  );
});
