// A synthetic but plausible document of `obligor compare`, for the page's test and for looking at the page.
//
//   node sample.mjs > sample.json              20 columns, 1,000 loans, 10 folds, 4 models and one that failed
//   node sample.mjs --hostile > sample.json    the same with names that try to break out of the page
//   node sample.mjs --sparse > sample.json     a hold-out of one model where most parts are absent
//
// Scores are drawn for every loan and all metrics and curves are computed from them, so that the parts agree.
const hostile = process.argv.includes('--hostile');
const sparse = process.argv.includes('--sparse');
const ATTACK = '</script><img src=x onerror="window.broken=true">';

let state = 20261124;
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const range = (n) => Array.from({ length: n }, (_, i) => i);
const sum = (a) => a.reduce((x, y) => x + y, 0);
const mean = (a) => sum(a) / a.length;
const round = (x, digits = 5) => Number(x.toFixed(digits));

const N = 1000;
const FOLDS = 10;
const risk = range(N).map(() => -1.05 + 1.35 * normal());
const target = risk.map((r) => (uniform() < sigmoid(r) ? 1 : 0));
const bad = sum(target);
const fold = range(N).map((i) => i % FOLDS);

function aucOf(p, y) {
  const order = range(p.length).sort((a, b) => p[a] - p[b]);
  let rank = 0;
  let pairs = 0;
  for (let i = 0; i < order.length; ) {
    let j = i;
    let bads = 0;
    while (j < order.length && p[order[j]] === p[order[i]]) bads += y[order[j++]];
    const goods = j - i - bads;
    pairs += bads * (rank + goods / 2);
    rank += goods;
    i = j;
  }
  return pairs / (sum(y) * (y.length - sum(y)));
}

function interval(value, half) {
  return { value: round(value), low: round(clamp(value - half, 0, 2)), high: round(clamp(value + half, 0, 2)) };
}

function curvesOf(p, y) {
  const order = range(p.length).sort((a, b) => p[b] - p[a]);
  const bads = sum(y);
  const goods = y.length - bads;
  const roc = [[0, 0]];
  const pr = [];
  const ks = [[0, 0, 0]];
  const gains = [[0, 0]];
  let b = 0;
  order.forEach((row, i) => {
    b += y[row];
    const g = i + 1 - b;
    if (i % 4 === 3 || i === order.length - 1) {
      roc.push([round(g / goods), round(b / bads)]);
      pr.push([round(b / bads), round(b / (i + 1))]);
      ks.push([round((i + 1) / y.length), round(b / bads), round(g / goods)]);
      gains.push([round((i + 1) / y.length), round(b / bads)]);
    }
  });
  const calibration = range(10).map((d) => {
    const rows = order.slice(y.length - ((d + 1) * y.length) / 10, y.length - (d * y.length) / 10);
    const rate = mean(rows.map((r) => y[r]));
    const half = 1.96 * Math.sqrt((rate * (1 - rate)) / rows.length + 0.0001);
    return { mean: round(mean(rows.map((r) => p[r]))), rate: round(rate), n: rows.length, low: round(clamp(rate - half, 0, 1)), high: round(clamp(rate + half, 0, 1)) };
  });
  const edges = range(26).map((i) => round(i / 25, 3));
  const count = (k) => range(25).map((i) => p.filter((v, r) => y[r] === k && Math.min(24, Math.floor(v * 25)) === i).length);
  return { roc, pr, ks, gains, calibration, histogram: { edges, good: count(0), bad: count(1) } };
}

function metricsOf(p, y, threshold) {
  const auc = aucOf(p, y);
  const c = curvesOf(p, y);
  const hit = p.map((v) => (v >= threshold ? 1 : 0));
  const tp = sum(hit.map((h, i) => h * y[i]));
  const precision = tp / Math.max(1, sum(hit));
  const recall = tp / sum(y);
  const logLoss = -mean(p.map((v, i) => Math.log(y[i] ? v : 1 - v)));
  const average = sum(c.pr.map(([r, pp], i) => pp * (r - (i ? c.pr[i - 1][0] : 0))));
  const ece = mean(c.calibration.map((d) => Math.abs(d.mean - d.rate)));
  return {
    auc: interval(auc, 0.029),
    gini: interval(2 * auc - 1, 0.058),
    ks: interval(Math.max(...c.ks.map(([, b, g]) => b - g)), 0.055),
    pr_auc: interval(average, 0.052),
    brier: interval(mean(p.map((v, i) => (v - y[i]) ** 2)), 0.011),
    log_loss: interval(logLoss, 0.032),
    ece: interval(ece, 0.014),
    h_measure: interval(0.9 * (2 * auc - 1) ** 1.6, 0.055),
    accuracy: interval(mean(hit.map((h, i) => Number(h === y[i]))), 0.026),
    precision: interval(precision, 0.055),
    recall: interval(recall, 0.053),
    f1: interval((2 * precision * recall) / (precision + recall), 0.045),
  };
}

