// Curves of training: one thin line a run (fold and member), a strong one for their mean over the epochs that at least
// half of the runs reached.
import { dot, line, ruleY } from '@observablehq/plot';
import { h } from './dom.js';
import { chart, figure, legendItem } from './figure.js';
import { count, isNumber, percent, tick } from './format.js';

const LAYERS = 6;
// As in src/model/diagnosis.h.
const VANISHING = 0.01;
const EXPLODING = 100;

function runsOf(model, pick) {
  return (model.learning ?? [])
    .map((run, i) => {
      const y = pick(run);
      if (!Array.isArray(y)) return [];
      return y.map((v, k) => ({ run: i, x: run.epoch?.[k] ?? k + 1, y: v })).filter((p) => isNumber(p.x) && isNumber(p.y));
    })
    .filter((points) => points.length > 0);
}

function meanOf(runs) {
  const at = new Map();
  for (const p of runs.flat()) {
    const cell = at.get(p.x) ?? { x: p.x, sum: 0, n: 0 };
    cell.sum += p.y;
    cell.n += 1;
    at.set(p.x, cell);
  }
  return [...at.values()].filter((c) => c.n >= runs.length / 2).sort((a, b) => a.x - b.x).map((c) => ({ x: c.x, y: c.sum / c.n }));
}

function extent(values, share = 0.06) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * share;
  return [low - pad, high + pad];
}

// Boosting records neither a learning rate nor gradients: what it counts are trees.
const epochLabel = (model) => (model.learning.some((run) => run.learning_rate || run.gradient_norm) ? 'Epoch' : 'Iteration');

function epochAxis(model, all) {
  return { label: epochLabel(model), domain: [Math.min(...all.map((p) => p.x)), Math.max(...all.map((p) => p.x))], tickFormat: (x) => count(x), grid: false };
}

function series(runs, colour, dash) {
  const mean = meanOf(runs);
  return [
    line(runs.flat(), { x: 'x', y: 'y', z: 'run', stroke: colour, strokeWidth: 0.8, strokeOpacity: runs.length > 1 ? 0.25 : 1, strokeDasharray: dash }),
    runs.length > 1 ? line(mean, { x: 'x', y: 'y', stroke: colour, strokeWidth: 2.1, strokeDasharray: dash }) : null,
  ];
}

function simple(model, pick, label, options = {}) {
  return (width) => {
    const runs = runsOf(model, pick);
    if (runs.length === 0) return null;
    const all = runs.flat();
    const last = runs.map((r) => r[r.length - 1]);
    return chart(width, {
      x: epochAxis(model, all), y: { label, domain: extent(all.map((p) => p.y)), ticks: 5, tickFormat: tick }, marginLeft: options.left ?? 46,
      ariaLabel: `${label} of ${model.label}`,
      marks: [...series(runs, model.colour), options.ends ? dot(last, { x: 'x', y: 'y', r: 2, fill: model.colour, fillOpacity: 0.7 }) : null],
    });
  };
}

function loss(model) {
  return (width) => {
    const train = runsOf(model, (r) => r.train_loss);
    const valid = runsOf(model, (r) => r.valid_loss);
    const all = [...train, ...valid].flat();
    if (all.length === 0) return null;
    return chart(width, {
      x: epochAxis(model, all), y: { label: 'Loss', domain: extent(all.map((p) => p.y)) },
      ariaLabel: `Loss of ${model.label}`,
      marks: [...(train.length ? series(train, 'var(--good-line)') : []), ...(valid.length ? series(valid, model.colour) : [])],
    });
  };
}

function layersOf(model, key) {
  return [...new Set((model.learning ?? []).flatMap((run) => Object.keys(run[key] ?? {})))];
}

const small = (y) => (Math.abs(y) < 0.001 ? y.toExponential(0).replace('e-', '·10⁻').replace(/^1·/, '').replace(/\d+$/, (d) => [...d].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]).join('')) : tick(Number(y.toPrecision(3))));

// A line a layer over the epochs: on a logarithmic axis, or of shares.
function byLayer(model, key, layers, label, share) {
  return (width) => {
    const means = layers.map((layer) => meanOf(runsOf(model, (r) => r[key]?.[layer])).filter((p) => share || p.y > 0));
    const all = means.flat();
    if (all.length === 0) return null;
    const log = { type: 'log', domain: [Math.min(...all.map((p) => p.y)) * 0.8, Math.max(...all.map((p) => p.y)) * 1.25], ticks: 4, tickFormat: small };
    return chart(width, {
      x: epochAxis(model, all), marginLeft: share ? 54 : 64,
      y: { label, ...(share ? { domain: [0, 1], tickFormat: (y) => percent(y, 0) } : log) },
      ariaLabel: `${label} of ${model.label}`,
      marks: means.map((points, i) => line(points, { x: 'x', y: 'y', stroke: `var(--l${i % LAYERS})`, strokeWidth: 1.8, strokeDasharray: i >= LAYERS ? '4 3' : undefined })),
    });
  };
}

