// The curves of discrimination, calibration and score distribution. Each function returns draw(width) for a figure.
import { areaY, dot, line, link, pointer, rectY, ruleX, ruleY, text, tip } from '@observablehq/plot';
import { chart } from './figure.js';
import { decimal, isNumber, percent, tick } from './format.js';

const points = (curve) => (Array.isArray(curve) ? curve.filter((p) => Array.isArray(p) && p.every(isNumber)) : []);
const diagonal = () => line([[0, 0], [1, 1]], { stroke: 'var(--faint)', strokeDasharray: '3 3' });
const hint = (data, channels) =>
  tip(data, pointer({ ...channels, fontFamily: 'inherit', fill: 'var(--paper)', stroke: 'var(--line)', textPadding: 7, lineWidth: 13, maxRadius: 80 }));

// One line a model over the unit square.
function overlay(selection, key, { x, y, label, extra }) {
  return (width) => {
    const models = selection.shown().filter((m) => points(m.curves?.[key]).length > 1);
    if (models.length === 0) return null;
    const all = models.flatMap((m) => points(m.curves[key]).map((p) => ({ x: p[0], y: p[1], m })));
    return chart(width, {
      x, y,
      ariaLabel: label,
      marks: [
        ...(extra ? extra(models) : []),
        ...models.map((m) => line(points(m.curves[key]), { stroke: m.colour, strokeDasharray: m.dash, strokeWidth: 1.8 })),
        hint(all, { x: 'x', y: 'y', title: (d) => `${d.m.label}\n${x.label}: ${decimal(d.x)}\n${y.label}: ${decimal(d.y)}` }),
      ],
    });
  };
}

export const roc = (selection) =>
  overlay(selection, 'roc', { x: { label: 'False-positive rate' }, y: { label: 'True-positive rate' }, label: 'ROC curves', extra: () => [diagonal()] });

export const precisionRecall = (selection, badRate) =>
  overlay(selection, 'pr', {
    x: { label: 'Recall' }, y: { label: 'Precision' }, label: 'Precision-recall curves',
    extra: () => (isNumber(badRate) ? [ruleY([badRate], { stroke: 'var(--faint)', strokeDasharray: '3 3' })] : []),
  });

export const gains = (selection, badRate) =>
  overlay(selection, 'gains', {
    x: { label: 'Share of loans, riskiest first' }, y: { label: 'Share of bads found' }, label: 'Gains chart',
    extra: () => [diagonal(), ...(isNumber(badRate) && badRate > 0 ? [line([[0, 0], [badRate, 1], [1, 1]], { stroke: 'var(--faint)', strokeDasharray: '1 3' })] : [])],
  });

export function ks(model) {
  return (width) => {
    const curve = points(model.curves?.ks);
    if (curve.length < 2) return null;
    const widest = curve.reduce((best, p) => (Math.abs(p[1] - p[2]) > Math.abs(best[1] - best[2]) ? p : best));
    return chart(width, {
      x: { label: 'Share of loans, riskiest first' },
      y: { label: 'Cumulative share' },
      ariaLabel: `KS chart of ${model.label}`,
      marks: [
        line(curve, { x: '0', y: '2', stroke: 'var(--good-line)', strokeWidth: 1.6 }),
        line(curve, { x: '0', y: '1', stroke: model.colour, strokeWidth: 1.9 }),
        link([widest], { x1: '0', x2: '0', y1: '1', y2: '2', stroke: 'currentColor', strokeWidth: 1.2 }),
        text([widest], { x: '0', y: (p) => (p[1] + p[2]) / 2, text: (p) => `KS ${decimal(Math.abs(p[1] - p[2]))}`, dx: 7, textAnchor: 'start', fontWeight: 600, fontSize: 11, fill: 'currentColor', stroke: 'var(--paper)', strokeWidth: 4 }),
        hint(curve, { x: '0', y: '1', title: (p) => `${percent(p[0], 0)} of loans\n${percent(p[1])} of bads\n${percent(p[2])} of goods` }),
      ],
    });
  };
}

