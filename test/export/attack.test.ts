/** What a question cites of ATT&CK is in the events of its findings, in the fields of OCSF and ECS; and in no other event. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Ajv } from 'ajv';
import { findingEventsTable, findingStates } from '../../export/finding_events_table.ts';
import { oneTableSnapshot } from '../../export/findings.ts';
import { findingsTable } from '../../export/findings_table.ts';
import type { Cell, Head } from '../../export/format.ts';
import { ecsFormat } from '../../export/formats/ecs.ts';
import { formats } from '../../export/formats/index.ts';
import { attackTactics, attackTechniques, attackVersion, attacksIn } from '../../queries/attack.ts';
import { queries } from '../../queries/index.ts';
import { verdicts } from '../../queries/query.ts';
import type { Query } from '../../queries/query.ts';
import { findingEventKinds } from '../../store/finding_events.ts';
import { root } from '../standin.ts';
import { parsed, textOf } from './world.ts';

const read = (name: string): string => readFileSync(join(root, 'test', name), 'utf8');
const recorded = JSON.parse(read('queries/attack_techniques.json')) as {
  readonly techniques: Readonly<Record<string, string>>;
  readonly tactics: Readonly<Record<string, readonly string[]>>;
};
const slug = (name: string): string => name.toLowerCase().replaceAll(' ', '-');

test('names and tactics are those of the catalogue, and every technique that is cited is there', (t) => {
  // The index calls a part by its technique, too, and this one by its older name.
  const otherNames = new Map([['T1037.002', 'Logon Script (Mac)']]);
  for (const [id, { name, tactics }] of Object.entries(attackTechniques)) {
    const said = recorded.techniques[id]?.replace(/^.*: ?/, '');
    if (said !== undefined) t.is(otherNames.get(id) ?? name, said, id);
    if (tactics.length > 0)
      t.deepEqual(tactics.map((tactic) => slug(attackTactics[tactic])).toSorted(), recorded.tactics[id], id);
  }
  const cited = new Set(queries.flatMap((query) => query.cited.attack));
  for (const id of cited) {
    t.true((attackTechniques[id]?.tactics.length ?? 0) > 0, id);
    t.not(attackTechniques[id.split('.')[0] ?? ''], undefined, id);
  }
  // Nor is there more than is cited.
  for (const id of Object.keys(attackTechniques))
    t.true(
      [...cited].some((own) => own === id || own.startsWith(`${id}.`)),
      id,
    );
});

const head = {
  ...{ snapshotId: 'a'.repeat(64), hostId: '00000000-0000-4000-8000-000000000001' },
  ...{ collectedTime: 1_790_000_000, schemaVersion: 1, sequence: 1, redaction: null, toolVersion: '0.8.0' },
} as unknown as Head;

const cellsOf = (columns: object, values: Readonly<Record<string, Cell>>): readonly Cell[] =>
  Object.keys(columns).map((name) => values[name] ?? null);

const metaOf = ({ name, title, group, severity, references, purpose, remediation }: Query) => ({
  ...{ query_name: name, title, group, severity, references, purpose, remediation, subject: 'alice' },
  details: '[]',
});

const findingsOf = (query: Query, verdict: string) =>
  oneTableSnapshot(findingsTable, { head, host: {} }, [
    cellsOf(findingsTable.columns, { ...metaOf(query), verdict, blind_spots: '[]', false_positives: '' }),
  ]);
const eventOf = (query: Query, event: string, state: string) =>
  oneTableSnapshot(findingEventsTable, { head, host: {} }, [
    cellsOf(findingEventsTable.columns, {
      ...metaOf(query),
      ...{ event, state, event_time: head.collectedTime, finding_id: 'f' },
    }),
  ]);

/** Every event that may be told of a question, and whether it is of something that was found. */
const eventsOf = (query: Query) => [
  ...verdicts.map((verdict) => [verdict === 'hit', () => findingsOf(query, verdict)] as const),
  ...findingEventKinds.flatMap((kind) =>
    findingStates.map((state) => [true, () => eventOf(query, kind, state)] as const),
  ),
];

interface Mitre {
  readonly uid: string;
  readonly name?: string;
}
interface OcsfAttack {
  readonly tactic?: Mitre;
  readonly technique: Mitre;
  readonly sub_technique?: Mitre;
  readonly version: string;
}

const isOcsf = new Ajv({ allErrors: true, strict: false }).compile(
  JSON.parse(read('schemas/ocsf-1.8.0-2003-compliance_finding.schema.json')) as object,
);

