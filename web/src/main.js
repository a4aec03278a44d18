// The page of a comparison, or of a binning: reads the JSON beside it and lays the sections out. Every part of the document may be absent.
import { append, h } from './dom.js';
import { figure, legendItem } from './figure.js';
import { bytes, count, date, decimal, isNumber, percent, pValue, seconds } from './format.js';
import { METRICS, TERMS } from './glossary.js';
import { calibration, calibrationTop, distribution, gains, ks, precisionRecall, roc } from './charts.js';
import { criticalDifference, foldChart, pairTable, testOf, verdict } from './compare.js';
import { aucPlot, foldMetricLabel, foldMetrics, leaderboard, swatch } from './leaderboard.js';
import { diagnosed, diagnosisCharts, learningCharts, learns } from './learning.js';
import { tuned, tuningChart } from './tuning.js';
import { profileTable } from './profile.js';
import { treeParts } from './tree.js';
import { binningPage } from './binning.js';
import { contents, foot, masthead, pairsList, sectionList } from './page.js';
import { cardParts, cutOffParts, hasCutOffs } from './card.js';
import { dress, Selection } from './state.js';

const SPLITS = { kfold: 'K-fold', holdout: 'Hold-out', time: 'Out of time', file: 'Folds from a file', grouped: 'Grouped folds' };
const POSITIVE = { given: 'as given', rarer: 'the rarer class', registry: 'from the registry' };
const WARNINGS = { leak: 'Possible leak', duplicates: 'Duplicate rows', id_like: 'Key-like column', missing: 'Missing values', constant: 'Constant column' };
const CONVENTIONS = { target: 'Target', threshold: 'Threshold', auc_interval: 'Interval of AUC', other_intervals: 'Other intervals', ece: 'ECE', h_measure: 'H-measure' };
const WARNING_ORDER = ['leak', 'duplicates', 'id_like'];
const IMPORTANCES_SHOWN = 12;

function header(doc) {
  const task = doc.task ?? {};
  const rows = task.rows ?? doc.rows ?? doc.data?.rows;
  const facts = [
    ['Loans', isNumber(rows) && count(rows)],
    ['Bad rate', isNumber(task.bad_rate) && [percent(task.bad_rate), isNumber(task.bad) && h('small', {}, `${count(task.bad)} bad`)]],
    ['Target', task.target && [task.target, task.positive !== undefined && h('small', {}, `bad is “${task.positive}”`, POSITIVE[task.positive_from] && `, ${POSITIVE[task.positive_from]}`)]],
    ['Features', isNumber(doc.data?.features) && [count(doc.data.features), isNumber(doc.data.columns) && h('small', {}, `of ${count(doc.data.columns)} columns`)]],
    ['Split', doc.split && (doc.split.detail ? [doc.split.detail] : [SPLITS[doc.split.kind] ?? doc.split.kind])],
    ['Seed', doc.seed !== undefined && String(doc.seed)],
    ['Run', doc.started && [date(doc.started), isNumber(doc.seconds) && h('small', {}, `took ${seconds(doc.seconds)}`, isNumber(doc.peak_memory_bytes) && `, ${bytes(doc.peak_memory_bytes)}`)]],
  ];
  return masthead(doc, 'model comparison', doc.data?.source ? String(doc.data.source).split('/').pop() : 'Comparison of credit-risk models', facts);
}

function warnings(list) {
  if (!Array.isArray(list)) return null;
  if (list.length === 0) return h('p', { class: 'allclear' }, 'The leak guards found nothing to report.');
  const place = (w) => (WARNING_ORDER.indexOf(w.kind) + 1 || 9);
  const sorted = [...list].sort((a, b) => place(a) - place(b));
  return h('aside', { class: 'warnings', role: 'alert' },
    h('h2', {}, list.length === 1 ? 'One warning on the data' : `${list.length} warnings on the data`, h('span', {}, 'read before the results')),
    h('ul', {}, sorted.map((w) => h('li', {}, h('b', {}, WARNINGS[w.kind] ?? String(w.kind ?? 'warning').replace(/_/g, ' ')), w.column && h('code', {}, w.column), h('span', {}, w.message)))));
}

