/** The page of a fleet. */
import { plural } from '../../collector/plural.ts';
import { queries } from '../../queries/index.ts';
import { storedQueries } from '../../queries/findings.ts';
import { severities } from '../../queries/query.ts';
import { appendixHtml } from './appendix.ts';
import { html, nothing } from './html.ts';
import type { Html } from './html.ts';
import { factsHtml, legendOfControls, toldOf } from './page.ts';
import type { Page } from './page.ts';
import { bar, legend, trendPlot } from './plots.ts';
import type { BarPart } from './plots.ts';
import { leastToCompare } from './fleet_tiles.ts';
import { notesHtml, questionNamed, tableHtml, tileHtml, timeText } from './table.ts';
import type { Row, Told } from './tile.ts';
import { witnessesHtml } from './witnesses.ts';

const numberOf = (row: Row | undefined, name: string): number => Number(row?.[name] ?? 0);

const macs = (count: number): string => plural(count, 'Mac');

/** How the fleet stands, in a sentence; what nobody knows is said apart from it. */
const standingText = (standing: Told): string => {
  const of = new Map(standing.rows.map((row) => [String(row['standing']), numberOf(row, 'hosts')]));
  const count = (...names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (of.get(name) ?? 0), 0);
  const judged = count(...of.keys());
  if (judged === 0) return 'No Mac was judged, so nothing is said of how they stand.';
  const grave = count('critical', 'high');
  const gravest = (of.get('critical') ?? 0) > 0 ? ` (critical on ${of.get('critical')})` : '';
  const parts = [
    grave === 0
      ? 'nothing of high or critical severity was found'
      : `something of high or critical severity was found on ${grave}${gravest}`,
    `only something less grave on ${count('medium', 'low')}`,
    `nothing, with questions left open, on ${count('open')}`,
    `and nothing, with every question answered that was asked, on ${count('clean')}`,
  ];
  return `Of ${macs(judged)} that ${judged === 1 ? 'was' : 'were'} judged, ${parts.join('; ')}.`;
};

const openText = (page: Page): string => {
  const { rows, unknown } = toldOf(page, 'controls');
  const sum = (name: string): number => rows.reduce((all, row) => all + numberOf(row, name), 0);
  return (
    `Not judged at the last look: ${macs(unknown)}. Of the answers on the others, ${sum('unknown')} are unknown and ` +
    `${sum('not_asked')} were not asked. Neither is a pass.`
  );
};

const shortHtml = (page: Page): Html => {
  const head = toldOf(page, 'head');
  const [row] = head.rows;
  const facts = Object.entries(head.tile.columns).map(
    ([name, { label, show }]) =>
      [
        label,
        show === 'time'
          ? row?.[name] == null
            ? 'unknown'
            : timeText(Number(row[name]))
          : String(row?.[name] ?? 0),
      ] as const,
  );
  const ages = toldOf(page, 'age');
  return html`<h2 id="short">In short</h2>
    <p class="short">${standingText(toldOf(page, 'standing'))}</p>
    <p class="apart"><strong>Not judged, and unknown.</strong> ${openText(page)}</p>
    ${factsHtml(facts)}
    <p class="says">${head.tile.says} ${page.judged}</p>
    ${notesHtml(head)}${tileHtml(
      toldOf(page, 'standing'),
      page.nameOf,
      3,
      shareBar(
        page,
        (one) => [{ kind: standingKind(String(one['standing'])), label: '', value: numberOf(one, 'hosts') }],
        standingWord,
      ),
    )}${tileHtml(
      ages,
      page.nameOf,
      3,
      shareBar(page, (one) => [{ kind: 'notasked', label: '', value: numberOf(one, 'hosts') }]),
    )}`;
};

const standingKind = (standing: string): BarPart['kind'] =>
  standing === 'clean'
    ? 'clean'
    : standing === 'open'
      ? 'unknown'
      : ['critical', 'high'].includes(standing)
        ? 'hit'
        : 'between';

const standingWord = (name: string, row: Row): Html | null => {
  if (name !== 'standing') return null;
  const word = String(row['standing']);
  if (word === 'clean')
    return html`<th scope="row">nothing found, and every question answered that was asked</th>`;
  if (word === 'open') return html`<th scope="row">nothing found, and questions left open</th>`;
  return null;
};

/** A bar of each row, as a share of all Macs. */
const shareBar = (
  page: Page,
  parts: (row: Row) => readonly BarPart[],
  otherwise: (name: string, row: Row) => Html | null = () => null,
) => ({
  own: { label: 'share', kind: 'barcell', of: (row: Row) => bar(parts(row), page.data.hosts) },
  otherwise,
});

const controlParts = (row: Row): readonly BarPart[] =>
  legendOfControls.map(({ kind, label, name }) => ({ kind, label, value: numberOf(row, name) }));

