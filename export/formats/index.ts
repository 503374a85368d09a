/** Every format, by name. */
import { csvFormat } from './csv.ts';
import { ecsFormat } from './ecs.ts';
import { hecFormat } from './hec.ts';
import { jsonFormat } from './json.ts';
import { nativeFormat } from './native.ts';
import { ocsfFormat } from './ocsf.ts';
import { osqueryFormat } from './osquery.ts';
import type { Format } from '../format.ts';

export const formatNames = ['native', 'json', 'csv', 'osquery', 'ocsf', 'ecs', 'hec'] as const;
export type FormatName = (typeof formatNames)[number];

export interface FormatOptions {
  /** Rows have a `change`: CSV has a column for it. */
  readonly hasChange?: boolean;
  readonly isForSpreadsheet?: boolean;
  readonly osqueryForm?: 'event' | 'batch' | 'snapshot';
  readonly isNumeric?: boolean;
  readonly isEscaped?: boolean;
  readonly isBulk?: boolean;
}

interface FormatSpec {
  /** Whole snapshots, also where changes are asked for: it has no way to say that something changed. */
  readonly isWhole: boolean;
  /** By cursor, the report on a collection is told where something in it is new, and not with each snapshot. */
  readonly isReportNews: boolean;
  /** Where a file may end and the next one begin. */
  readonly cut: 'line' | 'snapshot' | 'never';
  readonly make: (options: FormatOptions) => Format;
}

export const formats: Readonly<Record<FormatName, FormatSpec>> = {
  native: { isWhole: true, isReportNews: false, cut: 'snapshot', make: nativeFormat },
  json: { isWhole: false, isReportNews: true, cut: 'never', make: jsonFormat },
  csv: { isWhole: false, isReportNews: true, cut: 'never', make: csvFormat },
  osquery: {
    isWhole: false,
    // It is told as `action: snapshot`, which is a whole set each time: one row would say that the others are gone.
    isReportNews: false,
    cut: 'line',
    make: ({ osqueryForm, ...options }) => osqueryFormat({ form: osqueryForm ?? 'event', ...options }),
  },
  ocsf: { isWhole: true, isReportNews: false, cut: 'line', make: ocsfFormat },
  ecs: { isWhole: false, isReportNews: true, cut: 'line', make: ecsFormat },
  hec: { isWhole: false, isReportNews: true, cut: 'line', make: () => hecFormat() },
};