function chips(selection) {
  const buttons = selection.models.map((m) => h('button', { type: 'button', class: 'chip', title: m.name, style: { '--c': m.colour }, onclick: () => selection.toggle(m.name) }, h('i', { class: m.dash ? 'dashed' : undefined }), m.label));
  const update = () => buttons.forEach((b, i) => b.setAttribute('aria-pressed', String(selection.has(selection.models[i]))));
  selection.onChange(update);
  update();
  const all = h('button', { type: 'button', class: 'all', onclick: () => selection.set(selection.names.size === selection.models.length ? [] : selection.models.map((m) => m.name)) }, 'All / none');
  return h('div', { class: 'chips', role: 'group', 'aria-label': 'Models shown' }, h('span', { class: 'label' }, 'Models shown'), h('div', { class: 'set' }, buttons, all));
}

// A part of a section for each shown model, hidden when the model is not shown.
function perModel(selection, models, build) {
  return models.map((m) => {
    const block = h('div', { class: 'model', 'data-model': m.name }, h('h3', {}, swatch(m), m.label), build(m));
    const update = () => { block.hidden = !selection.has(m); };
    selection.onChange(update);
    update();
    return block;
  });
}

function importance(model) {
  const list = model.importance.filter((f) => isNumber(f.share ?? f.value));
  const total = list.reduce((sum, f) => sum + (f.value ?? 0), 0) || 1;
  const share = (f) => f.share ?? f.value / total;
  const shown = list.slice(0, IMPORTANCES_SHOWN);
  const top = Math.max(...shown.map(share), 1e-9);
  const rest = list.slice(IMPORTANCES_SHOWN);
  return [
    h('ol', { class: 'bars' }, shown.map((f) => h('li', {}, h('span', { class: 'feature', title: f.feature }, f.feature), h('span', { class: 'track' }, h('i', { style: { width: `${(100 * share(f)) / top}%`, background: model.colour } })), h('span', { class: 'number' }, percent(share(f)))))),
    rest.length > 0 && h('p', { class: 'fine' }, `${rest.length} more ${rest.length === 1 ? 'feature' : 'features'} hold ${percent(rest.reduce((sum, f) => sum + share(f), 0))}.`),
  ];
}

function command(doc) {
  const code = h('code', {}, doc.command);
  const button = h('button', { type: 'button', class: 'copy', onclick: async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(doc.command);
    } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand('copy');
    }
    button.textContent = done ? 'Copied' : 'Press Ctrl-C';
    setTimeout(() => { button.textContent = 'Copy'; }, 1800);
  } }, 'Copy');
  return h('div', { class: 'command' }, h('pre', {}, code), button);
}

