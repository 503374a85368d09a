/** JSON Schema of the native lines, from the declarations of the tables. */
import { statuses } from '../collector/status.ts';
import { meaningOfNull } from '../collector/table.ts';
import type { Column, Table } from '../collector/table.ts';
import { origins } from '../store/snapshot.ts';
import { nativeVersion } from '../store/native/encode.ts';
import { ownTables } from './own_tables.ts';
import { mayBeDropped } from './redact.ts';

const draft = 'https://json-schema.org/draft/2020-12/schema';
const idOf = (name: string): string => `urn:tokenquery:native:${nativeVersion}:${name}`;

type Schema = Readonly<Record<string, unknown>>;

const typeOf = ({ type }: Column): string =>
  type === 'TEXT' ? 'string' : type === 'REAL' ? 'number' : 'integer';

const columnSchema = (table: Table, name: string, column: Column): Schema => {
  const isDropped = column.isRequired === true && mayBeDropped(table, name);
  const isNullable = column.isRequired !== true || isDropped;
  const unit = column.unit === undefined ? '' : ` Unit: ${column.unit.replaceAll('_', ' ')}.`;
  const meaning = meaningOfNull(table, name);
  const nothing =
    meaning !== undefined
      ? ` NULL: ${meaning}.`
      : isDropped
        ? ' NULL only where the export is redacted.'
        : '';
  const values = column.isBoolean === true ? [0, 1] : column.values;
  return {
    description: column.description + unit + nothing,
    type: isNullable ? [typeOf(column), 'null'] : typeOf(column),
    ...(values === undefined ? {} : { enum: isNullable ? [...values, null] : values }),
  };
};

const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required: Object.keys(properties),
  ...more,
});

const snapshotId: Schema = {
  description: 'Identity of the snapshot: the same wherever the snapshot is met.',
  type: 'integer',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
};
const hostId: Schema = {
  description: 'Hardware UUID of the Mac; 16 hexadecimal digits where the export is redacted.',
  type: 'string',
  minLength: 1,
};
const affected: Schema = {
  description: 'Columns that are NULL because something failed; null means all.',
  type: ['array', 'null'],
  items: { type: 'string' },
};

/** A row of a table. */
const rowBody = (table: Table): Schema =>
  object(
    {
      kind: { const: 'row' },
      table: { const: table.name },
      host_id: hostId,
      snapshot_id: snapshotId,
      row_id: {
        description: 'Identity of the row in its snapshot: the same in every format and in every run.',
        type: 'string',
        pattern: '^[0-9a-f]{64}$',
      },
      columns: object(
        Object.fromEntries(
          Object.entries(table.columns).map(([name, column]) => [name, columnSchema(table, name, column)]),
        ),
      ),
    },
    { title: table.name, description: table.description },
  );

export const rowSchema = (table: Table): Schema => ({
  $schema: draft,
  $id: idOf(table.name),
  ...rowBody(table),
});

const text: Schema = { type: 'string' };
const textOrNull: Schema = { type: ['string', 'null'] };
const countOrNull: Schema = { type: ['integer', 'null'] };

const listOfNames = (description: string): Schema => ({
  description,
  type: ['array', 'null'],
  items: { type: 'string' },
});
/** Absent where it is not known any more, or whoever wrote the line did not tell. */
const doubts: Readonly<Record<string, Schema>> = {
  failed_sources: listOfNames('The sources that failed for the table; `row` for a row that was left out.'),
  rows_may_be_missing: { description: '1 where a row may be missing.', enum: [0, 1, null] },
  columns_uncertain: listOfNames('Columns that are told and rest on a source that failed.'),
  columns_inapplicable: {
    description: 'Columns whose fact does not exist on this Mac or this macOS, with the reason of each.',
    type: ['object', 'null'],
    additionalProperties: { type: 'string' },
  },
};

const snapshotLine: Schema = object(
  {
    tokenquery: { const: nativeVersion },
    kind: { const: 'snapshot' },
    snapshot_id: snapshotId,
    host_id: hostId,
    collected_time: { description: 'When it was collected. Unit: unix seconds.', type: 'integer' },
    order_time: {
      description:
        'Only of a snapshot that is dated more than an hour after it was first stored, and does not count: where it stands in the order.',
      type: 'integer',
    },
    sequence: {
      description: 'Number of the snapshot on its host, in the database that it came from.',
      ...countOrNull,
    },
    status: { enum: ['complete', 'partial', 'failed'] },
    origin: { enum: origins },
    euid: {
      description: 'Effective user id of the collection; null when it is not known.',
      ...countOrNull,
    },
    tool_version: text,
    schema_version: { type: 'integer', minimum: 1 },
    redaction: { enum: [null, 'pseudonym', 'strict'] },
  },
  {
    title: 'snapshot',
    description: 'The line with which a snapshot begins.',
    required: [
      ...['tokenquery', 'kind', 'snapshot_id', 'host_id', 'collected_time', 'sequence', 'status', 'origin'],
      ...['euid', 'tool_version', 'schema_version', 'redaction'],
    ],
  },
);

const tableLine = (tables: readonly Table[]): Schema =>
  object(
    {
      kind: { const: 'table' },
      table: { enum: tables.map(({ name }) => name) },
      snapshot_id: snapshotId,
      status: { enum: statuses },
      row_count: { type: 'integer', minimum: 0 },
      columns_affected: affected,
      sources_failed: {
        description:
          'What could not be looked at; only where the status is partial, and null where it is not known.',
        type: ['array', 'null'],
        items: { type: 'string' },
      },
      code: { description: 'Error code; absent where it is not known any more.', ...textOrNull },
      reason: { description: 'In plain words; null where the export is redacted.', ...textOrNull },
      duration_ms: countOrNull,
      ...doubts,
    },
    {
      title: 'table',
      description: 'What came of looking at a table; its rows follow.',
      required: ['kind', 'table', 'snapshot_id', 'status', 'row_count', 'columns_affected'],
    },
  );

const endLine: Schema = object(
  {
    kind: { const: 'end' },
    snapshot_id: snapshotId,
    rows: { description: 'How many row lines there were.', type: 'integer', minimum: 0 },
  },
  {
    title: 'end',
    description: 'The line with which a snapshot ends; without it, the snapshot was cut off.',
  },
);

/** The lines that are no rows, by their kind. */
const otherLines = (tables: readonly Table[]): Readonly<Record<string, Schema>> => ({
  snapshot: snapshotLine,
  table: tableLine(tables),
  end: endLine,
});

/** Every line of a native export. */
export const nativeSchema = (tables: readonly Table[]): Schema => {
  const all = schemaTables(tables);
  const lines = otherLines(all);
  // table_status has no rows of its own: the lines of the tables say what it says.
  const rows = all.filter(({ name }) => name !== 'table_status');
  return {
    $schema: draft,
    $id: idOf('line'),
    title: 'A line of a native export of tokenquery',
    oneOf: [
      ...Object.keys(lines).map((name) => ({ $ref: `#/$defs/line_${name}` })),
      ...rows.map(({ name }) => ({ $ref: `#/$defs/${name}` })),
    ],
    $defs: {
      ...Object.fromEntries(Object.entries(lines).map(([name, schema]) => [`line_${name}`, schema])),
      ...Object.fromEntries(rows.map((table) => [table.name, rowBody(table)])),
    },
  };
};

export const schemaTables = (tables: readonly Table[]): readonly Table[] => [...tables, ...ownTables];
