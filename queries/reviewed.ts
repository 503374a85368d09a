/**
 * Files that somebody reviews: JSON with a version and one list of entries, each of texts. One bad entry is an error that names
 * it, and then nothing of the file holds: an entry that does something else than was meant is worse than none.
 */
import { FileError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { parseJson, placesIn } from './json_places.ts';
import type { Query } from './query.ts';

export interface Field {
  readonly isRequired: boolean;
  /** Characters. */
  readonly most: number;
  readonly description: string;
  /** What to write, for whoever left it out or left it empty. */
  readonly hint: string;
  readonly pattern?: string;
  /** All that it may be. */
  readonly choices?: readonly string[];
}

/** The same in files of every kind. */
export const ownerField = {
  isRequired: true,
  most: 256,
  description: 'Who answers for it.',
  hint: 'name the person or team that answers for it',
} as const satisfies Field;

/** What files of a kind are called, and what their entries have. */
export interface Form<Name extends string> {
  /** The key of the list. */
  readonly list: string;
  readonly entry: string;
  /** A file of the kind, with its article. */
  readonly file: string;
  /** Of `schema`, which prints the schema. */
  readonly option: string;
  /** What holds until the file is right. */
  readonly until: string;
  /** The entries; the schema, the checks and the page in docs/ say the same of each. */
  readonly fields: Readonly<Record<Name, Field>>;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text of somebody else within a message. */
const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
export const quoted = (value: unknown): string => cut(JSON.stringify(value) ?? 'nothing');

/** Of a file. */
export const mostBytes = 1024 * 1024;

/** What a file is. */
export const shapeOf = ({ list }: Pick<Form<string>, 'list'>): string => `{"version": 1, "${list}": […]}`;

/** One entry of a file, and how errors call it. */
export class Entry<Name extends string> {
  readonly #form: Form<Name>;
  readonly file: string;
  readonly #value: Json;
  readonly number: number;
  readonly line: number;

  constructor(
    form: Form<Name>,
    value: unknown,
    at: { readonly file: string; readonly number: number; readonly line: number },
  ) {
    this.#form = form;
    this.file = at.file;
    this.number = at.number;
    this.line = at.line;
    this.#value = isObject(value) ? value : {};
    if (!isObject(value))
      throw this.fault(
        `it is ${quoted(value)}, and no object`,
        `it has ${Object.keys(form.fields).join(', ')}`,
      );
  }

  fault(what: string, hint: string): FileError {
    const query = this.#value['query'];
    const name = typeof query === 'string' && query.trim() !== '' ? ` (${cut(query)})` : '';
    const { entry, until } = this.#form;
    return new FileError(
      this.file,
      `:${this.line}: ${entry} ${this.number}${name}: ${what}`,
      `${hint}; until the file is right, ${until}`,
    );
  }

  checkKeys(): void {
    const { fields } = this.#form;
    const unknown = Object.keys(this.#value).find((key) => !Object.hasOwn(fields, key));
    if (unknown === undefined) return;
    const names = Object.keys(fields);
    const near = nearest(unknown, names);
    throw this.fault(
      `there is no key ${quoted(unknown)}`,
      `${near === null ? '' : `did you mean ${near}? `}the keys are ${names.join(', ')}`,
    );
  }

  /** The text of a key; null where it may be left out, and is. */
  optional(name: Name): string | null {
    const { isRequired, most, hint, choices } = this.#form.fields[name];
    const value = Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
    if (value === undefined && !isRequired) return null;
    if (value === undefined) throw this.fault(`${name} is missing`, hint);
    if (typeof value !== 'string') throw this.fault(`${name} is a text, not ${quoted(value)}`, hint);
    if (!/\S/.test(value)) throw this.fault(`${name} is empty`, hint);
    if (Array.from(value).length > most)
      throw this.fault(`${name} has more than ${most} characters`, 'say it more shortly');
    if (choices?.includes(value) === false) throw this.fault(`there is no ${name} ${quoted(value)}`, hint);
    return value;
  }

  text(name: Name): string {
    return this.optional(name) ?? '';
  }
}

/**
 * The entries of a text; what is in them is not looked at yet.
 *
 * @param file As errors name it.
 */
export const readEntries = <Name extends string>(
  text: string,
  file: string,
  form: Form<Name>,
): readonly Entry<Name>[] => {
  const { list } = form;
  const document = parseJson(
    text.replace(/^\ufeff/, ''),
    file,
    `${form.file} is ${shapeOf(form)}; JSON has no comments, and no comma after the last entry`,
  );
  const shape = `${form.file} is ${shapeOf(form)}; tokenquery schema ${form.option} prints its schema`;
  if (!isObject(document)) throw new FileError(file, ' holds no object', shape);
  const { twice, lines } = placesIn(text);
  if (document['version'] !== 1)
    throw new FileError(file, `: version is ${quoted(document['version'])}, and not 1`, shape);
  const unknown = Object.keys(document).find((key) => !['version', list, '$schema'].includes(key));
  if (unknown !== undefined) throw new FileError(file, `: there is no key ${quoted(unknown)}`, shape);
  if (document['$schema'] !== undefined && typeof document['$schema'] !== 'string')
    throw new FileError(file, ': $schema is a text', shape);
  const given = document[list];
  if (!Array.isArray(given)) throw new FileError(file, `: ${list} is no list`, shape);
  const lineOf = (index: number): number => lines.get(list)?.[index] ?? 1;
  const entries = given.map(
    (value: unknown, index) => new Entry(form, value, { file, number: index + 1, line: lineOf(index) }),
  );
  const hint = 'of two equal keys one would be lost: remove one';
  if (twice !== null) {
    const what = `${quoted(twice.key)} is given twice`;
    const entry = twice.item === null ? undefined : entries[twice.item];
    throw entry?.fault(what, hint) ?? new FileError(file, `:${twice.line}: ${what}`, hint);
  }
  for (const entry of entries) entry.checkKeys();
  return entries;
};

/** JSON Schema of a kind of file. What only a comparison shows (a question that is not there) it does not say. */
export const reviewedSchema = <Name extends string>(
  { list, fields }: Form<Name>,
  words: { readonly title: string; readonly description: string; readonly entries: string },
) => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `urn:tokenquery:${list}:1`,
  title: words.title,
  description: words.description,
  type: 'object',
  additionalProperties: false,
  required: ['version', list],
  properties: {
    $schema: { description: 'For editors; it is not read.', type: 'string' },
    version: { const: 1 },
    [list]: {
      description: words.entries,
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: Object.entries<Field>(fields).flatMap(([name, field]) => (field.isRequired ? [name] : [])),
        properties: Object.fromEntries(
          Object.entries<Field>(fields).map(([name, { description, most, pattern = '\\S', choices }]) => {
            const not = name === 'query' ? { not: { const: '*' } } : {};
            const what = choices === undefined ? { maxLength: most, pattern } : { enum: choices };
            return [name, { description, type: 'string', ...what, ...not }];
          }),
        ),
      },
    },
  },
});

/** The questions that have a name, or that had it, where none has it any more. */
export const named = (queries: readonly Query[], name: string): readonly Query[] => {
  const own = queries.filter((query) => query.name === name);
  return own.length > 0 ? own : queries.filter(({ formerly }) => formerly.includes(name));
};

/** Whether a question is about what was seen, and not about the Mac: without its answer, the others say nothing. */
export const isAboutSeeing = ({ group, requires }: Query): boolean =>
  group === 'trust' || requires.some(({ table }) => table === 'table_status');

/** The error for a name that no question has, and none had. */
export const noQuestion = <Name extends string>(
  entry: Entry<Name>,
  name: string,
  queries: readonly Query[],
): FileError => {
  const near = nearest(
    name,
    queries.map((query) => query.name),
  );
  return entry.fault(
    `there is no question ${quoted(name)}`,
    `${near === null ? '' : `did you mean ${near}? `}tokenquery queries lists them all`,
  );
};