const controlsHtml = (page: Page): Html => {
  const told = toldOf(page, 'controls');
  const groups = severities.toReversed().map((severity) => {
    const own = told.rows
      .filter((row) => (questionNamed(String(row['query_name']))?.severity ?? 'info') === severity)
      .toSorted(
        (a, b) => numberOf(b, 'hit') - numberOf(a, 'hit') || numberOf(b, 'unknown') - numberOf(a, 'unknown'),
      );
    if (own.length === 0) return nothing;
    const caption = `Questions of severity ${severity}`;
    return html`<h3>${severity[0]?.toUpperCase() ?? ''}${severity.slice(1)}</h3>
      ${tableHtml(told, own, {
        nameOf: page.nameOf,
        caption,
        ...shareBar(page, controlParts),
      })}`;
  });
  const asked = new Set(told.rows.map((row) => row['query_name']));
  const never = storedQueries.filter(({ name }) => !asked.has(name));
  const neverText =
    never.length === 0 || told.rows.length === 0
      ? nothing
      : html`<p class="note">
          Judged on no Mac, for another version of tokenquery judged them, or the site leaves them out:
          ${never.map(({ name }) => name).join(', ')}.
        </p>`;
  return html`<h2 id="controls">${told.tile.title}</h2>
    <p class="says">
      ${told.tile.says} ${page.judged} How much a question matters on one Mac, or at this site, may be other
      than it says here; what was found has its own severity.
    </p>
    ${
      told.rows.length === 0 ? html`<p>${told.tile.empty}</p>` : legend(legendOfControls)
    }${groups}${neverText}
    <p class="note">
      ${queries.length - storedQueries.length} questions of the library are told of no Mac alone, or are
      context: tokenquery findings asks them.
    </p>
    ${notesHtml(told)}`;
};

/** How dark a cell is: by the share of the Macs, in four steps. */
const heat = (value: number, of: number): string =>
  value === 0 ? '' : `h${Math.min(4, Math.max(1, Math.ceil((value / of) * 4)))}`;

const gaps = new Set(['partial', 'denied', 'failed', 'not_recorded', 'missing']);

const notSeenHtml = (page: Page): Html => {
  const told = toldOf(page, 'not-seen');
  const otherwise = (name: string, row: Row): Html | null => {
    const value = numberOf(row, name);
    return gaps.has(name)
      ? html`<td
          data-l="${told.tile.columns[name]?.label ?? ''}"
          class="n ${value === 0 ? 'zero' : heat(value, page.data.hosts)}"
        >
          ${value}
        </td>`
      : null;
  };
  return html`${tileHtml(told, page.nameOf, 2, { otherwise })}${tileHtml(toldOf(page, 'why-not-seen'), page.nameOf, 3)}`;
};

const waysKind = (ways: unknown): BarPart['kind'] =>
  ways === null ? 'unknown' : ways === '0' ? 'hit' : ways === '1' ? 'between' : 'clean';

const waysHtml = (page: Page): Html => {
  const ways = toldOf(page, 'ways');
  return html`${tileHtml(
    ways,
    page.nameOf,
    2,
    shareBar(page, (row) => [{ kind: waysKind(row['ways']), label: '', value: numberOf(row, 'hosts') }]),
  )}${tileHtml(toldOf(page, 'few-ways'), page.nameOf, 3, {
    columns: ['host_id', 'token_administrators', 'bootstrap_state', 'prk_escrow_blob_present'],
  })}`;
};

const trends = [
  ['FileVault on, Macs', 'filevault_on', 'filevault_unknown'],
  ['Recovery key escrowed, Macs', 'key_escrowed', 'key_unknown'],
  ['Bootstrap token escrowed, Macs', 'bootstrap_escrowed', 'bootstrap_unknown'],
  ['Accounts with a secure token', 'token_holders', 'tokens_unknown'],
  ['Conflicts between sources', 'conflicts', null],
  ['Macs looked at', 'hosts_seen', null],
] as const;

const comings = [
  ['Tokens gained', 'tokens_gained', null],
  ['Tokens lost', 'tokens_lost', null],
  ['Administrators gained', 'admins_gained', null],
  ['Administrators lost', 'admins_lost', null],
] as const;

const day = (time: unknown): string => timeText(Number(time)).slice(0, 10);