// Part of each model's noise is common: models err on the same loans.
const common = range(N).map(() => normal());
function scoresOf(noise, slope) {
  return range(N).map((i) => clamp(sigmoid(slope * (risk[i] + noise * (0.85 * common[i] + 0.5 * normal()))), 0.004, 0.985));
}

function learningOf(kind, folds, epochs) {
  return range(folds).map((f) => {
    const stop = Math.round(epochs * (0.75 + 0.35 * uniform()));
    const epoch = range(stop).map((i) => i + 1);
    const speed = 5 + 3 * uniform();
    const shift = 0.02 * normal();
    const curve = (from, to, rise) => epoch.map((e) => round(to + shift + (from - to) * Math.exp(-e / speed) + rise * e ** 1.3 + 0.004 * normal()));
    const run = { fold: f, member: 0, epoch };
    if (kind === 'net') run.train_loss = curve(0.72, 0.44, -0.0004);
    run.valid_loss = curve(0.7, 0.5, 0.00025);
    run.valid_auc = epoch.map((e) => round(0.79 + shift - 0.2 * Math.exp(-e / speed) - 0.00005 * e + 0.004 * normal()));
    if (kind === 'net') {
      run.learning_rate = epoch.map((e) => round(0.002 * 0.5 * (1 + Math.cos((Math.PI * e) / (1.2 * epochs))), 7));
      run.gradient_norm = Object.fromEntries(
        range(3).map((l) => [`layer${l + 1}`, epoch.map((e) => round(0.8 * 0.55 ** l * Math.exp(-e / 26) + 0.02 * 0.6 ** l * Math.exp(0.25 * normal()), 6))]),
      );
    }
    if (kind === 'net') {
      // Three layers whose signal falls a thousandfold: no draw of the generator, so that the other parts keep theirs.
      const layers = (of) => Object.fromEntries(range(3).map((l) => [`layer${l + 1}`, epoch.map((e) => round(of(l, e), 7))]));
      run.signal = layers((l, e) => 0.3 * 0.03 ** (2 - l) * (1 + 0.2 * Math.sin(e + f)));
      run.saturation = layers((l, e) => 0.05 + 0.1 * l + 0.002 * e);
    }
    return run;
  });
}

function diagnosisOf(folds) {
  return {
    runs: folds, measured: true, signal_ratio: { lowest: 0.0009, highest: 1 }, saturation: 0.4,
    findings: [{
      ailment: 'vanishing', layer: 'layer1', epoch: 1, value: 0.0009, limit: 0.01, runs: folds,
      evidence: 'the signal that comes back to it is 0.0009 times that of layer3, a factor of 0.03 a layer (limit 0.01)',
      remedies: [{ kind: 'initialisation', set: { init: 'glorot', init_scale: '1' }, why: 'starting weights that keep the variance of the signal' }],
    }],
  };
}

