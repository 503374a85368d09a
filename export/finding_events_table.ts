/** What happened to findings, as one more table, so that every format has it. It is in exports only. */
import { defineTable, oneOf, required, text, time } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { findingEventKinds } from '../store/finding_events.ts';
import { severities } from '../queries/query.ts';

export const findingStates = ['new', 'ongoing', 'suppressed', 'gone'] as const;
export type FindingState = (typeof findingStates)[number];

export const findingEventsTable = defineTable({
  name: 'finding_events',
  description: 'One row per event in the life of a finding.',
  columns: {
    event: required(
      oneOf(
        findingEventKinds,
        'What happened. changed: in its facts or its severity. expired: what made it accepted ended. withdrawn: what was told of this time is not so, as a snapshot says that came later; or its question is not asked any more.',
        { privacy: 'nobody' },
      ),
    ),
    event_time: required(time('The snapshot that saw it.', { privacy: 'nobody' })),
    finding_id: text('The same for the same finding in every event.', { privacy: 'device' }),
    query_name: required(
      text('Name of the question.', { privacy: 'nobody', example: 'admin_without_token' }),
    ),
    title: required(text('The question in words.', { privacy: 'nobody' })),
    group: text('Group of the question; NULL where this version does not ask it.', {
      privacy: 'nobody',
      example: 'posture',
    }),
    severity: oneOf(severities, 'How much it matters; NULL where it is not kept any more.', {
      privacy: 'nobody',
    }),
    subject: text('The account or thing that it is about; NULL where it is the host.', {
      privacy: 'account',
      example: 'alice',
    }),
    details: text('JSON array of the facts; NULL where they are not kept any more.', { privacy: 'facts' }),
    first_seen_time: time('When it was first found.', { privacy: 'nobody' }),
    last_seen_time: time('The last snapshot that found it, as is known now.', { privacy: 'nobody' }),
    resolved_time: time('When it was gone; NULL where the event is another one.', { privacy: 'nobody' }),
    exception: text('JSON: who accepts it, why and until when; NULL where nobody does.', {
      privacy: 'private',
    }),
    purpose: text('Why it is asked.', { privacy: 'nobody' }),
    remediation: text('What to do.', { privacy: 'nobody' }),
    references: text('Where to read more.', { privacy: 'nobody' }),
    false_positives: text('What else could cause it.', { privacy: 'nobody' }),
    state: required(
      oneOf(
        findingStates,
        'How the finding stands from then on, as is known now: that of the latest event_time is how it stands.',
        { privacy: 'nobody' },
      ),
    ),
  },
  key: ['event_time', 'event', 'query_name', 'subject'],
  sources: [],
  sourcesLabel: '(derived)',
  macos: 'all',
  examples: ["SELECT event, query_name, subject FROM finding_events WHERE event = 'resolved';"],
}) as unknown as Table;
