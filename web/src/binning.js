// The page of `obligor bin`: the features by what they say, then each one's bins as picture and table.
import { binPlot, labelCell } from './binplot.js';
import { h } from './dom.js';
import { count, date, decimal, isNumber, percent, pCell, seconds, signed, value } from './format.js';
import { contents, foot, masthead, pairsList, sectionList } from './page.js';

const DRAWN_AT_ONCE = 60; // features; more are laid out as they come into view
const anchor = (i) => `feature-${i + 1}`;
const worthOf = (feature) => feature.iv ?? feature.explained;
const SPEC = { divergence: 'Maximised', trend: 'Trend', turn_gain: 'Gain of a turn', prebins: 'Pre-bins by', max_prebins: 'Pre-bins at most', min_bins: 'Bins at least', max_bins: 'Bins at most', min_share: 'Share of rows at least', max_share: 'Share of rows at most', min_events: 'Bads in a bin at least', min_non_events: 'Goods in a bin at least', min_difference: 'Difference of neighbours at least', max_p_value: 'p between neighbours at most' };
const DIVERGENCES = { iv: 'information value', js: 'Jensen-Shannon divergence', hellinger: 'Hellinger distance', chi2: 'chi-square', variance: 'variance between the bins' };
const KINDS = { number: 'number', category: 'category' };
const head = (titles, words = 1) => h('thead', {}, h('tr', {}, titles.map((t, i) => h('th', { class: i < words ? undefined : 'number' }, t))));
const cell = (content) => h('td', { class: 'number' }, content);

function summaryTable(features, continuous) {
  const most = Math.max(...features.map((f) => worthOf(f) ?? 0), 1e-12);
  const titles = ['Feature', 'Kind', continuous ? 'Explained' : 'IV', '', 'Bins', ...(continuous ? [] : ['Gini', 'KS']), 'Trend', 'Note'];
  return h('div', { class: 'scroll' }, h('table', { class: 'card binned' },
    h('thead', {}, h('tr', {}, titles.map((t) => h('th', { class: ['IV', 'Explained', 'Bins', 'Gini', 'KS'].includes(t) ? 'number' : undefined }, t)))),
    h('tbody', {}, features.map((f, i) => (f.error
      ? h('tr', { class: 'failed' }, h('td', {}, f.name), h('td', { colspan: titles.length - 1 }, h('b', {}, 'not binned: '), f.error))
      : h('tr', {},
        h('td', { class: 'feature' }, h('a', { href: `#${anchor(i)}`, title: f.name }, f.name)), h('td', {}, f.date ? 'date' : KINDS[f.kind] ?? ''),
        cell(continuous ? percent(f.explained, 2) : decimal(f.iv, 4)),
        h('td', { class: 'barcell' }, h('i', { style: { width: `${(100 * (worthOf(f) ?? 0)) / most}%` } })),
        cell(count(f.bins?.length)), !continuous && [cell(decimal(f.gini, 3)), cell(decimal(f.ks, 3))],
        h('td', {}, f.trend && f.trend !== 'none' ? f.trend : ''), h('td', { class: 'note' }, f.note ?? '')))))));
}

function binTable(feature, continuous) {
  const bins = feature.bins ?? [];
  const titles = continuous ? ['Bin', 'Rows', 'Share', 'Mean', 'Deviation', 'Less mean', 'p'] : ['Bin', 'Rows', 'Share', 'Bads', 'Bad rate', 'WoE', 'IV', 'JS', 'p'];
  const amount = (x) => (Number.isInteger(x) ? count(x) : value(x));
  const measured = (b) => (continuous ? [value(b.mean), value(b.deviation), value(b.less_mean)] : [amount(b.events), percent(b.event_rate), signed(b.woe, 3), decimal(b.iv, 4), decimal(b.js, 4)]);
  return h('div', { class: 'scroll' }, h('table', { class: 'card' }, head(titles),
    h('tbody', {}, bins.map((b) => h('tr', {}, labelCell(b), cell(amount(b.count)), cell(percent(b.share)), measured(b).map(cell), cell(isNumber(b.p_value) ? pCell(b.p_value) : '')))),
    !continuous && h('tfoot', {}, h('tr', {}, h('td', {}, 'all'), cell(amount(feature.count)), cell(percent(1)), cell(amount(feature.events)), cell(percent(feature.event_rate)), cell(''), cell(decimal(feature.iv, 4)), cell(decimal(feature.js, 4)), cell('')))));
}

