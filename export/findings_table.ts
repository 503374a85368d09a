/** Findings as one more table, so that every format has them. It is in exports only. */
import { defineTable, oneOf, required, text, time } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { severities, verdicts } from '../queries/query.ts';

export const findingsTable = defineTable({
  name: 'findings',
  description:
    'One row per finding of the query library on a host, and per question that could not be judged or was not asked there.',
  columns: {
    query_name: required(
      text('Name of the question.', { privacy: 'nobody', example: 'admin_without_token' }),
    ),
    verdict: required(
      oneOf(
        verdicts,
        'unknown: it could not be judged on this host, so it is not clean. clean and not_asked are there where passes are asked for. not_asked: the means of the run exclude it.',
        { privacy: 'nobody' },
      ),
    ),
    title: required(text('The question in words.', { privacy: 'nobody' })),
    group: required(text('Group of the question.', { privacy: 'nobody', example: 'posture' })),
    severity: required(oneOf(severities, 'How much it matters.', { privacy: 'nobody' })),
    subject: text('The account or thing that it is about; NULL where it is the host.', {
      privacy: 'account',
      example: 'alice',
    }),
    details: required(text('JSON array of the facts.', { privacy: 'facts' })),
    blind_spots: text('JSON array of what could not be looked at.', { privacy: 'private' }),
    purpose: required(text('Why it is asked.', { privacy: 'nobody' })),
    remediation: required(text('What to do.', { privacy: 'nobody' })),
    references: required(text('Where to read more.', { privacy: 'nobody' })),
    false_positives: required(text('What else could cause it.', { privacy: 'nobody' })),
    first_seen_time: time('When it was first found; NULL where no database knows.', { privacy: 'nobody' }),
    severity_reason: text('Why its severity is lower than the question says; NULL where it is not.', {
      privacy: 'nobody',
      example: 'FileVault is off',
    }),
    explained_by: text('The question whose finding on this host explains this one; NULL where none does.', {
      privacy: 'nobody',
      example: 'no_secure_token_user',
    }),
  },
  key: ['query_name', 'verdict', 'subject'],
  sources: [],
  sourcesLabel: '(derived)',
  macos: 'all',
  examples: ["SELECT query_name, subject FROM findings WHERE severity = 'high';"],
}) as unknown as Table;