// Trials of the first two folds; drawn from a hash of their numbers, so that the other parts keep their draws.
// A card of two characteristics, and what two cut-offs and two grades would say.
function cardOf() {
  const rate = (value) => ({ value, low: value * 0.8, high: value * 1.2 });
  const attribute = (label, points, share, event_rate) => ({ label, points, woe: round((points - 45) / 30, 3), rows: Math.round(800 * share), share, event_rate });
  const band = (more, n, value, approval) => ({ ...more, n, good: n * (1 - value), bad: n * value, bad_rate: rate(value), odds: (1 - value) / value, approval_rate: approval, approved_bad_rate: rate(value * 0.9), bads_declined: 1 - approval, goods_declined: (1 - approval) / 2, ks: 0.3 });
  return {
    scorecard: {
      fold: 0, scale: { double_odds: 20, base_points: 600, base_odds: 50, rounded: true }, attributes: 6, points_low: 45, points_high: 137, dropped: [],
      characteristics: [
        { name: 'housing', iv: 0.09, coefficient: -0.8, standard_error: 0.2, z: -4, p: 0.0001, points_low: 19, points_high: 60, attributes: [attribute('own', 60, 0.7, 0.22), attribute('rent', 19, 0.3, 0.45), { label: 'missing', points: 46, woe: 0 }] },
        { name: 'duration_in_month', iv: 0.28, coefficient: -0.9, standard_error: 0.2, z: -4.5, p: 0.00001, points_low: 26, points_high: 77, attributes: [attribute('< 12', 77, 0.25, 0.15), attribute('>= 12', 26, 0.75, 0.4), { label: 'missing', points: 46, woe: 0 }] },
      ],
    },
    cut_offs: { scale: { double_odds: 20, base_points: 600, base_odds: 50 }, bands: [band({ low: 0.01, high: 0.2, mean: 0.1 }, 600, 0.1, 0.6), band({ low: 0.2, high: 0.9, mean: 0.5 }, 400, 0.6, 1)], point_bands: [band({ from: 540 }, 500, 0.1, 0.5), band({ to: 540 }, 500, 0.5, 1)] },
    grades: [{ grade: 1, low: 0, high: 0.2, n: 600, bad: 60, pd: rate(0.1), mean: 0.11, p: 0.5 }, { grade: 2, low: 0.2, n: 400, bad: 240, pd: rate(0.6), mean: 0.58, p: 0.4 }],
  };
}

function tuningOf() {
  const hash = (i) => { const x = Math.sin(12.9898 * (i + 1)) * 43758.5453; return x - Math.floor(x); };
  return range(2).map((f) => ({
    fold: f, method: 'bayes', ended: 'trials',
    space: [{ name: 'learning_rate', low: 0.01, high: 0.2, log: true }, { name: 'num_leaves', low: 4, high: 64, log: true }, { name: 'extra_trees', choices: ['false', 'true'] }],
    trials: range(40).map((i) => {
      const draw = hash(97 * f + i);
      const status = i === 17 ? 'failed' : i > 6 && draw < 0.3 ? 'pruned' : 'ok';
      const trial = { trial: i, by: i === 0 ? 'default' : i < 3 ? 'candidate' : i < 10 ? 'design' : 'model', status, seconds: round(0.4 + draw, 3), fold_auc: [],
        set: i === 0 ? {} : { learning_rate: String(round(0.01 + 0.1 * draw, 4)), num_leaves: String(4 + Math.floor(60 * draw)), extra_trees: 'false' } };
      if (status === 'failed') trial.reason = 'a score is not a number; the fit diverged';
      else trial.inner_auc = round(0.79 + 0.006 * f + 0.012 * (1 - Math.exp(-i / 9)) - (status === 'pruned' ? 0.012 + 0.02 * draw : 0.006 * draw));
      return trial;
    }),
  }));
}

const CHECKING = ['A14', 'A12', 'A11', 'A13'];
const FEATURES = [
  ['checking_status', 'category', CHECKING, 0.71], ['duration', 'number', [4, 72, 21, 12], 0.63], ['credit_history', 'category', ['A32', 'A34', 'A33', 'A31', 'A30'], 0.63],
  ['purpose', 'category', ['A43', 'A40', 'A42', 'A41', 'A49', 'A46', 'A45', 'A44', 'A410', 'A48'], 0.59], ['amount', 'number', [250, 18424, 3271, 2823], 0.55],
  ['savings', 'category', ['A61', 'A65', 'A62', 'A63', 'A64'], 0.6], ['employment', 'category', ['A73', 'A75', 'A74', 'A72', 'A71'], 0.58], ['installment_rate', 'number', [1, 4, 2.97, 1.12], 0.54],
  ['personal_status', 'category', ['A93', 'A92', 'A94', 'A91'], 0.55], ['other_debtors', 'category', ['A101', 'A103', 'A102'], 0.52], ['residence_since', 'number', [1, 4, 2.85, 1.1], 0.5],
  ['property', 'category', ['A123', 'A121', 'A122', 'A124'], 0.58], ['age', 'number', [19, 75, 35.5, 11.4], 0.57], ['other_plans', 'category', ['A143', 'A141', 'A142'], 0.55],
  ['housing', 'category', ['A152', 'A151', 'A153'], 0.56], ['number_credits', 'number', [1, 4, 1.41, 0.58], 0.52], ['job', 'category', ['A173', 'A172', 'A174', 'A171'], 0.52],
  ['people_liable', 'number', [1, 2, 1.16, 0.36], 0.5], ['telephone', 'category', ['A191', 'A192'], 0.52], ['foreign_worker', 'category', ['A201', 'A202'], 0.52],
];
if (hostile) FEATURES[4][0] = ATTACK;
const names = FEATURES.map((f) => f[0]);

