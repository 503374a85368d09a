import test from 'ava';
import { isAnswered, isComplete, isGood, isSeen, statuses } from '../../collector/status.ts';
import { statusList } from '../../store/ddl.ts';

test('each predicate holds of its statuses, and of no other word', (t) => {
  const words = [...statuses, '', 'OK', 'stale', 'ok '];
  const held = (is: (status: string) => boolean): string => words.filter(is).join(' ');
  t.is(held(isSeen), 'ok empty');
  t.is(held(isGood), 'ok empty partial');
  t.is(held(isAnswered), 'ok empty skipped');
  t.is(held(isComplete), 'ok empty unsupported skipped');
});

test('SQL asks with the same words', (t) => {
  t.is(statusList(isGood), "('ok', 'empty', 'partial')");
  t.is(statusList(isComplete), "('ok', 'empty', 'unsupported', 'skipped')");
});