test('OCSF: finding_info.attacks has each technique under each of its tactics, where something was found', (t) => {
  let told = 0;
  for (const query of queries) {
    for (const [isFound, snapshot] of eventsOf(query)) {
      const [event] = parsed(textOf(formats.ocsf.make({}), [snapshot()]));
      if (!isOcsf(event)) t.fail(`${query.name}: ${JSON.stringify(isOcsf.errors?.slice(0, 3))}`);
      const { attacks } = (event as { finding_info: { attacks?: readonly OcsfAttack[] } }).finding_info;
      const cited = isFound ? query.cited.attack : [];
      if (cited.length === 0) {
        t.is(attacks, undefined, query.name);
        continue;
      }
      told += 1;
      const pairs = cited.flatMap((id) =>
        (attackTechniques[id]?.tactics ?? []).map((tactic) => `${tactic} ${id}`),
      );
      t.deepEqual(
        attacks?.map(
          ({ tactic, technique, sub_technique: part }) => `${tactic?.uid} ${(part ?? technique).uid}`,
        ),
        pairs,
      );
      for (const { tactic, technique, sub_technique: part, version } of attacks ?? []) {
        t.is(version, attackVersion);
        t.is(tactic?.name, attackTactics[tactic?.uid as keyof typeof attackTactics]);
        t.is(technique.name, attackTechniques[technique.uid]?.name);
        t.true(part === undefined || part.uid.startsWith(`${technique.uid}.`));
      }
    }
  }
  t.true(told > 100);
});

const ecsFields = new Set(
  read('schemas/ecs-9.4.0-fields.csv')
    .split('\n')
    .map((line) => /^[^,]*,[^,]*,[^,]*,([^,]*)/.exec(line)?.[1] ?? ''),
);

interface Lists {
  readonly id: readonly string[];
  readonly name: readonly string[];
}
type Threat = {
  readonly framework: string;
  readonly tactic: Lists;
  readonly technique: Lists & { readonly subtechnique?: Lists };
};

test('ECS: threat.* has the framework, tactics, techniques and their parts, each once, where something was found', (t) => {
  for (const query of queries) {
    for (const [isFound, snapshot] of eventsOf(query)) {
      const [document] = parsed(textOf(ecsFormat(), [snapshot()]));
      const { threat } = document as { threat?: Threat };
      const cited = isFound ? query.cited.attack : [];
      if (cited.length === 0) {
        t.is(threat, undefined, query.name);
        continue;
      }
      const { framework, tactic, technique } = threat as Threat;
      const { subtechnique } = technique;
      t.is(framework, 'MITRE ATT&CK');
      t.deepEqual(technique.id, [...new Set(cited.map((id) => id.split('.')[0] ?? ''))]);
      t.deepEqual(
        subtechnique?.id ?? [],
        cited.filter((id) => id.includes('.')),
      );
      t.deepEqual(new Set(tactic.id), new Set(cited.flatMap((id) => attackTechniques[id]?.tactics ?? [])));
      for (const [path, { id, name }] of Object.entries({
        tactic,
        technique,
        'technique.subtechnique': subtechnique ?? { id: [], name: [] },
      })) {
        t.is(new Set(id).size, id.length);
        t.is(name.length, id.length);
        t.true(ecsFields.has(`threat.${path}.id`) && ecsFields.has(`threat.${path}.name`));
      }
      t.deepEqual(name(technique.id), technique.name);
    }
  }
});

const name = (ids: readonly string[]): readonly string[] => ids.map((id) => attackTechniques[id]?.name ?? '');

test('a technique of no list here is told by its id, and a text of words cites nothing', (t) => {
  t.deepEqual(attacksIn('ATT&CK T9999.001'), [
    {
      technique: { id: 'T9999', name: null },
      subtechnique: { id: 'T9999.001', name: null },
      tactics: [],
    },
  ]);
  for (const text of ['', 'none', 'our wiki', 'see ATT&CK T1078']) t.deepEqual(attacksIn(text), []);
  const query = { ...(queries[0] as Query), references: 'ATT&CK T9999.001' };
  const [event] = parsed(textOf(formats.ocsf.make({}), [findingsOf(query, 'hit')]));
  t.true(isOcsf(event));
  const [document] = parsed(textOf(ecsFormat(), [findingsOf(query, 'hit')]));
  t.deepEqual((document as { threat?: unknown }).threat, {
    framework: 'MITRE ATT&CK',
    technique: { id: ['T9999'], name: ['T9999'], subtechnique: { id: ['T9999.001'], name: ['T9999.001'] } },
  });
});