function main(doc) {
  const all = Array.isArray(doc.models) ? doc.models.filter((m) => m && typeof m === 'object') : [];
  const fine = dress(all);
  const selection = new Selection(fine);
  const some = (test) => fine.some(test);
  const badRate = doc.task?.bad_rate;
  const delong = testOf(doc, 'delong');
  const friedman = testOf(doc, 'friedman');
  const { sections, section } = sectionList();

  const rows = doc.task?.rows ?? doc.rows;
  const unfiltered = [
    all.length > 0 && section('results', 'Results',
      [isNumber(rows) && `n = ${count(rows)}. `, doc.conventions?.auc_interval && `Small type: intervals (AUC ${doc.conventions.auc_interval}`, doc.conventions?.other_intervals && `; others ${doc.conventions.other_intervals}`, doc.conventions?.auc_interval && '). ', 'The best figure of each column is in bold. Click a heading to sort.'],
      leaderboard(all),
      some((m) => isNumber(m.metrics?.auc?.value)) && figure({ title: 'AUC with its interval', note: 'the dashed line marks the best model', draw: aucPlot(fine), wide: true })),
    (delong?.pairs?.length > 0 || friedman) && section('tests', 'Is the difference real?', null,
      delong?.pairs?.length > 0 && [h('h3', {}, 'Differences of AUC, pair by pair'), h('p', { class: 'lead' }, `Row minus column, with the ${delong.adjust ? 'adjusted ' : ''}p-value of DeLong’s test. Shaded cells are significant at .05: blue where the row is better, orange where it is worse.`), pairTable(delong, fine)],
      friedman && [h('h3', {}, 'Ranks over the folds'),
        h('p', { class: 'lead' }, `Friedman test of ${foldMetricLabel(friedman.metric ?? 'auc')} over ${friedman.folds ?? doc.folds ?? '?'} folds: χ² ${decimal(friedman.statistic, 2)}`, isNumber(friedman.df) && ` on ${friedman.df} degrees of freedom`, `, p ${pValue(friedman.p)}. `, isNumber(friedman.nemenyi?.critical_difference) && 'A bar joins models whose mean ranks differ by less than Nemenyi’s critical difference.'),
        figure({ draw: criticalDifference(friedman, fine), wide: true })]),
  ];

  const metrics = foldMetrics(fine);
  let metric = metrics[0];
  const filtered = [];
  if (metrics.length > 0) {
    const listeners = { onChange: (f) => { listeners.f = f; selection.onChange(f); } };
    const switches = metrics.map((key) => h('button', { type: 'button', 'aria-pressed': String(key === metric), onclick: () => {
      metric = key;
      switches.forEach((b, i) => b.setAttribute('aria-pressed', String(metrics[i] === metric)));
      listeners.f();
    } }, foldMetricLabel(key)));
    filtered.push(section('folds', 'Fold by fold', 'A line joins one model’s folds. Where the lines rise and fall together, the folds differ more than the models do.',
      metrics.length > 1 && h('div', { class: 'switch', role: 'group', 'aria-label': 'Metric' }, switches), figure({ draw: foldChart(selection, () => metric), selection: listeners, wide: true })));
  }
  if (some((m) => m.curves?.roc || m.curves?.pr || m.curves?.gains)) {
    filtered.push(section('discrimination', 'Separation of good and bad', null, h('div', { class: 'grid three' },
      some((m) => m.curves?.roc) && figure({ title: 'ROC', note: 'dashed: chance', draw: roc(selection), selection }),
      some((m) => m.curves?.pr) && figure({ title: 'Precision and recall', note: isNumber(badRate) ? 'dashed: the bad rate' : undefined, draw: precisionRecall(selection, badRate), selection }),
      some((m) => m.curves?.gains) && figure({ title: 'Gains', note: 'dashed: chance; dotted: perfect', draw: gains(selection, badRate), selection }))));
  }
  const curved = fine.filter((m) => m.curves?.ks || m.curves?.calibration || m.curves?.histogram);
  if (curved.length > 0) {
    const top = calibrationTop(fine);
    filtered.push(section('scores', 'KS, calibration and scores of each model', 'Grey is good, the model’s colour is bad. Calibration: a dot on the dashed line means that the predicted probability came true; bars are intervals.',
      perModel(selection, curved, (m) => h('div', { class: 'grid three' },
        m.curves.ks && figure({ title: 'KS', note: 'cumulative shares', draw: ks(m) }),
        m.curves.calibration && figure({ title: 'Calibration', note: isNumber(m.metrics?.ece?.value) && `ECE ${decimal(m.metrics.ece.value)}`, draw: calibration(m, top) }),
        m.curves.histogram && figure({ title: 'Score distribution', note: isNumber(m.threshold) && `dashed: threshold ${decimal(m.threshold)}`, draw: distribution(m) })))));
  }
  const learners = fine.filter(learns);
  if (learners.length > 0) {
    filtered.push(section('learning', 'Learning curves', 'A thin line a fold, a strong line for their mean. The held-back part is taken from each fold’s training data and decides when to stop; test data are never looked at.',
      perModel(selection, learners, (m) => { const c = learningCharts(m); return h('div', { class: `grid ${c.length > 3 ? 'four' : 'three'}` }, c); })));
  }
  const ill = fine.filter(diagnosed);
  if (ill.length > 0) {
    filtered.push(section('diagnosis', 'Diagnosis of training', 'The signal is the gradient of the loss that comes back to a layer’s units; it should keep its size over the layers. Measured on the first batch of each epoch; curves are of the first two folds, findings of all.',
      perModel(selection, ill, diagnosisCharts)));
  }
  const tunedModels = fine.filter(tuned);
  if (tunedModels.length > 0) {
    filtered.push(section('tuning', 'Tuning', 'A dot a trial, a thin line a fold, a strong line for their mean. Trials are judged on inner folds of each fold’s training data; the highest of many is too good, which is why the metrics above come from the outer folds.',
      perModel(selection, tunedModels, (m) => h('div', { class: 'grid two' }, tuningChart(m)))));
  }
  const explained = fine.filter((m) => m.importance?.length > 0);
  if (explained.length > 0) {
    filtered.push(section('importance', 'What the models look at', 'Share of each feature in the model’s importance; the shares of a model sum to 100 %.', h('div', { class: 'grid two' }, perModel(selection, explained, importance))));
  }
  const trees = fine.filter((m) => m.trees?.length > 0);
  if (trees.length > 0) {
    filtered.push(section('trees', 'The trees', 'As fitted on the training part of the first fold. A row starts at the top left and follows the condition that holds for it; the bar is the node’s bad rate, the tick that of all rows.', perModel(selection, trees, treeParts)));
  }
  const carded = fine.filter((m) => m.scorecard?.characteristics?.length > 0);
  if (carded.length > 0) {
    filtered.push(section('scorecard', 'The scorecard', ['As fitted on the training part of the first fold. Bars are the share of loans in each bin, the line is its bad rate, the dashes that of all loans.'],
      perModel(selection, carded, (m) => cardParts(m, doc.task?.bad_rate))));
  }
  const cut = fine.filter(hasCutOffs);
  if (cut.length > 0) {
    filtered.push(section('cutoffs', 'Cut-offs and grades', 'The safest band first, counted on rows that the model was not fitted on. A cut-off below a band approves it and every safer one. Grades join neighbouring bands until their bad rates differ.',
      perModel(selection, cut, cutOffParts)));
  }

  const rest = [
    doc.profile?.length > 0 && section('data', 'The data', [`${count(doc.profile.length)} columns. Click a name for its distribution and bad rates. `, h('span', { class: 'keys inline' }, legendItem('good', { background: 'var(--good)' }), legendItem('bad', { background: 'var(--bad)' }))], profileTable(doc.profile)),
    all.some((m) => m.params || m.notes?.length) && section('models', 'Settings and notes of the models', null, all.map((m) => (m.params || m.notes?.length > 0) && h('details', { class: 'settingsof', open: m.notes?.length > 0 },
      h('summary', {}, swatch(m), m.label, m.notes?.length > 0 && h('span', { class: 'badge' }, m.notes.length === 1 ? '1 note' : `${m.notes.length} notes`)),
      m.notes?.length > 0 && h('ul', { class: 'notes' }, m.notes.map((n) => h('li', {}, n))), m.params && pairsList(m.params)))),
    (doc.command || doc.conventions || doc.machine) && section('method', 'Conventions and how to repeat this', null,
      doc.command && [h('p', { class: 'lead' }, 'This command, on the same data and machine', doc.seed !== undefined && ` with seed ${doc.seed}`, ', gives the same figures.'), command(doc)],
      h('div', { class: 'grid two' },
        doc.conventions && h('div', {}, h('h3', {}, 'Conventions'), pairsList(Object.fromEntries(Object.entries(doc.conventions).map(([k, v]) => [CONVENTIONS[k] ?? k.replace(/_/g, ' '), v])))),
        h('div', {}, h('h3', {}, 'Run'), pairsList(Object.fromEntries([
          ['Obligor', doc.obligor], ['Data', doc.data?.source], ['Split', doc.split && (doc.split.detail ?? doc.split.kind)], ['Seed', doc.seed], ['Processor', doc.machine?.processor], ['Cores', doc.machine?.cores],
          ['Time', isNumber(doc.seconds) ? seconds(doc.seconds) : undefined], ['Peak memory', isNumber(doc.peak_memory_bytes) ? bytes(doc.peak_memory_bytes) : undefined],
        ].filter(([, v]) => v !== undefined && v !== null)))))),
    section('glossary', 'Glossary', null, h('dl', { class: 'glossary' }, [...METRICS.map((m) => [m.label, m.text]), ...TERMS].map(([term, text]) => h('div', {}, h('dt', {}, term), h('dd', {}, text))))),
  ];

  const source = doc.data?.source;
  if (source) document.title = `${source}: model comparison`;
  return [
    header(doc),
    h('div', { class: 'body' }, contents(sections), h('main', {}, warnings(doc.warnings), all.length > 0 && verdict(doc, fine), unfiltered,
      filtered.length > 0 && h('div', { class: 'filtered' }, fine.length > 1 && chips(selection), filtered), rest,
      foot(doc))),
  ];
}

// What is null is absent. Series of numbers keep their gaps, since their places mean something, and so do parameters.
function present(value) {
  if (Array.isArray(value)) return (value.some((v) => typeof v === 'object' && v !== null) ? value.filter((v) => v !== null) : value).map(present);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [k, k === 'params' ? v : present(v)]));
}

const page = document.getElementById('page');
let content;
try {
  const doc = present(JSON.parse(document.getElementById('data').textContent));
  content = doc.kind === 'binning' ? binningPage(doc) : main(doc);
} catch (error) {
  content = [h('p', { class: 'fatal' }, 'This report holds no readable results. ', String(error?.message ?? error))];
  console.error(error);
}
page.replaceChildren();
append(page, content);
// Paper has no clicks: what is folded is opened for it.
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
