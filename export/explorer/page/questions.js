/** The questions of the library: what each asks, and what came of it on each Mac, as it was judged with the looks. */
import { button, laidOut, make } from './dom.js';
import { quoteText } from './sql.js';

export const countStatement = (notJudged) =>
  `SELECT v.query_name, v.verdict, COUNT(*) FROM verdicts v WHERE v.host_id NOT IN (${notJudged}) GROUP BY 1, 2`;

/** What came of a question on each Mac; of one that nobody judged, that is said. */
export const verdictStatement = (name, notJudged) =>
  `SELECT q.*
FROM (
  SELECT m.host_id, (SELECT MAX(h.hostname) FROM hosts h WHERE h.host_id = m.host_id) AS hostname,
    CASE WHEN m.host_id IN (
    ${notJudged}
    ) THEN 'not judged' ELSE COALESCE(v.verdict, 'not judged') END AS verdict, v.since_time
  FROM (SELECT DISTINCT s.host_id FROM snapshots s) m
  LEFT JOIN verdicts v ON v.host_id = m.host_id AND v.query_name = ${quoteText(name)}
) q
ORDER BY CASE q.verdict WHEN 'hit' THEN 0 WHEN 'unknown' THEN 1 WHEN 'not judged' THEN 2 WHEN 'not_asked' THEN 3 ELSE 4 END,
  q.hostname, q.host_id`;

const foundStatement = (name) =>
  `SELECT f.host_id, f.subject, f.severity, f.state, f.first_seen_time, f.last_seen_time, f.details, f.exception\nFROM findings f\nWHERE f.query_name = ${quoteText(name)}\nORDER BY f.host_id, f.subject`;

/** What a click on a question asks first. */
export const statementOf = (world, question) =>
  question.isKept ? verdictStatement(question.name, world.notJudged) : question.sql;

/** How many Macs have each verdict, in one line; unknown and not judged beside the others, never among the clean. */
const countsText = ({ counted }, { name, isKept }) => {
  if (!isKept) return 'asked when it is opened';
  if (counted === null) return 'counting…';
  if (counted.fault !== null) return `could not be counted: ${counted.fault}`;
  const counts = counted.verdicts.get(name);
  const judged = [...(counts?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const rest = counted.macs - judged;
  const words = [
    ...['hit', 'unknown', 'not_asked', 'clean'].map((verdict) => [verdict, counts?.get(verdict) ?? 0]),
    ['not judged', rest],
  ].filter(([, count]) => count > 0);
  return words.length === 0
    ? 'not judged'
    : words.map(([verdict, count]) => `${count} ${verdict.replace('_', ' ')}`).join(', ');
};

export const countsOf = (world, question) =>
  make('span', { 'data-counts': question.name }, countsText(world, question));

/** When it was counted: says so wherever it stands. */
export const showCounts = (world) => {
  for (const place of document.querySelectorAll('[data-counts]')) {
    const question = world.questions.find(({ name }) => name === place.dataset.counts);
    if (question !== undefined) place.textContent = countsText(world, question);
  }
};

const textsOf = ({ purpose, remediation, falsePositives }) =>
  [
    ['Why it matters', purpose],
    ['What to do', remediation],
    ['What else could cause it', falsePositives],
  ].filter(([, text]) => text !== '');

/** The panel of a question. */
export const questionPanel = (world, question, go) => {
  const { name, title, severity, group, sql, unknownSql, isKept } = question;
  const asked = (label, statement) => button(label, () => go({ question: name, sql: statement }));
  return [
    make('h2', { tabindex: -1 }, title),
    make('p', { class: 'soft' }, `${name}, ${group}, ${severity}: `, countsOf(world, question)),
    make(
      'dl',
      { class: 'about' },
      textsOf(question).map(([term, text]) => [make('dt', {}, term), make('dd', {}, text)]),
    ),
    make(
      'p',
      { class: 'note' },
      isKept
        ? 'The verdicts were stored with the looks, and rest on what the last look told for certain; hit also where somebody accepts what was found, as its state says. Its SQL, asked here, reads what is known now, also of what the last look did not see: a row is worth a look and is no verdict, and no row is no clean. :now is the clock of this machine.'
        : 'Its answers are not kept with the looks. Its SQL, asked here, reads what is known now, also of what the last look did not see; tokenquery findings judges it.',
    ),
    make(
      'p',
      { class: 'row' },
      isKept ? asked('Verdicts', verdictStatement(name, world.notJudged)) : null,
      isKept ? asked('What was found', foundStatement(name)) : null,
      asked('Ask its SQL', sql),
      asked('Ask what leaves it open', unknownSql),
    ),
    make('details', {}, make('summary', {}, 'Its SQL'), laidOut(sql)),
  ];
};
