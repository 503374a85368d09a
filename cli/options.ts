/** Options that several commands take, and what they mean. */
import { UserError } from '../collector/errors.ts';
import type { Arguments, OptionSpec } from './args.ts';
import { modes } from './output.ts';
import type { Mode } from './output.ts';
import { nearest } from '../collector/nearest.ts';
import type { Table } from '../collector/table.ts';
import { tables } from '../tables/index.ts';

export const sourceOptions: Readonly<Record<string, OptionSpec>> = {
  source: {
    type: 'string',
    isRepeatable: true,
    value: 'SOURCE',
    description:
      'live, sample, volume:PATH, or an evidence bundle (folder or .tar.gz). Repeatable: several hosts.',
  },
  'host-id': {
    type: 'string',
    value: 'UUID',
    description: 'Hardware UUID of the Mac, for a source that does not say it: a volume, or such a bundle.',
  },
  'exec-root': {
    type: 'string',
    value: 'DIR',
    description: 'For tests: run DIR/usr/bin/dscl in place of /usr/bin/dscl.',
  },
  'allow-network': { type: 'boolean', description: 'Also ask mdmclient, which may contact the MDM server.' },
  include: {
    type: 'string',
    isRepeatable: true,
    value: 'FACT',
    description: 'Collect what is off by default: serial_number, organization. Repeatable.',
  },
};

export const modeOptions: Readonly<Record<string, OptionSpec>> = {
  pretty: { type: 'boolean', description: 'A table for people (the default).' },
  json: { type: 'boolean', description: 'A JSON array; numbers are numbers and unknown is null.' },
  ndjson: { type: 'boolean', description: 'One JSON object a line.' },
  csv: {
    type: 'boolean',
    description: 'CSV as RFC 4180 has it; NULL is an empty field, an empty text is "".',
  },
  line: { type: 'boolean', description: 'One value a line.' },
  list: { type: 'boolean', description: 'Values separated by |.' },
  markdown: { type: 'boolean', description: 'A Markdown table.' },
  'osquery-json': {
    type: 'boolean',
    description: 'What osqueryi --json prints: every value a text, NULL as "".',
  },
};

export const modeOf = (given: Arguments): Mode => {
  const asked = modes.filter((mode) => given.flag(mode));
  if (asked.length > 1) throw new UserError(`--${asked[0]} and --${asked[1]} exclude each other`, '', 2);
  return asked[0] ?? 'pretty';
};

const includable = ['serial_number', 'organization'];

export const includeOf = (given: Arguments): ReadonlySet<string> => {
  const facts = given.texts('include').flatMap((text) => text.split(','));
  const unknown = facts.find((fact) => !includable.includes(fact));
  if (unknown !== undefined)
    throw new UserError(
      `--include does not know ${JSON.stringify(unknown)}`,
      `it takes ${includable.join(' and ')}`,
      2,
    );
  return new Set(facts);
};

/** A table by name; UserError that suggests the near one. */
export const tableNamed = (name: string): Table => {
  const found = tables.find((table) => table.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    tables.map((table) => table.name),
  );
  throw new UserError(
    `there is no table ${name}`,
    near === null ? 'tokenquery tables lists them' : `did you mean ${near}? tokenquery tables lists them all`,
  );
};