// All models share one scale, so that their charts can be compared down the column.
export function calibration(model, top) {
  return (width) => {
    const bins = (model.curves?.calibration ?? []).filter((b) => isNumber(b?.mean) && isNumber(b?.rate));
    if (bins.length === 0) return null;
    const barred = bins.filter((b) => isNumber(b.low) && isNumber(b.high));
    return chart(width, {
      x: { label: 'Predicted probability', domain: [0, top] },
      y: { label: 'Observed bad rate', domain: [0, top] },
      ariaLabel: `Calibration of ${model.label}`,
      marks: [
        line([[0, 0], [top, top]], { stroke: 'var(--faint)', strokeDasharray: '3 3' }),
        link(barred, { x1: 'mean', x2: 'mean', y1: 'low', y2: 'high', stroke: model.colour, strokeWidth: 1.4, strokeOpacity: 0.65 }),
        line(bins, { x: 'mean', y: 'rate', stroke: model.colour, strokeWidth: 1, strokeOpacity: 0.5 }),
        dot(bins, { x: 'mean', y: 'rate', fill: model.colour, r: 3.4 }),
        hint(bins, { x: 'mean', y: 'rate', title: (b) => `Predicted ${decimal(b.mean)}\nObserved ${decimal(b.rate)}${isNumber(b.low) ? ` [${decimal(b.low)}, ${decimal(b.high)}]` : ''}${isNumber(b.n) ? `\nn ${b.n.toLocaleString('en-US')}` : ''}` }),
      ],
    });
  };
}

export function calibrationTop(models) {
  const all = models.flatMap((m) => m.curves?.calibration ?? []).flatMap((b) => [b?.mean, b?.rate, b?.high]).filter(isNumber);
  return Math.min(1, Math.ceil(10 * Math.max(0.1, ...all)) / 10);
}

export function histogramBins(histogram) {
  const { edges, good, bad } = histogram ?? {};
  if (![edges, good, bad].every(Array.isArray) || edges.length < 2 || !edges.every(isNumber)) return [];
  const goods = good.reduce((a, b) => a + b, 0) || 1;
  const bads = bad.reduce((a, b) => a + b, 0) || 1;
  return edges.slice(0, -1).map((low, i) => ({ low, high: edges[i + 1], good: (good[i] ?? 0) / goods, bad: (bad[i] ?? 0) / bads, goods: good[i] ?? 0, bads: bad[i] ?? 0 }));
}

export function distribution(model) {
  return (width) => {
    const bins = histogramBins(model.curves?.histogram);
    if (bins.length === 0) return null;
    const high = Math.max(...bins.flatMap((b) => [b.good, b.bad]));
    const steps = bins.flatMap((b) => [{ x: b.low, y: b.bad }, { x: b.high, y: b.bad }]);
    return chart(width, {
      x: { label: 'Predicted probability of bad', domain: [bins[0].low, bins[bins.length - 1].high] },
      y: { label: 'Share of the class', domain: [0, high * 1.05], ticks: 4 },
      ariaLabel: `Score distribution of ${model.label}`,
      marks: [
        rectY(bins, { x1: 'low', x2: 'high', y: 'good', fill: 'var(--good)', insetRight: 0.5 }),
        areaY(steps, { x: 'x', y1: 0, y2: 'y', fill: model.colour, fillOpacity: 0.28 }),
        line(steps, { x: 'x', y: 'y', stroke: model.colour, strokeWidth: 1.6 }),
        isNumber(model.threshold) ? ruleX([model.threshold], { stroke: 'currentColor', strokeDasharray: '2 3' }) : null,
        ruleY([0], { stroke: 'var(--line)' }),
        hint(bins, { x: (b) => (b.low + b.high) / 2, y: 'good', title: (b) => `${tick(b.low)} to ${tick(b.high)}\n${b.goods.toLocaleString('en-US')} good, ${b.bads.toLocaleString('en-US')} bad` }),
      ],
    });
  };
}
