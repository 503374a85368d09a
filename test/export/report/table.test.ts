/** How a value stands on the page of a report. */
import test from 'ava';
import { valueHtml } from '../../../export/report/table.ts';

test('a fact that is a time stands as one, an unknown one as a word, and all others as they are', (t) => {
  const facts = {
    last_login_time: 1_764_598_399.5,
    failed_login_timestamp: 0,
    uptime: 1_764_598_399,
    gone: null,
  };
  const column = { label: 'facts', privacy: 'facts', show: 'facts' } as const;
  const { text } = valueHtml(JSON.stringify([facts]), column, String);
  t.regex(
    text,
    /last_login_time: 2025-12-01 14:13 UTC; failed_login_timestamp: 0; uptime: 1764598399; gone: unknown/,
  );
});
