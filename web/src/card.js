// The scorecard as it is read: for each characteristic a picture of its bins beside the table of points; and for every model what each
// cut-off would approve, and the grades.
import { binPlot, labelCell } from './binplot.js';
import { h } from './dom.js';
import { count, decimal, isNumber, minus, percent } from './format.js';

const SHOWN = 12; // characteristics before the fold

const points = (x) => minus(Number.isInteger(x) ? String(x) : x.toFixed(2));

// Attributes that no training row had and that score alike share a line.
function told(attributes) {
  const result = [];
  for (const a of attributes) {
    const same = isNumber(a.rows) ? undefined : result.find((b) => !isNumber(b.rows) && b.points === a.points);
    if (same) same.label += ` or ${a.label}`;
    else result.push({ ...a });
  }
  return result;
}

function characteristic(c, overall) {
  const rows = told(c.attributes ?? []);
  return h('div', { class: 'characteristic' },
    h('h4', {}, c.name, h('small', {}, [isNumber(c.iv) && `IV ${decimal(c.iv, 3)}`, isNumber(c.points_low) && `${points(c.points_low)} to ${points(c.points_high)} points`, isNumber(c.p) && `p ${c.p < 0.0001 ? '< 0.0001' : decimal(c.p, 4)}`].filter(Boolean).join(' · '))),
    h('div', { class: 'pair' },
      binPlot(rows, overall),
      h('div', { class: 'scroll' }, h('table', { class: 'card' },
        h('thead', {}, h('tr', {}, h('th', {}, 'Attribute'), ['Points', 'WoE', 'Loans', 'Bad rate'].map((t) => h('th', { class: 'number' }, t)))),
        h('tbody', {}, rows.map((a) => h('tr', { class: isNumber(a.rows) ? undefined : 'never' },
          labelCell(a), h('td', { class: 'number points' }, isNumber(a.points) ? points(a.points) : ''), h('td', { class: 'number' }, isNumber(a.woe) ? decimal(a.woe, 2) : ''),
          h('td', { class: 'number' }, isNumber(a.share) ? percent(a.share) : ''), h('td', { class: 'number' }, isNumber(a.event_rate) ? percent(a.event_rate) : ''))))))));
}

export function cardParts(model, overall) {
  const card = model.scorecard;
  const list = [...card.characteristics].sort((a, b) => (b.points_high - b.points_low) - (a.points_high - a.points_low));
  const scale = card.scale ?? {};
  const rest = list.slice(SHOWN);
  return [
    h('p', { class: 'fine' }, `${list.length} characteristics, ${count(card.attributes)} attributes; a loan scores from ${points(card.points_low)} to ${points(card.points_high)}. `,
      isNumber(scale.double_odds) && `${scale.double_odds} points double the odds of good to bad; ${scale.base_points} points are odds of ${scale.base_odds} to 1. `,
      'The widest in points first. What no training loan had (grey) scores as the mean.'),
    list.slice(0, SHOWN).map((c) => characteristic(c, overall)),
    rest.length > 0 && h('details', {}, h('summary', {}, `${rest.length} more characteristics`), rest.map((c) => characteristic(c, overall))),
  ];
}

const oddsText = (odds) => (isNumber(odds) ? `${odds >= 100 ? odds.toFixed(0) : odds.toFixed(1)} : 1` : '–');
const interval = (rate) => (rate && isNumber(rate.value) ? [percent(rate.value), h('small', {}, ` ${percent(rate.low)}–${percent(rate.high)}`)] : '–');
const range = (b) => {
  if (isNumber(b.from) || isNumber(b.to)) return isNumber(b.from) ? (isNumber(b.to) ? `${b.from}–${b.to - 1}` : `${b.from} and more`) : `under ${b.to}`;
  return `${percent(b.low)}–${percent(b.high)}`;
};

export const hasCutOffs = (model) => (model.cut_offs?.bands?.length ?? 0) > 0;

export function cutOffParts(model) {
  const points = model.cut_offs.point_bands?.length > 0;
  const bands = points ? model.cut_offs.point_bands : model.cut_offs.bands;
  const worst = Math.max(...bands.map((b) => b.bad_rate?.value ?? 0), 1e-9);
  const head = [points ? 'Points' : 'Probability of bad', 'Loans', 'Bad rate', '', 'Odds', 'Approved down to here', 'Their bad rate', 'Bads declined', 'KS'];
  const grades = model.grades ?? [];
  return [
    h('div', { class: 'scroll' }, h('table', { class: 'card' },
      h('thead', {}, h('tr', {}, head.map((t, i) => h('th', { class: i === 0 ? undefined : 'number' }, t)))),
      h('tbody', {}, bands.map((b) => h('tr', {},
        h('td', { class: 'band' }, range(b)), h('td', { class: 'number' }, count(b.n)), h('td', { class: 'number' }, interval(b.bad_rate)),
        h('td', { class: 'barcell' }, h('i', { style: { width: `${(100 * (b.bad_rate?.value ?? 0)) / worst}%`, background: model.colour } })),
        h('td', { class: 'number' }, oddsText(b.odds)), h('td', { class: 'number' }, percent(b.approval_rate)), h('td', { class: 'number' }, isNumber(b.approved_bad_rate?.value) ? percent(b.approved_bad_rate.value) : '–'),
        h('td', { class: 'number' }, percent(b.bads_declined)), h('td', { class: 'number' }, decimal(b.ks, 3))))))),
    grades.length > 0 && h('h4', {}, 'Grades'),
    grades.length > 0 && h('div', { class: 'scroll' }, h('table', { class: 'card' },
      h('thead', {}, h('tr', {}, ['Grade', 'Probability of bad', 'Loans', 'Bad', 'PD observed', 'PD said', 'p'].map((t, i) => h('th', { class: i < 2 ? undefined : 'number' }, t)))),
      h('tbody', {}, grades.map((g) => h('tr', {},
        h('td', {}, String(g.grade)), h('td', {}, isNumber(g.high) ? `${percent(g.low)}–${percent(g.high)}` : `${percent(g.low)} and more`), h('td', { class: 'number' }, count(g.n)), h('td', { class: 'number' }, count(g.bad)),
        h('td', { class: 'number' }, interval(g.pd)), h('td', { class: 'number' }, percent(g.mean)), h('td', { class: 'number' }, isNumber(g.p) ? decimal(g.p, 3) : '')))))),
  ];
}
