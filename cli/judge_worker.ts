/** The part of judging that runs in threads: they find, so that the first one only stores. */
import { parentPort, workerData } from 'node:worker_threads';
import { HostJudge } from '../queries/findings.ts';
import type { FromJudge, JudgeTask, Observed } from '../queries/judge_threads.ts';
import { openForReading } from '../store/file.ts';
import { failureOf } from '../store/thread_failure.ts';
import { tables } from '../tables/index.ts';

/** Judges groups of hosts, each at one moment of the database. */
const judgeOf = ({ path, expect }: JudgeTask): ((hosts: Observed) => FromJudge) => {
  const { db, tables: held } = openForReading(path, tables);
  const judge = new HostJudge(db, held, { expect });
  return (hosts) => {
    db.exec('BEGIN');
    try {
      return { found: judge.foundOn(hosts) };
    } finally {
      db.exec('COMMIT');
    }
  };
};

export const serve = (): void => {
  const port = parentPort;
  if (port === null) return;
  let judge: ReturnType<typeof judgeOf> | null = null;
  port.on('message', (hosts: Observed) => {
    try {
      judge ??= judgeOf(workerData as JudgeTask);
      port.postMessage(judge(hosts));
    } catch (error) {
      port.postMessage(failureOf(error));
    }
  });
};