function importanceOf(tilt) {
  const raw = FEATURES.map((f, i) => [f[0], Math.max(0, (f[3] - 0.49) ** tilt * (0.7 + 0.6 * uniform()) - (i === 17 ? 1 : 0))]);
  const total = sum(raw.map((r) => r[1]));
  return raw.map(([feature, value]) => ({ feature, value: round(value), share: round(value / total) })).sort((a, b) => b.value - a.value);
}

function profileOf([name, kind, shape, auc], index) {
  const entry = { name, kind, role: 'feature', missing: index % 6 === 4 ? 0.018 : 0, distinct: 0, auc };
  if (kind === 'category') {
    let left = N;
    entry.levels = shape.map((level, i) => {
      const n = i === shape.length - 1 ? left : Math.round(left * (0.35 + 0.2 * uniform()));
      left -= n;
      return { level: hostile && i === 0 && index === 0 ? ATTACK : level, n, bad_rate: round(clamp(0.3 + (auc - 0.48) * 1.6 * (uniform() - 0.5), 0.03, 0.9)) };
    });
    if (index === 0) [0.117, 0.391, 0.493, 0.222].forEach((rate, i) => { entry.levels[i].bad_rate = rate; });
    entry.distinct = shape.length;
    return entry;
  }
  const [min, max, centre, sd] = shape;
  const skewed = max > 8 * centre / 2;
  const values = range(N).map((i) => {
    const z = normal() + 0.9 * (auc - 0.5) * 4 * (target[i] - 0.3);
    const value = skewed ? Math.exp(Math.log(centre * 0.78) + 0.72 * z) : centre + sd * z;
    return clamp(max < 10 ? Math.round(value) : Math.round(value), min, max);
  });
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q) => sorted[Math.floor(q * (N - 1))];
  const bins = max < 10 ? max - min + 1 : 20;
  const low = max < 10 ? min - 0.5 : min;
  const high = max < 10 ? max + 0.5 : at(0.99);
  const edges = range(bins + 1).map((i) => round(low + ((high - low) * i) / bins, 3));
  const binOf = (v) => Math.min(bins - 1, Math.floor(((v - low) / (high - low)) * bins));
  const count = (k) => range(bins).map((b) => values.filter((v, i) => target[i] === k && binOf(v) === b).length);
  const average = mean(values);
  return {
    ...entry, distinct: new Set(values).size, min: sorted[0], p1: at(0.01), p25: at(0.25), p50: at(0.5), p75: at(0.75), p99: at(0.99), max: sorted[N - 1],
    mean: round(average, 3), sd: round(Math.sqrt(mean(values.map((v) => (v - average) ** 2))), 3), histogram: { edges, good: count(0), bad: count(1) },
  };
}

const SPECS = [
  { name: 'lightgbm', title: 'Gradient boosting (LightGBM)', noise: 0.45, slope: 0.98, fit: 4.21, speed: 412000, tilt: 1.1, kind: 'boost', epochs: 160,
    params: { learning_rate: 0.03, num_leaves: 15, min_data_in_leaf: 20, feature_fraction: 0.8, early_stopping_rounds: 100, target_statistics: { permutations: 4, prior: 'fold mean' } } },
  { name: 'dnn', title: 'Deep neural network', noise: 0.37, slope: 1.02, fit: 18.7, speed: 655000, tilt: 0.9, kind: 'net', epochs: 60,
    params: { hidden: [128, 64], activation: 'relu', dropout: 0.2, batch_norm: true, learning_rate: 0.002, weight_decay: 0.0001, members: 1 } },
  { name: 'logistic', title: 'Logistic regression', noise: 0.52, slope: 0.95, fit: 0.09, speed: 2150000, tilt: 1, params: { penalty: 'l2', strength: 1, solver: 'irls' },
    notes: ['purpose: level A48 occurs in 9 rows; its coefficient has a standard error of 1.4.'] },
  { name: 'ann', title: 'Neural network, one hidden layer', noise: 0.95, slope: 0.8, fit: 9.3, speed: 890000, tilt: 0.8, kind: 'net', epochs: 45,
    params: { hidden: [64], activation: 'tanh', dropout: 0, learning_rate: 0.005 } },
];