// The signal of each layer as the network starts, as a multiple of that of the last hidden layer: a line a run, between the limits.
function profile(model, layers) {
  return (width) => {
    const runs = (model.learning ?? []).map((run, i) => {
      const last = run.signal?.[layers[layers.length - 1]]?.[0];
      return layers.map((layer, l) => ({ run: i, x: l + 1, y: run.signal?.[layer]?.[0] / last })).filter((p) => isNumber(p.y) && p.y > 0);
    }).filter((points) => points.length > 0);
    if (runs.length === 0) return null;
    const all = runs.flat().map((p) => p.y);
    return chart(width, {
      marginLeft: 64, x: { label: 'Hidden layer, from the inputs', domain: [1, layers.length], ticks: Math.min(layers.length, 8), tickFormat: (x) => (Number.isInteger(x) ? count(x) : ''), grid: false },
      y: { type: 'log', label: 'Signal, last hidden layer = 1', domain: [Math.min(0.005, ...all) * 0.7, Math.max(200, ...all) * 1.4], ticks: 5, tickFormat: small },
      ariaLabel: `Signal by depth of ${model.label}`,
      marks: [
        ruleY([VANISHING, EXPLODING], { stroke: 'var(--alarm)', strokeDasharray: '4 3' }), ruleY([1], { stroke: 'var(--line)' }),
        ...series(runs, model.colour), dot(meanOf(runs), { x: 'x', y: 'y', r: 3, fill: model.colour }),
      ],
    });
  };
}

// What the diagnosis found, a line each with its remedies.
function findings(model) {
  const rows = model.diagnosis?.findings;
  if (!Array.isArray(rows)) return null;
  if (rows.length === 0) return h('p', { class: 'found' }, 'Nothing found: no layer vanishes, explodes or is flat.');
  const remedy = (r) => `${Object.entries(r.set).map(([name, value]) => `${name} = ${value}`).join(', ')} (${r.kind})`;
  return h('ul', { class: 'found ill' }, rows.map((f) => h('li', {}, h('b', {}, `${f.layer === 'all' ? 'The gradient' : f.layer}: ${f.ailment}`), ` ${f.evidence}; from epoch ${count(f.epoch)}, in ${count(f.runs)} of ${count(model.diagnosis.runs)} runs.`,
    f.remedies?.length > 0 && h('span', {}, ` Try ${f.remedies.map(remedy).join('; or ')}.`))));
}

export const diagnosed = (model) => Boolean(model.diagnosis?.measured);

export function diagnosisCharts(model) {
  const signals = layersOf(model, 'signal');
  const flat = layersOf(model, 'saturation');
  const keys = (layers) => h('div', { class: 'keys' }, layers.map((layer, i) => legendItem(layer, { background: `var(--l${i % LAYERS})` }, 'stroke')));
  return h('div', {}, findings(model), h('div', { class: 'grid three' },
    signals.length > 1 && figure({ title: 'Signal by depth, as it starts', note: 'dashed: the limits', draw: profile(model, signals) }),
    signals.length > 0 && figure({ title: 'Signal by layer', note: 'logarithmic', legend: keys(signals), draw: byLayer(model, 'signal', signals, 'Signal, mean of runs') }),
    flat.length > 0 && figure({ title: 'Flat activations by layer', note: 'share', legend: keys(flat), draw: byLayer(model, 'saturation', flat, 'Share that is flat', true) })));
}

export const learns = (model) => Array.isArray(model.learning) && model.learning.length > 0;

export function learningCharts(model) {
  const has = (key) => model.learning.some((run) => Array.isArray(run[key]) && run[key].length > 0);
  const layers = layersOf(model, 'gradient_norm');
  const both = h('div', { class: 'keys' }, has('train_loss') && legendItem('Training', { background: 'var(--good-line)' }, 'stroke'), has('valid_loss') && legendItem('Held back', { background: model.colour }, 'stroke'));
  return [
    (has('train_loss') || has('valid_loss')) && figure({ title: 'Loss', legend: both, draw: loss(model) }),
    has('valid_auc') && figure({ title: 'AUC on the held-back part', note: 'a dot where a run stopped', draw: simple(model, (r) => r.valid_auc, 'AUC', { ends: true }) }),
    has('learning_rate') && figure({ title: 'Learning rate', draw: simple(model, (r) => r.learning_rate, 'Learning rate', { left: 60 }) }),
    layers.length > 0 &&
      figure({
        title: 'Gradient norm by layer', note: 'logarithmic',
        legend: h('div', { class: 'keys' }, layers.map((layer, i) => legendItem(layer, { background: `var(--l${i % LAYERS})` }, 'stroke'))),
        draw: byLayer(model, 'gradient_norm', layers, 'Gradient norm, mean of runs'),
      }),
  ].filter(Boolean);
}
