/**
 * What a site changes of the questions without a library of its own: a folder of reviewed files that say of a question how much
 * it matters there, or that it is not asked. One bad entry, and nothing is changed.
 */
import { join } from 'node:path';
import { filesOfFolder, readText } from './custom.ts';
import { queries as library } from './index.ts';
import { severities } from './query.ts';
import type { Query, Severity } from './query.ts';
import {
  isAboutSeeing,
  mostBytes,
  named,
  noQuestion,
  ownerField,
  readEntries,
  reviewedSchema,
  shapeOf,
} from './reviewed.ts';
import type { Entry, Field, Form } from './reviewed.ts';

const off = 'off';

const fields = {
  query: {
    isRequired: true,
    most: 256,
    description:
      'The question: one, by its name. The name of a question that was split is for all that came of it.',
    hint: 'tokenquery queries lists the names',
  },
  severity: {
    isRequired: true,
    most: 16,
    description:
      'How much it matters here, in the place of what its header says; off: it is not asked, and never clean.',
    hint: `it is one of ${severities.join(', ')}, or off, which asks it no more`,
    choices: [...severities, off],
  },
  owner: ownerField,
  reason: {
    isRequired: true,
    most: 2000,
    description: 'Why it is so here.',
    hint: 'say why it is so here: whoever reads the findings reads it too',
  },
} as const satisfies Readonly<Record<string, Field>>;

type FieldName = keyof typeof fields;

const form: Form<FieldName> = {
  list: 'changes',
  entry: 'change',
  file: 'a file of an overlay',
  option: '--overlay',
  until: 'nothing is changed',
  fields,
};

/** JSON Schema of a file of the folder. */
export const overlaySchema = () =>
  reviewedSchema(form, {
    title: 'An overlay of tokenquery questions',
    description:
      'Questions that matter more or less here, or are not asked, each with an owner and a reason: UTF-8, at most 1 MiB. docs/overlay.md has the rules.',
    entries: 'Each question once, in all files of the folder.',
  });

/** One question that somebody changed. */
interface Change {
  /** The file and the line, as errors name them. */
  readonly place: string;
  readonly severity: Severity | typeof off;
  readonly owner: string;
  readonly reason: string;
}

type OverlayEntry = Entry<FieldName>;

const isRaised = (severity: Severity, query: Query): boolean =>
  severities.indexOf(severity) > severities.indexOf(query.severity);

/** Refuses what would hide a blind spot, and what would change nothing. */
const checkChange = (entry: OverlayEntry, query: Query, severity: Change['severity']): void => {
  const isLess = severity === off || isRaised(query.severity, { ...query, severity });
  if (isAboutSeeing(query) && isLess)
    throw entry.fault(
      `${query.name} is about what was not seen, and can matter more, but not less: without it "clean" means nothing`,
      `name a severity of ${query.severity} or above; where a Mac is gone, tokenquery retain drops what is old`,
    );
  if (query.severityFrom !== null && severity !== off && isRaised(severity, query))
    throw entry.fault(
      `the rows of ${query.name} say how much they matter, at most ${query.severity}`,
      `name a severity below ${query.severity}, which then is the most, or ${off}`,
    );
};

/** The questions that an entry is for. */
const questionsOf = (entry: OverlayEntry, queries: readonly Query[]): readonly Query[] => {
  const name = entry.text('query');
  if (name === '*')
    throw entry.fault(
      'no entry is for every question: it would change what nobody has thought of',
      'write one entry for each question that is meant',
    );
  const found = named(queries, name);
  if (found.length === 0) throw noQuestion(entry, name, queries);
  return found;
};

/** The question as the site has it. */
const overlaid = (query: Query, { severity, owner, reason, place }: Change): Query => {
  const overlay = { of: query, isOff: severity === off, owner, reason, place };
  if (severity === off) return { ...query, overlay };
  if (severity === query.severity) return query;
  const severityWhere = query.severityWhere.filter((rule) => isRaised(severity, { ...query, ...rule }));
  return { ...query, severity, severityWhere, overlay };
};

export class Overlay {
  readonly #changes = new Map<string, Change>();
  readonly #queries: readonly Query[];

  /** @param queries Those that entries may name. */
  constructor(queries: readonly Query[]) {
    this.#queries = queries;
  }

  /** How many questions it changes. */
  get size(): number {
    return this.#changes.size;
  }

  /** Takes the entries of one more file. */
  add(text: string, file: string): void {
    for (const entry of readEntries(text, file, form)) {
      const questions = questionsOf(entry, this.#queries);
      const severity = entry.text('severity') as Change['severity'];
      const [owner, reason] = [entry.text('owner'), entry.text('reason')];
      const change = { place: `${file}:${entry.line}`, severity, owner, reason };
      for (const query of questions) {
        const other = this.#changes.get(query.name);
        if (other !== undefined && other !== change)
          throw entry.fault(`${query.name} is changed by ${other.place}, too`, 'leave one of the two');
        checkChange(entry, query, severity);
        this.#changes.set(query.name, change);
      }
    }
  }

  /** The questions as the site has them; those that nobody changed are the same. */
  apply(queries: readonly Query[]): readonly Query[] {
    return queries.map((query) => {
      const change = this.#changes.get(query.name);
      return change === undefined ? query : overlaid(query, change);
    });
  }
}

/**
 * The overlay of a folder: its .json files, and those of the folders in it, each UTF-8 and of at most 1 MiB.
 *
 * @param queries What is asked beside the library.
 * @throws UserError when one cannot be read, or is not right in every entry; as root, when others can have written it.
 */
export const readOverlay = (folder: string, queries: readonly Query[] = []): Overlay => {
  const files = filesOfFolder(folder, '--overlay', '.json');
  const overlay = new Overlay([...library, ...queries]);
  const hint = `--overlay takes a folder of files of at most 1 MiB: ${shapeOf(form)}`;
  for (const file of files) {
    const path = join(folder, file);
    overlay.add(readText(path, '--overlay', hint, mostBytes), path);
  }
  return overlay;
};
