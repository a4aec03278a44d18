// The picture of a binned feature: for the scorecard and for the page of a binning.
import { h, svg } from './dom.js';
import { isNumber, percent, value } from './format.js';

const PLOT = { width: 300, height: 150, left: 38, right: 38, top: 10, bottom: 20 };
const BINS_DRAWN = 24;
const LEVELS_TOLD = 6;

const roundUp = (share) => [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1].find((step) => share <= step) ?? 1;

// How the line reads: the bad rate from 0 to a round figure, or a mean within the range of its bins.
const RATE = { of: (bin) => bin.event_rate, name: 'bad rate', text: (x, digits = 1) => percent(x, digits), range: (all) => [0, roundUp(Math.max(...all))] };
const MEAN = { of: (bin) => bin.mean, name: 'mean', text: (x) => value(x), range: (all) => [Math.min(...all), Math.max(...all)] };

const shorter = (label) => (label.length > 80 ? `${label.slice(0, 79)}…` : label);

// Missing values and special codes have no neighbours, so no line leads to them. A document without kinds says it in its labels.
const apart = (bin) => (bin.kind ? bin.kind === 'missing' || bin.kind === 'special' : /^(missing$|special )/.test(bin.label));

// Bars: the share of the rows in each bin, in the table's order; dots and line: its bad rate (or mean); the dashes: that of all.
export function binPlot(all, overall, measure = 'rate') {
  const line = measure === 'mean' ? MEAN : RATE;
  const bins = all.filter((b) => isNumber(b.share) && isNumber(line.of(b))).slice(0, BINS_DRAWN);
  if (bins.length === 0) return null;
  const inner = { w: PLOT.width - PLOT.left - PLOT.right, h: PLOT.height - PLOT.top - PLOT.bottom };
  const base = PLOT.top + inner.h;
  const shareTop = roundUp(Math.max(...bins.map((b) => b.share)));
  const [low, high] = line.range([...bins.map(line.of), ...(isNumber(overall) ? [overall] : [])]);
  const step = inner.w / bins.length;
  const bar = Math.min(step * 0.72, 44);
  const x = (i) => PLOT.left + (i + 0.5) * step;
  const height = (share) => (inner.h * share) / shareTop;
  const y = (rate) => base - (inner.h * (rate - low)) / (high - low || 1);
  const points = bins.map((b, i) => !apart(b) && `${x(i).toFixed(1)},${y(line.of(b)).toFixed(1)}`).filter(Boolean).join(' ');
  const text = (at, label, place) => svg('text', { ...at, class: place }, label);
  return svg('svg', { class: 'binplot', viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: 'img', 'aria-label': `Share of rows and ${line.name} by bin` },
    bins.map((b, i) => svg('rect', { x: x(i) - bar / 2, width: bar, y: base - height(b.share), height: height(b.share), class: apart(b) ? 'share apart' : 'share' }, svg('title', {}, `${shorter(b.label)}: ${percent(b.share)} of rows, ${line.name} ${line.text(line.of(b))}`))),
    svg('line', { x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: base, y2: base, class: 'axis' }),
    isNumber(overall) && svg('line', { x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: y(overall), y2: y(overall), class: 'overall' }),
    svg('polyline', { points, class: 'rate' }),
    bins.map((b, i) => svg('circle', { cx: x(i), cy: y(line.of(b)), r: 2.6, class: 'rate' }, svg('title', {}, `${shorter(b.label)}: ${line.name} ${line.text(line.of(b))}`))),
    text({ x: PLOT.left - 4, y: PLOT.top + 8 }, percent(shareTop, 0), 'end share'),
    text({ x: PLOT.left - 4, y: base }, '0', 'end share'),
    text({ x: PLOT.width - PLOT.right + 4, y: PLOT.top + 8 }, line.text(high, 0), 'rate'),
    text({ x: PLOT.width - PLOT.right + 4, y: base }, low === 0 ? '0' : line.text(low, 0), 'rate'),
    text({ x: PLOT.left, y: PLOT.height - 5 }, 'share of rows', 'share'),
    text({ x: PLOT.width - PLOT.right, y: PLOT.height - 5 }, line.name, 'end rate'));
}

// A bin by its name. Bounds stay on one line; of many levels the first few are told, the rest behind a click.
export function labelCell(bin) {
  const levels = bin.levels ?? [];
  if (levels.length <= LEVELS_TOLD + 1) return h('td', { class: levels.length === 0 && bin.label.length < 40 ? 'range' : undefined }, bin.label);
  return h('td', {}, h('details', { class: 'levelsof' }, h('summary', {}, `${levels.slice(0, LEVELS_TOLD).join(', ')} and ${levels.length - LEVELS_TOLD} more`), h('p', {}, bin.label)));
}
