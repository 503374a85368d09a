/** What a writer is made of. */
import type { Table } from '../../collector/table.ts';
import type { Db } from '../database.ts';
import { Histories } from './advance.ts';
import { Dictionary } from './dictionary.ts';
import { HostRows } from './hosts.ts';
import { ReportWriter } from './report.ts';
import { SnapshotRows } from './snapshots.ts';
import { Target } from './target.ts';

export interface Parts {
  readonly target: Target;
  readonly snapshots: SnapshotRows;
  readonly hosts: HostRows;
  readonly histories: Histories;
}

export const writerParts = (db: Db, declared: readonly Table[]): Parts => {
  const target = new Target(db, declared);
  const dictionary = new Dictionary(target);
  return {
    target,
    snapshots: new SnapshotRows(target, dictionary),
    hosts: new HostRows(target, new ReportWriter(target, dictionary)),
    histories: new Histories(target),
  };
};
