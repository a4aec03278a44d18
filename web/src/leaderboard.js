// The table of results and the plot of AUC beside it.
import { dot, link, ruleX, text } from '@observablehq/plot';
import { h } from './dom.js';
import { chart } from './figure.js';
import { decimal, interval, isNumber, seconds, speed, tick } from './format.js';
import { METRICS } from './glossary.js';

export const swatch = (model) => h('i', { class: 'swatch', style: { background: model.colour } });

export function cut(label, length) {
  return label.length > length ? `${label.slice(0, length - 1)}…` : label;
}

export function leaderboard(models) {
  const fine = models.filter((m) => m.status !== 'failed');
  const metrics = METRICS.filter((metric) => fine.some((m) => isNumber(m.metrics?.[metric.key]?.value)));
  const columns = [
    { key: 'model', label: 'Model', of: (m) => m.label.toLowerCase(), first: 'low' },
    ...metrics.map((metric) => ({ ...metric, of: (m) => m.metrics?.[metric.key]?.value, first: metric.better })),
    fine.some((m) => isNumber(m.threshold)) && { key: 'threshold', label: 'Thresh.', of: (m) => m.threshold, show: (m) => decimal(m.threshold), first: 'high', text: 'Probability from which a loan is called bad.' },
    fine.some((m) => isNumber(m.fit_seconds)) && { key: 'fit', label: 'Fit', of: (m) => m.fit_seconds, show: (m) => seconds(m.fit_seconds), first: 'low', text: 'Time of fitting.' },
    fine.some((m) => isNumber(m.score_rows_per_second)) && { key: 'speed', label: 'Rows/s', of: (m) => m.score_rows_per_second, show: (m) => speed(m.score_rows_per_second), first: 'high', text: 'Rows scored a second.' },
  ].filter(Boolean);

  const best = new Map(
    metrics.map((metric) => {
      const values = fine.map((m) => m.metrics?.[metric.key]?.value).filter(isNumber);
      return [metric.key, metric.better === 'low' ? Math.min(...values) : Math.max(...values)];
    }),
  );

  const body = h('tbody');
  const headers = new Map();
  let sorted = { key: metrics.some((m) => m.key === 'auc') ? 'auc' : 'model', direction: metrics.some((m) => m.key === 'auc') ? 'high' : 'low' };

  function row(model) {
    const name = h('th', { scope: 'row' }, h('span', { class: 'name' }, swatch(model), h('span', {}, model.label, h('small', {}, model.name))));
    if (model.status === 'failed') {
      return h('tr', { class: 'failed', 'data-model': model.name }, name, h('td', { colspan: columns.length - 1 }, h('span', { class: 'reason' }, h('b', {}, 'Failed'), ' ', model.reason || 'no reason was recorded')));
    }
    return h('tr', { 'data-model': model.name }, name, columns.slice(1).map((column) => {
      if (column.show) return h('td', {}, column.show(model));
      const estimate = model.metrics?.[column.key];
      return h('td', { class: isNumber(estimate?.value) && estimate.value === best.get(column.key) ? 'best' : undefined }, decimal(estimate?.value), interval(estimate) && h('small', {}, interval(estimate)));
    }));
  }

  function fill() {
    const column = columns.find((c) => c.key === sorted.key);
    const sign = sorted.direction === 'high' ? -1 : 1;
    const known = (m) => column.of(m) !== undefined && column.of(m) !== null;
    const order = [...models].sort((a, b) => {
      if ((a.status === 'failed') !== (b.status === 'failed')) return a.status === 'failed' ? 1 : -1;
      if (known(a) !== known(b)) return known(a) ? -1 : 1;
      if (!known(a)) return 0;
      return sign * (column.of(a) < column.of(b) ? -1 : column.of(a) > column.of(b) ? 1 : 0);
    });
    body.replaceChildren(...order.map(row));
    for (const [key, cell] of headers) {
      if (key === sorted.key) cell.setAttribute('aria-sort', sorted.direction === 'high' ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
  }

  const head = h('tr', {}, columns.map((column) => {
    const cell = h('th', { scope: 'col', 'data-key': column.key, class: column.threshold ? 'threshold' : undefined },
      h('button', {
        type: 'button', title: column.text,
        onclick: () => {
          sorted = { key: column.key, direction: sorted.key === column.key ? (sorted.direction === 'high' ? 'low' : 'high') : column.first };
          fill();
        },
      }, column.label));
    headers.set(column.key, cell);
    return cell;
  }));
  fill();
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Leaderboard' }, h('table', { class: 'leaderboard' }, h('thead', {}, head), body));
}

export function aucPlot(models) {
  return (width) => {
    const rows = models.filter((m) => isNumber(m.metrics?.auc?.value)).sort((a, b) => b.metrics.auc.value - a.metrics.auc.value);
    if (rows.length === 0) return null;
    const narrow = width < 520;
    const data = rows.map((m, i) => ({ m, i, ...m.metrics.auc }));
    const ends = data.flatMap((d) => [d.low, d.high, d.value]).filter(isNumber);
    const pad = Math.max(0.004, (Math.max(...ends) - Math.min(...ends)) * 0.06);
    return chart(width, {
      height: 48 + (narrow ? 44 : 30) * rows.length, marginLeft: narrow ? 8 : 240, marginRight: narrow ? 8 : 130, marginTop: 6,
      x: { label: 'AUC', domain: [Math.max(0, Math.min(...ends) - pad), Math.min(1, Math.max(...ends) + pad)], tickFormat: tick, ticks: narrow ? 4 : 8 },
      y: { domain: data.map((d) => d.i), type: 'band', tickFormat: (i) => (narrow ? '' : cut(rows[i].label, 36)), tickSize: 0, grid: false, label: null },
      ariaLabel: 'AUC of each model with its interval',
      marks: [
        ruleX([data[0].value], { stroke: 'var(--faint)', strokeDasharray: '3 3' }),
        link(data.filter((d) => isNumber(d.low) && isNumber(d.high)), { x1: 'low', x2: 'high', y1: 'i', y2: 'i', stroke: (d) => d.m.colour, strokeWidth: 2.4 }),
        dot(data, { x: 'value', y: 'i', fill: (d) => d.m.colour, r: 4.6, stroke: 'var(--paper)', strokeWidth: 1.2 }),
        ...(narrow
          ? [ // No room beside the lines: name and figure stand above each.
              text(data, { y: 'i', frameAnchor: 'left', dy: -15, text: (d) => cut(d.m.label, 34), fill: 'currentColor' }),
              text(data, { y: 'i', frameAnchor: 'right', dy: -15, textAnchor: 'end', text: (d) => decimal(d.value), fontWeight: 600, fill: 'currentColor' }),
            ]
          : [text(data, { y: 'i', frameAnchor: 'right', dx: 14, textAnchor: 'start', text: (d) => `${decimal(d.value)} ${interval(d)}`, fontVariant: 'tabular-nums', fill: 'currentColor' })]),
      ],
    });
  };
}

const FOLD_METRICS = { auc: 'AUC', ks: 'KS', brier: 'Brier score', log_loss: 'Log-loss' };
export const foldMetricLabel = (key) => FOLD_METRICS[key] ?? key;

export function foldMetrics(models) {
  const keys = new Set(models.flatMap((m) => Object.entries(m.fold_metrics ?? {}).filter(([, v]) => Array.isArray(v) && v.length > 1).map(([k]) => k)));
  return [...Object.keys(FOLD_METRICS).filter((k) => keys.has(k)), ...[...keys].filter((k) => !(k in FOLD_METRICS))];
}
