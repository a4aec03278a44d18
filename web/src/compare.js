// The verdict, the tests between models and the chart of folds.
import { dot, line, pointer, tip } from '@observablehq/plot';
import { h, listed, svg } from './dom.js';
import { chart } from './figure.js';
import { decimal, interval, isNumber, pCell, pValue, signed, tick } from './format.js';
import { cut, foldMetricLabel, swatch } from './leaderboard.js';

const LEVEL = 0.05;
const LETTER = 7;  // the width of a letter of the diagram, in pixels, on the wide side
const strong = (text) => h('strong', {}, text);
export const testOf = (document, kind) => (document.tests ?? []).find((t) => t?.kind === kind);

function pairOf(test, a, b) {
  for (const pair of test?.pairs ?? []) {
    if (pair.a === a && pair.b === b) return pair;
    if (pair.a === b && pair.b === a) return { ...pair, a, b, difference: -pair.difference, low: -pair.high, high: -pair.low };
  }
  return undefined;
}

// One sentence on the best model and one on which of the others chance alone could explain.
export function verdict(document, fine) {
  const best = fine.find((m) => m.name === document.best) ?? fine[0];
  if (!best) return h('div', { class: 'verdict' }, h('p', {}, 'No model was fitted successfully; the table below gives the reasons.'));
  const auc = best.metrics?.auc;
  const first = h('p', {}, strong(best.label), fine.length === 1 ? ' is the only model, with AUC ' : ' ranks first, with AUC ', strong(`${decimal(auc?.value)} ${interval(auc)}`.trim()), '.');
  const test = testOf(document, 'delong');
  const others = fine.filter((m) => m !== best).map((m) => ({ m, pair: pairOf(test, best.name, m.name) })).filter((o) => isNumber(o.pair?.p_adjusted ?? o.pair?.p));
  if (others.length === 0) return h('div', { class: 'verdict' }, first);
  const p = (o) => o.pair.p_adjusted ?? o.pair.p;
  const name = (o) => h('span', {}, o.m.label, ' ', h('span', { class: 'p' }, `(p ${pValue(p(o))})`));
  const level = others.filter((o) => p(o) >= LEVEL);
  const worse = others.filter((o) => p(o) < LEVEL && o.pair.difference >= 0);
  const better = others.filter((o) => p(o) < LEVEL && o.pair.difference < 0);
  const sentences = [];
  if (level.length > 0) sentences.push(h('p', {}, 'Not significantly different from it: ', listed(level.map(name)), '.'));
  if (worse.length > 0) sentences.push(h('p', {}, level.length === 0 && worse.length > 1 ? 'Significantly better than every other model: ' : 'Significantly worse: ', listed(worse.map(name)), '.'));
  if (better.length > 0) sentences.push(h('p', {}, 'Significantly higher AUC: ', listed(better.map(name)), '.'));
  const adjusted = test.adjust ? `, p-values adjusted by ${test.adjust[0].toUpperCase()}${test.adjust.slice(1)} over ${test.pairs.length} ${test.pairs.length === 1 ? 'pair' : 'pairs'}` : '';
  return h('div', { class: 'verdict' }, first, sentences,
    h('p', { class: 'fine' }, `DeLong test at level .05${adjusted}.`, level.length > 0 && ' Between models that do not differ, cost, speed and ease of explanation may decide.'));
}

export function pairTable(test, models) {
  const known = models.filter((m) => test.pairs.some((p) => p.a === m.name || p.b === m.name));
  return h('div', { class: 'scroll snug', tabindex: 0, role: 'region', 'aria-label': 'Differences of AUC' }, h('table', { class: 'pairs' },
    h('thead', {}, h('tr', {}, h('td'), known.map((m) => h('th', { scope: 'col' }, h('span', { class: 'name' }, swatch(m), m.name))))),
    h('tbody', {}, known.map((row) => h('tr', {}, h('th', { scope: 'row' }, h('span', { class: 'name' }, swatch(row), h('span', {}, row.label))), known.map((column) => {
      if (row === column) return h('td', { class: 'same' });
      const pair = pairOf(test, row.name, column.name);
      if (!pair) return h('td', {}, '–');
      const p = pair.p_adjusted ?? pair.p;
      const better = p < LEVEL ? (pair.difference > 0 ? 'better' : 'worse') : undefined;
      return h('td', { class: better, title: `${row.label} − ${column.label}: ${signed(pair.difference, 4)} ${interval(pair, 4)}, p ${pValue(pair.p)}, adjusted ${pValue(pair.p_adjusted)}` },
        signed(pair.difference), h('small', {}, `p ${pCell(p)}`));
    }))))));
}

