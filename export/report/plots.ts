/** Plots as SVG. Places are shares of the width, so that letters stay as large as they are on a phone. */
import { scaleLinear } from 'd3-scale';
import { line as lineOf } from 'd3-shape';
import { html } from './html.ts';
import type { Html } from './html.ts';

const share = (part: number, of: number): string =>
  `${of === 0 ? 0 : Math.round((part / of) * 10_000) / 100}%`;

/** A part of a bar: how it is drawn, and what it is called. */
export interface BarPart {
  readonly kind: 'hit' | 'accepted' | 'clean' | 'between' | 'unknown' | 'notasked' | 'notjudged';
  readonly label: string;
  readonly value: number;
}

/** One bar of parts side by side. The numbers stand beside it in the table: nobody has to read the bar. */
export const bar = (parts: readonly BarPart[], of: number): Html => {
  let from = 0;
  const rects = parts
    .filter(({ value }) => value > 0)
    .map(({ kind, value }) => {
      const at = from;
      from += value;
      return html`<rect x="${share(at, of)}" width="${share(value, of)}" height="100%" class="f-${kind}" />`;
    });
  return html`<svg class="bar" aria-hidden="true" focusable="false">${rects}</svg>`;
};

/** What the parts of bars mean. */
export const legend = (parts: readonly Pick<BarPart, 'kind' | 'label'>[]): Html =>
  html`<ul class="legend">
    ${parts.map(
      ({ kind, label }) =>
        html`<li>
          <svg aria-hidden="true" focusable="false"><rect width="100%" height="100%" class="f-${kind}" /></svg
          >${label}
        </li>`,
    )}
  </ul>`;

/** What is not known is hatched, and what was not judged is dotted: nobody has to tell colours apart. */
export const patterns = html`<svg width="0" height="0" class="hidden" aria-hidden="true" focusable="false">
  <defs>
    <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" class="s-back" />
      <path d="M1 0V6M4 0V6" class="s-mark" />
    </pattern>
    <pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
      <rect width="6" height="6" class="s-back" />
      <circle cx="3" cy="3" r="1.2" class="s-dot" />
    </pattern>
  </defs>
</svg>`;

export interface Point {
  readonly label: string;
  /** Null is a gap: nothing is drawn there, and no line goes through. */
  readonly value: number | null;
  readonly unknown: number | null;
}

const [top, bottom, left] = [6, 82, 12];

/** What nobody looked at, as one field for each gap. */
const gapsOf = (points: readonly Point[], x: (index: number) => number): readonly Html[] => {
  const half = (x(1) - x(0)) / 2;
  const gaps: [number, number][] = [];
  for (const [index, { value }] of points.entries()) {
    if (value !== null) continue;
    const last = gaps.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else gaps.push([index, index]);
  }
  return gaps.map(([from, to]) => {
    const [start, end] = [Math.max(left, x(from) - half), Math.min(100, x(to) + half)];
    return html`<rect
        x="${start}%"
        y="${top}%"
        width="${end - start}%"
        height="${bottom - top}%"
        class="gapmark"
      /><text x="${(start + end) / 2}%" y="${(top + bottom) / 2}%" text-anchor="middle"
        >${end - start > 12 ? 'gap' : ''}</text
      >`;
  });
};

/** The lines of one fact by week: what is known, and dashed, how much is not. */
export const trendPlot = (title: string, points: readonly Point[]): Html => {
  const most = Math.max(1, ...points.flatMap(({ value, unknown }) => [value ?? 0, unknown ?? 0]));
  const y = scaleLinear([0, most], [bottom, top]).nice(3);
  const x = scaleLinear([0, Math.max(1, points.length - 1)], [left + 2, 98]);
  const path = (of: 'value' | 'unknown'): string =>
    lineOf<Point>()
      .defined((point) => point[of] !== null)
      .x((_, index) => x(index))
      .y((point) => y(point[of] ?? 0))(points) ?? '';
  const hasUnknown = points.some(({ unknown }) => (unknown ?? 0) > 0);
  const dots = (of: 'value' | 'unknown', kind: string): readonly Html[] =>
    points.flatMap((point, index) =>
      point[of] === null
        ? []
        : [html`<circle cx="${x(index)}%" cy="${y(point[of])}%" r="3" class="${kind}" />`],
    );
  const ticks = y.ticks(3).filter(Number.isInteger);
  const [first, last] = [points[0]?.label ?? '', points.at(-1)?.label ?? ''];
  const told = points
    .map(({ label, value, unknown }) =>
      value === null
        ? `${label} gap`
        : `${label} ${value}${(unknown ?? 0) > 0 ? ` and ${unknown} unknown` : ''}`,
    )
    .join('; ');
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg class="plot" role="img" aria-label="${title}: ${told}">
      ${gapsOf(points, x)}${ticks.map(
        (tick) =>
          html`<line x1="${left}%" x2="100%" y1="${y(tick)}%" y2="${y(tick)}%" class="grid" /><text
              x="${left - 1.5}%"
              y="${y(tick)}%"
              dy="4"
              text-anchor="end"
              >${tick}</text
            >`,
      )}<svg viewBox="0 0 100 100" preserveAspectRatio="none">
        ${hasUnknown ? html`<path d="${path('unknown')}" class="line2" />` : ''}
        <path d="${path('value')}" class="line" /></svg
      >${hasUnknown ? dots('unknown', 'dot2') : ''}${dots('value', 'dot')}
      <text x="${left}%" y="98%">${first}</text>
      <text x="100%" y="98%" text-anchor="end">${last}</text>
    </svg>
  </figure>`;
};

export interface Mark {
  /** 0 is the left end, and 1 the right one. */
  readonly at: number;
  readonly event: string;
}

/** A lane for each account: what it gained is a full mark, and what it lost an empty one. */
export const lanes = (marks: readonly Mark[]): Html =>
  html`<svg class="bar" aria-hidden="true" focusable="false">
    <line x1="0" x2="100%" y1="50%" y2="50%" class="lane" />
    ${marks.map(
      ({ at, event }) =>
        html`<circle
          cx="${2 + at * 96}%"
          cy="50%"
          r="5"
          class="${event === 'gained' || event === 'known now' ? 'gained' : 'lost'}"
        />`,
    )}
  </svg>`;
