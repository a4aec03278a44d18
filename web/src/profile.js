// The data: one line a column with a small picture of good and bad loans; a click opens the details.
import { dot, line, rectY } from '@observablehq/plot';
import { h, svg } from './dom.js';
import { chart, figure } from './figure.js';
import { histogramBins } from './charts.js';
import { count, decimal, isNumber, percent, tick, value } from './format.js';

const SHOWN_AT_FIRST = 40;

function mini(column) {
  const width = 150;
  const height = 34;
  const bars = column.histogram
    ? histogramBins(column.histogram).map((b) => ({ good: b.goods, bad: b.bads }))
    : (column.levels ?? []).map((l) => ({ good: l.n * (1 - (l.bad_rate ?? 0)), bad: l.n * (l.bad_rate ?? 0) }));
  const top = Math.max(...bars.map((b) => b.good + b.bad), 0);
  if (!(top > 0)) return h('span', { class: 'quiet' }, '–');
  const step = Math.min(24, width / bars.length);
  return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'mini', role: 'img', 'aria-label': 'Distribution of good and bad loans' },
    bars.flatMap((b, i) => {
      const bad = (b.bad / top) * (height - 1);
      const good = (b.good / top) * (height - 1);
      const at = { x: i * step, width: Math.max(0.8, step - (step > 4 ? 1 : 0.3)) };
      return [svg('rect', { ...at, y: height - bad, height: bad, class: 'bad' }), svg('rect', { ...at, y: height - bad - good, height: good, class: 'good' })];
    }),
    svg('line', { x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5, class: 'base' }));
}

function summary(column) {
  if (column.levels?.length) {
    return column.levels.slice(0, 3).map((l, i) => [i > 0 && ' · ', h('span', { class: 'level' }, l.level), ' ', h('span', { class: 'quiet' }, percent(l.bad_rate, 0))]);
  }
  if (isNumber(column.p50)) return [value(column.p50), ' ', h('span', { class: 'quiet' }, `[${value(column.p1)}, ${value(column.p99)}]`)];
  return column.reason ? '' : '–';
}

