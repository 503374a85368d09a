/** The catalogue of ATT&CK, as far as the library cites it: names and tactics, for exports. docs/references.md says where it was read. */
import { citedIn } from './catalogues.ts';

/** Since 19, Defense Evasion is two tactics: Stealth, which kept its id, and Defense Impairment. */
export const attackVersion = '19';

export const attackTactics = {
  TA0001: 'Initial Access',
  TA0002: 'Execution',
  TA0003: 'Persistence',
  TA0004: 'Privilege Escalation',
  TA0005: 'Stealth',
  TA0112: 'Defense Impairment',
  TA0006: 'Credential Access',
  TA0008: 'Lateral Movement',
  TA0040: 'Impact',
} as const;
type TacticId = keyof typeof attackTactics;

/** A technique, or a part of one. A technique that is only there for its parts has no tactics of its own here. */
interface Technique {
  readonly name: string;
  readonly tactics: readonly TacticId[];
}

export const attackTechniques: Readonly<Record<string, Technique>> = {
  T1021: { name: 'Remote Services', tactics: [] },
  'T1021.004': { name: 'SSH', tactics: ['TA0008'] },
  'T1021.005': { name: 'VNC', tactics: ['TA0008'] },
  T1036: { name: 'Masquerading', tactics: ['TA0005'] },
  'T1036.010': { name: 'Masquerade Account Name', tactics: ['TA0005'] },
  T1037: { name: 'Boot or Logon Initialization Scripts', tactics: [] },
  'T1037.002': { name: 'Login Hook', tactics: ['TA0003', 'TA0004'] },
  T1059: { name: 'Command and Scripting Interpreter', tactics: [] },
  'T1059.002': { name: 'AppleScript', tactics: ['TA0002'] },
  T1078: { name: 'Valid Accounts', tactics: [] },
  'T1078.001': { name: 'Default Accounts', tactics: ['TA0001', 'TA0003', 'TA0004', 'TA0005'] },
  'T1078.003': { name: 'Local Accounts', tactics: ['TA0001', 'TA0003', 'TA0004', 'TA0005'] },
  T1098: { name: 'Account Manipulation', tactics: ['TA0003', 'TA0004'] },
  'T1098.004': { name: 'SSH Authorized Keys', tactics: ['TA0003', 'TA0004'] },
  'T1098.007': { name: 'Additional Local or Domain Groups', tactics: ['TA0003', 'TA0004'] },
  T1110: { name: 'Brute Force', tactics: ['TA0006'] },
  T1136: { name: 'Create Account', tactics: [] },
  'T1136.001': { name: 'Local Account', tactics: ['TA0003'] },
  T1531: { name: 'Account Access Removal', tactics: ['TA0040'] },
  T1548: { name: 'Abuse Elevation Control Mechanism', tactics: [] },
  'T1548.003': { name: 'Sudo and Sudo Caching', tactics: ['TA0004'] },
  T1552: { name: 'Unsecured Credentials', tactics: [] },
  'T1552.001': { name: 'Credentials In Files', tactics: ['TA0006'] },
  T1556: { name: 'Modify Authentication Process', tactics: ['TA0003', 'TA0112', 'TA0006'] },
  T1564: { name: 'Hide Artifacts', tactics: [] },
  'T1564.002': { name: 'Hidden Users', tactics: ['TA0005'] },
};

/** Something of ATT&CK; what is of no list here has its id alone. */
export interface Named {
  readonly id: string;
  readonly name: string | null;
}

/** What a question cites of ATT&CK. */
export interface Attack {
  readonly technique: Named;
  readonly subtechnique: Named | null;
  readonly tactics: readonly Named[];
}

const named = (id: string): Named => ({ id, name: attackTechniques[id]?.name ?? null });

const attackOf = (id: string): Attack => {
  const [technique = id] = id.split('.');
  return {
    technique: named(technique),
    subtechnique: technique === id ? null : named(id),
    tactics: (attackTechniques[id]?.tactics ?? []).map((tactic) => ({
      id: tactic,
      name: attackTactics[tactic],
    })),
  };
};

/** What the text of references cites of ATT&CK, in its order. */
export const attacksIn = (references: string): readonly Attack[] =>
  (citedIn(references)?.attack ?? []).map(attackOf);