// A tree of three levels, one of its conditions long, with rules.
function treesOf() {
  const attack = hostile ? ATTACK : 'purpose in {new car, education, business, retraining and 3 more}';
  const node = (id, parent, depth, when, n, rate, more) => ({ id, parent, depth, when, n, bad_rate: rate, value: rate, ...more });
  const nodes = [
    node(0, -1, 0, 'all rows', N, round(bad / N), { split: 'checking_status', chi_square: 123.7 }),
    node(1, 0, 1, 'checking_status in {< 0 DM, 0 to 200 DM}', 543, 0.442, { split: 'duration', chi_square: 38.2 }),
    node(2, 0, 1, 'checking_status = no account', 457, 0.13, { takes_missing: true }),
    node(3, 1, 2, 'duration <= 22.5', 305, 0.33, { split: 'purpose', surrogates: ['credit_amount <= 4100'] }),
    node(4, 1, 2, 'duration > 22.5', 238, 0.585, { takes_missing: true }),
    node(5, 3, 3, attack, 105, 0.47),
    node(6, 3, 3, 'purpose in {radio/tv, used car}', 200, 0.255),
  ];
  return [{ name: 'c50', leaves: 4, nodes, rule_set: [{ if: 'checking_status in {< 0 DM, 0 to 200 DM} and duration > 22.5', then: 'bad', covered: 238, wrong: 99, confidence: 0.583, lift: 1.94 }] }];
}

const models = SPECS.map((spec) => {
  const p = scoresOf(spec.noise, spec.slope);
  const foldRows = range(FOLDS).map((f) => range(N).filter((i) => fold[i] === f));
  const perFold = (measure) => foldRows.map((rows) => round(measure(rows.map((r) => p[r]), rows.map((r) => target[r]))));
  const model = {
    name: spec.name, title: spec.title, status: 'ok', metrics: metricsOf(p, target, 0.34),
    fold_metrics: {
      auc: perFold(aucOf), ks: perFold((a, y) => metricsOf(a, y, 0.34).ks.value),
      brier: perFold((a, y) => metricsOf(a, y, 0.34).brier.value), log_loss: perFold((a, y) => metricsOf(a, y, 0.34).log_loss.value),
    },
    threshold: 0.34, fit_seconds: spec.fit, score_rows_per_second: spec.speed, params: spec.params, curves: curvesOf(p, target), importance: importanceOf(spec.tilt),
  };
  if (spec.kind) model.learning = learningOf(spec.kind, FOLDS, spec.epochs);
  if (spec.kind === 'net') model.diagnosis = diagnosisOf(FOLDS);
  if (spec.name === 'lightgbm') model.tuning = tuningOf();
  if (spec.notes) model.notes = spec.notes;
  if (spec.name === 'lightgbm') model.trees = treesOf();
  if (spec.name === 'logistic') Object.assign(model, cardOf());
  return model;
}).sort((a, b) => b.metrics.auc.value - a.metrics.auc.value);

const ok = models.map((m) => m.name);
const byName = Object.fromEntries(models.map((m) => [m.name, m]));
const pairs = [];
for (let i = 0; i < ok.length; ++i) {
  for (let j = i + 1; j < ok.length; ++j) {
    const difference = byName[ok[i]].metrics.auc.value - byName[ok[j]].metrics.auc.value;
    const error = 0.0075;
    const p = Math.min(1, 2 * Math.exp(-0.717 * Math.abs(difference / error) - 0.416 * (difference / error) ** 2));
    pairs.push({ a: ok[i], b: ok[j], difference: round(difference), low: round(difference - 1.96 * error), high: round(difference + 1.96 * error), p: round(p, 6) });
  }
}
let running = 0;
[...pairs].sort((a, b) => a.p - b.p).forEach((pair, i) => {
  running = Math.max(running, Math.min(1, pair.p * (pairs.length - i)));
  pair.p_adjusted = round(running, 6);
});
const ranks = Object.fromEntries(ok.map((name) => [name, 0]));
range(FOLDS).forEach((f) => {
  [...ok].sort((a, b) => byName[b].fold_metrics.auc[f] - byName[a].fold_metrics.auc[f]).forEach((name, i) => { ranks[name] += (i + 1) / FOLDS; });
});
const statistic = ((12 * FOLDS) / (ok.length * (ok.length + 1))) * sum(Object.values(ranks).map((r) => (r - (ok.length + 1) / 2) ** 2));