// Demšar's diagram: models hang from an axis of mean ranks; a bar joins those that lie within the critical difference.
export function criticalDifference(test, models) {
  const byName = new Map(models.map((m) => [m.name, m]));
  const entries = Object.entries(test.mean_ranks ?? {}).filter(([, r]) => isNumber(r)).map(([name, rank]) => ({ rank, m: byName.get(name) ?? { label: name, colour: 'var(--muted)' } })).sort((a, b) => a.rank - b.rank);
  const cd = test.nemenyi?.critical_difference;
  if (entries.length < 2) return () => null;
  return (width) => {
    const narrow = width < 520;
    const name = (e) => (narrow ? e.m.name ?? e.m.label : e.m.label);
    const letters = Math.floor((width * (narrow ? 0.33 : 0.3)) / LETTER) - 5;
    const longest = Math.min(letters, Math.max(...entries.map((e) => name(e).length)));
    const margin = (longest + 5) * LETTER + 16;
    const top = Math.max(entries.length, Math.ceil(entries[entries.length - 1].rank));
    const x = (rank) => margin + ((rank - 1) / (top - 1)) * (width - 2 * margin);
    const axis = isNumber(cd) ? 56 : 30;
    const cliques = [];
    if (isNumber(cd)) {
      entries.forEach((e, i) => {
        let j = i;
        while (j + 1 < entries.length && entries[j + 1].rank - e.rank < cd) j += 1;
        if (j > i && !(cliques.length && cliques[cliques.length - 1].j >= j)) cliques.push({ i, j });
      });
    }
    const half = Math.ceil(entries.length / 2);
    const start = axis + 20 + 9 * cliques.length;
    const height = start + 24 * Math.max(half, entries.length - half) + 8;
    const parts = [svg('line', { x1: x(1), x2: x(top), y1: axis, y2: axis, stroke: 'currentColor' })];
    for (let r = 1; r <= top; ++r) {
      if (top > 12 && r % 5 !== 0 && r !== 1) continue;
      parts.push(svg('line', { x1: x(r), x2: x(r), y1: axis - 6, y2: axis, stroke: 'currentColor' }), svg('text', { x: x(r), y: axis - 10, 'text-anchor': 'middle' }, r));
    }
    if (isNumber(cd)) {
      const end = Math.min(x(1 + cd), width - 2);
      parts.push(
        svg('path', { d: `M${x(1)},14v8M${x(1)},18H${end}M${end},14v8`, stroke: 'currentColor', fill: 'none', 'stroke-width': 1.4 }),
        svg('text', { x: (x(1) + end) / 2, y: 11, 'text-anchor': 'middle' }, `critical difference ${decimal(cd, 2)}`),
      );
    }
    cliques.forEach((c, k) => {
      const y = axis + 12 + 9 * k;
      parts.push(svg('line', { x1: x(entries[c.i].rank) - 4, x2: x(entries[c.j].rank) + 4, y1: y, y2: y, stroke: 'currentColor', 'stroke-width': 4, 'stroke-linecap': 'round', opacity: 0.72, class: 'clique' }));
    });
    entries.forEach((e, i) => {
      const left = i < half;
      const y = start + 24 * (left ? i : entries.length - 1 - i) + 8;
      const side = left ? margin - 10 : width - margin + 10;
      parts.push(
        svg('path', { d: `M${x(e.rank)},${axis}V${y}H${side}`, stroke: e.m.colour, fill: 'none', 'stroke-width': 1.6 }),
        svg('circle', { cx: x(e.rank), cy: axis, r: 3.4, style: `fill:${e.m.colour}` }),
        svg('text', { x: left ? side - 5 : side + 5, y: y + 4, 'text-anchor': left ? 'end' : 'start' }, cut(name(e), letters), svg('tspan', { class: 'quiet' }, ` ${decimal(e.rank, 2)}`)),
      );
    });
    return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'critical', role: 'img', 'aria-label': 'Critical-difference diagram of mean ranks' }, parts);
  };
}

export function foldChart(selection, key) {
  return (width) => {
    const models = selection.shown().filter((m) => Array.isArray(m.fold_metrics?.[key()]));
    const data = models.flatMap((m) => m.fold_metrics[key()].map((y, i) => ({ m, x: i + 1, y })).filter((d) => isNumber(d.y)));
    if (data.length === 0) return null;
    const low = Math.min(...data.map((d) => d.y));
    const high = Math.max(...data.map((d) => d.y));
    const pad = (high - low || 0.1) * 0.08;
    const folds = Math.max(...data.map((d) => d.x));
    return chart(width, {
      height: Math.min(320, Math.max(240, width * 0.3)),
      x: { label: 'Fold', type: 'point', domain: Array.from({ length: folds }, (_, i) => i + 1), tickFormat: String, grid: false, padding: 0.3 },
      y: { label: foldMetricLabel(key()), domain: [low - pad, high + pad], tickFormat: tick },
      ariaLabel: `${foldMetricLabel(key())} on each fold`,
      marks: [
        ...models.map((m) => line(data.filter((d) => d.m === m), { x: 'x', y: 'y', stroke: m.colour, strokeDasharray: m.dash, strokeOpacity: 0.55, strokeWidth: 1.4 })),
        dot(data, { x: 'x', y: 'y', fill: (d) => d.m.colour, r: 3.6 }),
        tip(data, pointer({ x: 'x', y: 'y', title: (d) => `${d.m.label}\nFold ${d.x}: ${decimal(d.y)}`, fontFamily: 'inherit', fill: 'var(--paper)', stroke: 'var(--line)' })),
      ],
    });
  };
}