function featurePart(feature, i, continuous) {
  const facts = [continuous ? `explains ${percent(feature.explained, 2)} of the variance` : `IV ${decimal(feature.iv, 4)}`, !continuous && `Gini ${decimal(feature.gini, 3)}`, !continuous && `KS ${decimal(feature.ks, 3)}`, feature.trend !== 'none' && feature.trend, feature.note];
  return h('div', { class: 'characteristic', id: anchor(i) },
    h('h4', {}, feature.name, h('small', {}, facts.filter(Boolean).join(' · '))),
    h('div', { class: 'pair' }, binPlot(feature.bins ?? [], continuous ? feature.mean : feature.event_rate, continuous ? 'mean' : 'rate'), binTable(feature, continuous)));
}

export function binningPage(doc) {
  const features = (doc.features ?? []).filter((f) => f && typeof f === 'object');
  const done = features.filter((f) => !f.error);
  const continuous = done.some((f) => isNumber(f.explained));
  const first = done[0] ?? {};
  const name = doc.source ? String(doc.source).split('/').pop() : 'Binning';
  document.title = `${name}: binning`;
  const { sections, section } = sectionList();
  const parts = [
    section('features', 'Features', continuous ? 'By the share of the target’s variance that the bins explain. A click leads to the bins.' : 'By information value. A click leads to the bins.', summaryTable(features, continuous)),
    done.length > 0 && section('bins', 'Bins', `Bars are the share of rows in each bin, the line is its ${continuous ? 'mean' : 'bad rate'}, the dashes that of all rows. Missing values and special codes stand apart, in lighter bars. p tests whether the next bin is the same.`,
      h('div', { class: done.length > DRAWN_AT_ONCE ? 'lazy' : undefined }, features.map((f, i) => !f.error && featurePart(f, i, continuous)))),
    section('method', 'Conventions and limits', null, h('div', { class: 'grid two' },
      doc.conventions && h('div', {}, h('h3', {}, 'Conventions'), pairsList({ ...(continuous ? {} : { Bad: doc.positive !== undefined ? `${doc.target} = ${doc.positive}` : doc.target }), Bins: doc.conventions.bins, ...(continuous ? {} : { WoE: doc.conventions.woe, 'Empty cell': doc.conventions.empty_cell }) })),
      doc.spec && h('div', {}, h('h3', {}, 'Limits'), pairsList(Object.fromEntries(Object.entries(doc.spec).map(([k, v]) => [SPEC[k] ?? k.replace(/_/g, ' '), k === 'divergence' ? DIVERGENCES[v] ?? v : v])))))),
  ];
  return [
    masthead(doc, 'optimal binning', name, [
      ['Rows', isNumber(doc.rows) && [count(doc.rows), doc.missing_target > 0 && h('small', {}, `${count(doc.missing_target)} more without a target`)]],
      continuous ? ['Mean', isNumber(first.mean) && value(first.mean)] : ['Bad rate', isNumber(first.event_rate) && [percent(first.event_rate), isNumber(first.events) && h('small', {}, `${Number.isInteger(first.events) ? count(first.events) : value(first.events)} bad`)]],
      ['Target', doc.target && [doc.target, doc.positive !== undefined && h('small', {}, `bad is “${doc.positive}”`)]],
      ['Features', features.length > 0 && [count(done.length), done.length < features.length && h('small', {}, `${count(features.length - done.length)} not binned`)]],
      ['Run', doc.started && [date(doc.started), doc.timing?.bin_seconds >= 0.01 && h('small', {}, `binned in ${seconds(doc.timing.bin_seconds)}`)]],
    ]),
    h('div', { class: 'body' }, contents(sections), h('main', {}, parts, foot(doc))),
  ];
}