models.push({ name: 'lightgbm_monotone', title: 'Gradient boosting, monotone', status: 'failed', params: { monotone: 'duration:+1' },
  reason: hostile ? `fit: ${ATTACK}` : "fit: monotone constraint names column 'duration_months', which is not in the data; allowed are the 20 features; did you mean 'duration'?" });
if (hostile) {
  models[0].title = `Deep ${ATTACK}`;
  models[0].notes = [ATTACK];
  models[0].params = { [ATTACK]: ATTACK, plain: '\u2028 & <b>bold</b>' };
}

const profile = FEATURES.map(profileOf);
profile.unshift({ name: 'loan_id', kind: 'number', role: 'ignored', reason: 'every value is different: a key, not a feature', missing: 0, distinct: N, min: 1, p1: 10, p25: 250, p50: 500, p75: 750, p99: 990, max: 1000, mean: 500.5, sd: 288.8 });
profile.push({ name: 'class', kind: 'category', role: 'target', missing: 0, distinct: 2, levels: [{ level: 'good', n: N - bad, bad_rate: 0 }, { level: 'bad', n: bad, bad_rate: 1 }] });

const full = {
  obligor: '0.1.0', kind: 'compare', command: 'obligor compare german.csv --target class --positive bad --cv 10 --seed 1 --report report.html', started: '2026-11-24T09:00:00Z', seconds: 34.6, peak_memory_bytes: 412 * 1048576,
  machine: { cores: 2, processor: 'Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz' },
  data: { source: 'german.csv', rows: N, columns: 22, features: 20 },
  task: { kind: 'binary', target: 'class', positive: 'bad', positive_from: 'given', rows: N, bad, bad_rate: round(bad / N) },
  split: { kind: 'kfold', detail: '10 stratified folds' }, rows: N, folds: FOLDS, seed: 1,
  conventions: { target: '1 = bad', threshold: 'the one that maximises KS on the training part of each fold', auc_interval: 'DeLong 95 %', other_intervals: 'bootstrap, 200 resamples, 95 %', ece: '10 equal-count bins', h_measure: 'Beta(2,2)' },
  models,
  tests: [
    { kind: 'delong', adjust: 'holm', pairs },
    { kind: 'friedman', metric: 'auc', folds: FOLDS, statistic: round(statistic, 4), df: ok.length - 1, p: round(Math.min(1, Math.exp(-statistic / 2.2)), 6), mean_ranks: ranks, nemenyi: { critical_difference: round(2.569 * Math.sqrt((ok.length * (ok.length + 1)) / (6 * FOLDS)), 4), alpha: 0.05 } },
  ],
  best: ok[0],
  warnings: [
    { kind: 'id_like', column: 'loan_id', message: 'Every one of the 1,000 values is different: a key. The column was left out; name it with --id to say so, or with --keep to use it.' },
    { kind: 'leak', column: hostile ? ATTACK : 'amount', message: hostile ? ATTACK : 'This column alone separates good from bad with AUC .997. Check that it is known when the loan is granted; a figure that is only known afterwards leaks the answer.' },
    { kind: 'duplicates', message: '4 rows occur both in a training part and in its test part.' },
  ],
  profile,
};

const few = {
  obligor: '0.1.0', kind: 'compare', data: { source: 'loans.parquet', rows: 200 }, split: { kind: 'holdout' }, seed: 7, best: 'logistic',
  models: [{ name: 'logistic', status: 'ok', metrics: { auc: { value: 0.712 }, brier: { value: 0.18, low: 0.15, high: 0.21 } }, curves: { roc: models[0].curves?.roc } }],
};
process.stdout.write(JSON.stringify(sparse ? few : full));
