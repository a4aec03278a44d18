// Trials of tuning: a dot a trial, and the best inner AUC so far as a line a fold, with a strong one for their mean.
import { dot, line, pointer, tip } from '@observablehq/plot';
import { h } from './dom.js';
import { chart, figure, legendItem } from './figure.js';
import { count, decimal, isNumber, tick } from './format.js';

const ORIGIN = { default: 'the default', candidate: 'a candidate of the model', design: 'the initial design', model: 'expected improvement', random: 'drawn at random' };
const STATUS = { ok: 'finished', pruned: 'pruned' };

export const tuned = (model) => Array.isArray(model.tuning) && model.tuning.some((fold) => fold.trials?.length > 1);

function trialsOf(model) {
  return model.tuning.map((fold, i) =>
    (fold.trials ?? []).filter((t) => isNumber(t.inner_auc)).map((t) => ({ fold: fold.fold ?? i, x: (t.trial ?? 0) + 1, y: t.inner_auc, ok: t.status === 'ok', trial: t })),
  ).filter((trials) => trials.length > 0);
}

function bestSoFar(trials) {
  let best = -Infinity;
  return trials.filter((t) => t.ok).map((t) => ({ fold: t.fold, x: t.x, y: (best = Math.max(best, t.y)) }));
}

// The mean over the folds at each trial that some fold finished, each fold at its best so far.
function meanBest(curves) {
  const at = [...new Set(curves.flat().map((p) => p.x))].sort((a, b) => a - b);
  const value = (curve, x) => curve.reduce((y, p) => (p.x <= x ? p.y : y), undefined);
  return at
    .map((x) => ({ x, values: curves.map((c) => value(c, x)) }))
    .filter((p) => p.values.every(isNumber))
    .map((p) => ({ x: p.x, y: p.values.reduce((a, b) => a + b, 0) / p.values.length }));
}

// Hopeless trials may lie far below: they are drawn at the foot of the chart.
function domain(folds, curves) {
  const finished = folds.flat().filter((t) => t.ok).map((t) => t.y);
  const high = Math.max(...curves.flat().map((p) => p.y), ...finished);
  const start = Math.min(...curves.map((c) => c[0]?.y ?? high), ...curves.map((c) => c[c.length - 1]?.y ?? high));
  const low = Math.max(Math.min(...finished), start - 2 * Math.max(high - start, 0.004));
  const pad = (high - low || 0.01) * 0.08;
  return [low - pad, high + pad];
}

const setText = (set) => Object.entries(set ?? {}).map(([name, value]) => `${name} ${value}`).join('\n') || 'the defaults';

function draw(model) {
  return (width) => {
    const folds = trialsOf(model);
    if (folds.length === 0) return null;
    const curves = folds.map(bestSoFar).filter((c) => c.length > 0);
    if (curves.length === 0) return null;
    const [low, high] = domain(folds, curves);
    const dots = folds.flat().map((t) => ({ ...t, shown: Math.max(low, t.y) }));
    const last = Math.max(...dots.map((t) => t.x));
    return chart(width, {
      x: { label: 'Trial', domain: [1, Math.max(2, last)], tickFormat: (x) => count(x), grid: false },
      y: { label: 'Inner AUC', domain: [low, high], ticks: 5, tickFormat: tick },
      marginLeft: 54,
      ariaLabel: `Trials of ${model.label}`,
      marks: [
        dot(dots.filter((t) => !t.ok), { x: 'x', y: 'shown', r: 2, stroke: 'var(--faint)' }),
        dot(dots.filter((t) => t.ok), { x: 'x', y: 'shown', r: 2.4, fill: model.colour, fillOpacity: 0.45 }),
        line(curves.flat(), { x: 'x', y: 'y', z: 'fold', stroke: model.colour, strokeWidth: 0.8, strokeOpacity: curves.length > 1 ? 0.4 : 1, curve: 'step-after' }),
        curves.length > 1 ? line(meanBest(curves), { x: 'x', y: 'y', stroke: model.colour, strokeWidth: 2.1, curve: 'step-after' }) : null,
        tip(dots, pointer({
          x: 'x', y: 'shown', fontFamily: 'inherit', fill: 'var(--paper)', stroke: 'var(--line)', textPadding: 7, lineWidth: 20, maxRadius: 40,
          title: (t) => `Fold ${t.fold + 1}, trial ${t.x}: ${decimal(t.y, 4)}, ${STATUS[t.trial.status] ?? t.trial.status}\nfrom ${ORIGIN[t.trial.by] ?? t.trial.by}\n${setText(t.trial.set)}`,
        })),
      ],
    });
  };
}

export function tuningChart(model) {
  const trials = model.tuning.flatMap((fold) => fold.trials ?? []);
  const pruned = trials.filter((t) => t.status === 'pruned').length;
  const failed = trials.filter((t) => t.status === 'failed').length;
  const note = [`${count(trials.length)} trials`, pruned > 0 && `${count(pruned)} pruned`, failed > 0 && `${count(failed)} failed`].filter(Boolean).join(', ');
  const legend = h('div', { class: 'keys' },
    legendItem('Best so far', { background: model.colour }, 'stroke'),
    legendItem('A finished trial', { background: model.colour, opacity: 0.45 }),
    pruned > 0 && legendItem('Pruned, at its estimate', { border: '1px solid var(--faint)' }));
  return figure({ title: 'Inner AUC by trial', note, legend, draw: draw(model) });
}
