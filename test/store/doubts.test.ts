/** What table_status says of doubts is kept of the last snapshot, and goes with it into exports and other databases. */
import test from 'ava';
import {
  doubtFields,
  doubtsOfRow,
  noDoubtsKnown,
  readDoubts,
  withoutUnknownDoubts,
} from '../../store/doubts.ts';

const doubts = ['["ds_groups"]', 1, '["is_admin"]', '{"volume_owner":"macOS \\"10\\" has none"}'];
const row = ['users', 'partial', 1, 'parse_failed', 'odd', '[]', null, null, ...doubts];

test('a line of an export says what the row says, and is read back to the same', (t) => {
  t.deepEqual(doubtsOfRow(row), doubts);
  const fields = JSON.parse(JSON.stringify(doubtFields(doubts))) as Record<string, unknown>;
  t.deepEqual(readDoubts(fields), doubts);
});

test('a line of an older version says nothing of it, and none is written for it', (t) => {
  t.deepEqual(readDoubts({}), noDoubtsKnown);
  t.deepEqual(doubtFields(noDoubtsKnown), {});
  t.deepEqual(withoutUnknownDoubts([...row.slice(0, 8), ...noDoubtsKnown]), row.slice(0, 8));
  t.is(withoutUnknownDoubts(row), row);
});

test('a field that cannot be one is named', (t) => {
  t.is(readDoubts({ failed_sources: 'ds_users' }), 'failed_sources');
  t.is(readDoubts({ rows_may_be_missing: 2 }), 'rows_may_be_missing');
  t.is(readDoubts({ columns_uncertain: [1] }), 'columns_uncertain');
  t.is(readDoubts({ columns_inapplicable: ['volume_owner'] }), 'columns_inapplicable');
});