/** Plots of a tile by week, and the weeks as numbers below them. */
const weeksHtml = (
  page: Page,
  told: Told,
  plotted: typeof trends | typeof comings,
  caption: string,
): Html => {
  const valueOf = (row: Row, name: string): number | null => (row[name] == null ? null : Number(row[name]));
  const plots = plotted.map(([title, value, unknown]) =>
    trendPlot(
      title,
      told.rows.map((row) => ({
        label: day(row['week_time']),
        value: valueOf(row, value),
        unknown: unknown === null ? null : valueOf(row, unknown),
      })),
    ),
  );
  const otherwise = (name: string, row: Row): Html | null =>
    name === 'week_time' ? html`<th scope="row" class="date">${day(row[name])}</th>` : null;
  const table = tableHtml(told, told.rows, { nameOf: page.nameOf, caption, otherwise });
  return html`<div class="plots">${plots}</div>
    ${table}${notesHtml(told)}`;
};

const trendHtml = (page: Page): Html => {
  const told = toldOf(page, 'trend');
  return html`<h2 id="trend">${told.tile.title}</h2>
    <p class="says">${told.tile.says} Dashed is what is not known.</p>
    ${weeksHtml(page, told, trends, 'The weeks as numbers')}`;
};

const postures = [
  ['FileVault', ['filevault_on', 'filevault_off', 'filevault_between', 'filevault_unknown']],
  ['Recovery key', ['escrowed', 'not_escrowed', 'escrow_unknown']],
  ['Bootstrap token', ['bootstrap_escrowed', 'bootstrap_not', 'bootstrap_unknown']],
] as const;

const postureKind = (name: string): BarPart['kind'] =>
  name.endsWith('unknown')
    ? 'unknown'
    : name.endsWith('between')
      ? 'between'
      : /_off$|^not_|_not$/.test(name)
        ? 'hit'
        : 'clean';

const postureHtml = (page: Page): Html => {
  const told = toldOf(page, 'posture');
  const parts = postures.map(([title, names]) => {
    const own = {
      label: 'share',
      kind: 'barcell',
      of: (row: Row) =>
        bar(
          names.map((name) => ({ kind: postureKind(name), label: '', value: numberOf(row, name) })),
          numberOf(row, 'hosts'),
        ),
    };
    const caption = `${title} by version of macOS`;
    const columns = ['macos', 'hosts', ...names];
    return html`<h3>${title}</h3>
      ${tableHtml(told, told.rows, { nameOf: page.nameOf, caption, columns, own })}`;
  });
  return html`<h2 id="posture">${told.tile.title}</h2>
    <p class="says">${told.tile.says} The bar is of the Macs with the version.</p>
    ${parts}${notesHtml(told)}`;
};

const accountsHtml = (page: Page): Html => {
  const { nameOf, data } = page;
  const rare = toldOf(page, 'rare');
  const isComparable = data.hosts >= leastToCompare;
  const compared = isComparable
    ? rare
    : {
        ...rare,
        tile: { ...rare.tile, empty: `Not asked: ${macs(data.hosts)} are too few to compare.` },
      };
  return html`<h2 id="accounts">Accounts to look at</h2>
    ${tileHtml(compared, nameOf, 3)}${tileHtml(
      toldOf(page, 'orphans'),
      nameOf,
      3,
    )}${tileHtml(toldOf(page, 'cloned'), nameOf, 3)}`;
};

const foundHtml = (page: Page): Html => {
  const columns = ['query_name', 'severity', 'host_id', 'subject', 'first_seen_time'];
  const accepted = toldOf(page, 'accepted');
  return html`${tileHtml(toldOf(page, 'found'), page.nameOf, 2, { columns })}${tileHtml(
    accepted,
    page.nameOf,
    3,
    {
      columns: ['query_name', 'severity', 'host_id', 'subject', 'owner', 'reason', 'until'],
    },
  )}`;
};

const comingsHtml = (page: Page): Html => {
  const told = toldOf(page, 'comings');
  const list = tileHtml(toldOf(page, 'timeline'), page.nameOf, 3, {
    columns: ['username', 'host_id', 'what', 'event', 'change_time'],
  });
  return html`<h2 id="comings">${told.tile.title}</h2>
    <p class="says">${told.tile.says}</p>
    ${weeksHtml(page, told, comings, told.tile.title)}${list}`;
};

/** The sections of the page: what a link to each is called, and what it holds. */
export const fleetSections = (page: Page): readonly (readonly [id: string, name: string, Html])[] => [
  ['short', 'In short', shortHtml(page)],
  ['controls', 'Controls', controlsHtml(page)],
  ['found', 'What was found', foundHtml(page)],
  ['not-seen', 'What could not be seen', notSeenHtml(page)],
  ['ways', 'Ways left', waysHtml(page)],
  ['witnesses', 'Witnesses', witnessesHtml(page, 2)],
  ['trend', 'By week', trendHtml(page)],
  ['comings', 'What came and went', comingsHtml(page)],
  ['accounts', 'Accounts to look at', accountsHtml(page)],
  ['posture', 'By version of macOS', postureHtml(page)],
  ['appendix', 'For auditors', appendixHtml(page)],
];