function levelTable(column) {
  const most = Math.max(...column.levels.map((l) => l.n));
  const top = Math.max(...column.levels.map((l) => l.bad_rate ?? 0), 0.0001);
  const bar = (share, cls) => h('span', { class: 'track' }, h('i', { class: cls, style: { width: `${Math.max(0, Math.min(1, share)) * 100}%` } }));
  return h('div', { class: 'scroll' }, h('table', { class: 'levels' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Level'), h('th', { scope: 'col' }, 'Loans'), h('td'), h('th', { scope: 'col' }, 'Bad rate'), h('td'))),
    h('tbody', {}, column.levels.map((l) => h('tr', {}, h('th', { scope: 'row' }, l.level), h('td', {}, count(l.n)), h('td', {}, bar(l.n / most, 'good')), h('td', {}, percent(l.bad_rate)), h('td', {}, bar((l.bad_rate ?? 0) / top, 'bad')))))));
}

function histogramChart(column) {
  return (width) => {
    const bins = histogramBins(column.histogram);
    if (bins.length === 0) return null;
    const top = Math.max(...bins.map((b) => b.goods + b.bads));
    const stacked = bins.flatMap((b) => [{ ...b, y1: 0, y2: b.bads, fill: 'var(--bad)' }, { ...b, y1: b.bads, y2: b.bads + b.goods, fill: 'var(--good)' }]);
    return chart(width, {
      height: 190, x: { label: column.name, domain: [bins[0].low, bins[bins.length - 1].high], tickFormat: (x) => value(x), grid: false }, y: { label: 'Loans', domain: [0, top * 1.05], tickFormat: (y) => count(y), ticks: 4 },
      ariaLabel: 'Histogram', marks: [rectY(stacked, { x1: 'low', x2: 'high', y1: 'y1', y2: 'y2', fill: 'fill', insetRight: 0.6 })],
    });
  };
}

function rateChart(column) {
  return (width) => {
    const bins = histogramBins(column.histogram).filter((b) => b.goods + b.bads >= 5).map((b) => ({ x: (b.low + b.high) / 2, rate: b.bads / (b.goods + b.bads), n: b.goods + b.bads }));
    if (bins.length < 2) return null;
    const edges = column.histogram.edges;
    return chart(width, {
      height: 190, x: { label: column.name, domain: [edges[0], edges[edges.length - 1]], tickFormat: (x) => value(x), grid: false }, y: { label: 'Bad rate', domain: [0, Math.max(...bins.map((b) => b.rate)) * 1.1 || 1], tickFormat: tick, ticks: 4 },
      ariaLabel: 'Bad rate by bin', marks: [line(bins, { x: 'x', y: 'rate', stroke: 'var(--bad)', strokeOpacity: 0.4 }), dot(bins, { x: 'x', y: 'rate', r: (b) => Math.sqrt(b.n), fill: 'var(--bad)' })], r: { range: [2, 7] },
    });
  };
}

function details(column) {
  const quantiles = [['Minimum', 'min'], ['1 %', 'p1'], ['25 %', 'p25'], ['Median', 'p50'], ['75 %', 'p75'], ['99 %', 'p99'], ['Maximum', 'max'], ['Mean', 'mean'], ['Standard deviation', 'sd']].filter(([, key]) => isNumber(column[key]));
  return h('div', { class: 'details' },
    column.reason && h('p', {}, column.reason),
    quantiles.length > 0 && h('dl', { class: 'facts tight' }, quantiles.map(([label, key]) => h('div', {}, h('dt', {}, label), h('dd', {}, value(column[key]))))),
    column.histogram && h('div', { class: 'grid two' }, figure({ title: 'Loans', draw: histogramChart(column) }), figure({ title: 'Bad rate', note: 'bins of five loans or more', draw: rateChart(column) })),
    column.levels?.length > 0 && levelTable(column));
}

export function profileTable(columns) {
  const heads = [
    { key: 'name', label: 'Column', of: (c) => String(c.name ?? '').toLowerCase() },
    { key: 'kind', label: 'Kind', of: (c) => `${c.role} ${c.kind}` },
    { key: 'picture', label: 'Good and bad loans' },
    { key: 'summary', label: 'Median [1 %, 99 %], or levels with bad rate' },
    { key: 'missing', label: 'Missing', of: (c) => c.missing ?? -1, down: true, number: true },
    { key: 'distinct', label: 'Distinct', of: (c) => c.distinct ?? -1, down: true, number: true },
    { key: 'auc', label: 'AUC alone', of: (c) => c.auc ?? -1, down: true, number: true, text: 'AUC of the column used as a score by itself on all rows: a description of the data, not a result.' },
  ];
  const body = h('tbody');
  let order = [...columns];
  let limit = SHOWN_AT_FIRST;
  let sorted;

  function rows(column) {
    const open = h('button', { type: 'button', class: 'open', 'aria-expanded': 'false' }, h('span', {}, column.name ?? ''));
    const row = h('tr', { class: column.role === 'ignored' ? 'ignored' : undefined },
      h('th', { scope: 'row' }, open),
      h('td', {}, column.kind ?? '–', column.role && column.role !== 'feature' && h('span', { class: 'badge' }, column.role)),
      h('td', {}, mini(column)), h('td', { class: 'summary' }, column.role === 'ignored' && column.reason ? h('span', { class: 'quiet' }, column.reason) : summary(column)),
      h('td', { class: 'number' }, column.missing > 0 ? percent(column.missing) : column.missing === 0 ? '0' : '–'),
      h('td', { class: 'number' }, count(column.distinct)), h('td', { class: 'number' }, decimal(column.auc)));
    let detail;
    open.addEventListener('click', () => {
      detail ??= h('tr', { class: 'detail' }, h('td', { colspan: heads.length }, details(column)));
      const showing = detail.isConnected;
      if (showing) detail.remove();
      else row.after(detail);
      open.setAttribute('aria-expanded', String(!showing));
    });
    return row;
  }

  const more = h('button', { type: 'button', class: 'more', onclick: () => { limit = Infinity; fill(); } }, `Show all ${count(columns.length)} columns`);
  const cells = new Map();
  function fill() {
    body.replaceChildren(...order.slice(0, limit).map(rows));
    more.hidden = order.length <= limit;
    for (const [key, cell] of cells) {
      if (sorted?.key === key) cell.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
  }
  function sortBy(head) {
    sorted = { key: head.key, down: sorted?.key === head.key ? !sorted.down : Boolean(head.down) };
    const sign = sorted.down ? -1 : 1;
    order = [...columns].sort((a, b) => sign * (head.of(a) < head.of(b) ? -1 : head.of(a) > head.of(b) ? 1 : 0));
    fill();
  }
  const head = h('tr', {}, heads.map((column) => {
    const cell = h('th', { scope: 'col', class: column.number ? 'number' : undefined }, column.of ? h('button', { type: 'button', title: column.text, onclick: () => sortBy(column) }, column.label) : column.label);
    cells.set(column.key, cell);
    return cell;
  }));
  fill();
  return h('div', {}, h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Data profile' }, h('table', { class: 'profile' }, h('thead', {}, head), body)), more);
}
