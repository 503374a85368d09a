/** Tables that are in exports only: what was found, and what happened to that. No database has them as tables of rows. */
import type { Table } from '../collector/table.ts';
import { findingEventsTable } from './finding_events_table.ts';
import { findingsTable } from './findings_table.ts';

export const ownTables: readonly Table[] = [findingsTable, findingEventsTable];

const names = new Set(ownTables.map(({ name }) => name));

/** Whether the rows of a table tell of findings. */
export const tellsOfFindings = (table: string): boolean => names.has(table);
