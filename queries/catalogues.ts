/** The catalogues that a header cites: each a list of identifiers, on a line of its own. */

/** In what form an identifier of a catalogue is written, and how `references` tells of a list of them. */
interface Catalogue {
  readonly label: string;
  readonly after?: string;
  readonly form: RegExp;
  readonly example: string;
}

const declared = {
  attack: { label: 'ATT&CK', form: /^T\d{4}(?:\.\d{3})?$/, example: 'T1078.001' },
  'nist-800-53': { label: '800-53r5', form: /^[A-Z]{2}-\d{1,2}(?:\(\d{1,2}\))?$/, example: 'AC-2(4)' },
  'nist-800-171': { label: '800-171r3', form: /^\d{2}\.\d{2}\.\d{2}$/, example: '03.01.01' },
  cis: { label: 'CIS', after: ' (macOS 26)', form: /^\d{1,2}(?:\.\d{1,2}){1,3}$/, example: '2.13.1' },
  stig: { label: 'STIG', form: /^APPL-\d{2}-\d{6}$/, example: 'APPL-26-002063' },
  mscp: {
    label: 'mSCP',
    form: /^(?:audit|auth|icloud|os|pwpolicy|supplemental|system_settings)_[a-z0-9_-]+$/,
    example: 'os_root_disable',
  },
} as const satisfies Readonly<Record<string, Catalogue>>;

export type CatalogueName = keyof typeof declared;
export type Cited = Readonly<Record<CatalogueName, readonly string[]>>;

const catalogues: Readonly<Record<CatalogueName, Catalogue>> = declared;
export const catalogueNames = Object.keys(declared) as readonly CatalogueName[];

export const nothingCited: Cited = {
  attack: [],
  'nist-800-53': [],
  'nist-800-171': [],
  cis: [],
  stig: [],
  mscp: [],
};

/** What is wrong with a list: an identifier of another form, or one that is there twice. Null: nothing. */
export const faultOf = (name: CatalogueName, ids: readonly string[]): string | null => {
  const { form, example } = catalogues[name];
  const odd = ids.find((id) => !form.test(id));
  if (odd !== undefined) return `${JSON.stringify(odd)} is no identifier such as ${example}`;
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  return twice === undefined ? null : `${twice} is there twice`;
};

/** The lists as one text, in the order in which the header has them. */
export const citationText = (cited: Cited, order: readonly CatalogueName[]): string =>
  order
    .filter((name) => cited[name].length > 0)
    .map((name) => `${catalogues[name].label} ${cited[name].join(', ')}${catalogues[name].after ?? ''}`)
    .join('; ');

/** The lists of a text as `citationText` makes it; null where a part of it is of no catalogue, or of another form. */
export const citedIn = (text: string): Cited | null => {
  const cited = { ...nothingCited };
  for (const segment of text.split('; ')) {
    const name = catalogueNames.find((one) => segment.startsWith(`${catalogues[one].label} `));
    if (name === undefined) return null;
    const { label, after = '' } = catalogues[name];
    const ids = segment.slice(
      label.length + 1,
      after !== '' && segment.endsWith(after) ? -after.length : undefined,
    );
    const list = [...cited[name], ...ids.split(', ')];
    if (faultOf(name, list) !== null) return null;
    cited[name] = list;
  }
  return cited;
};
