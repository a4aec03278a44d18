// A chart in its box: drawn at the width it has, drawn again when the width or the shown models change.
import { plot } from '@observablehq/plot';
import { h } from './dom.js';
import { tick } from './format.js';

const watched = new Map();
const observer = new ResizeObserver((entries) => {
  for (const entry of entries) watched.get(entry.target)?.(Math.floor(entry.contentRect.width));
});

// draw(width) returns a node or nothing; a figure for which it returns nothing is hidden.
export function figure({ title, note, draw, selection, wide, legend }) {
  const canvas = h('div', { class: 'canvas' });
  const box = h('figure', { class: wide ? 'wide' : undefined }, title && h('figcaption', {}, h('strong', {}, title), note && h('span', {}, note)), legend, canvas);
  let width = 0;
  const redraw = () => {
    const chart = draw(width);
    box.hidden = !chart;
    canvas.replaceChildren(...(chart ? [chart] : []));
  };
  watched.set(canvas, (now) => {
    if (now < 40 || now === width) return;
    width = now;
    redraw();
  });
  observer.observe(canvas);
  selection?.onChange(() => width && redraw());
  return box;
}

// Plot with the report's look. Domains default to the unit square.
export function chart(width, options) {
  const unit = (axis) => ({ domain: [0, 1], tickFormat: tick, ticks: 5, grid: true, labelArrow: 'none', labelAnchor: 'center', ...axis });
  return plot({
    width,
    height: Math.round(Math.min(340, Math.max(220, 0.78 * width))),
    marginLeft: 46,
    marginRight: 14,
    marginTop: 12,
    marginBottom: 38,
    style: { background: 'transparent', fontFamily: 'inherit', fontSize: '11px', overflow: 'visible' },
    ...options,
    x: unit(options.x),
    y: unit(options.y),
  });
}

export const legendItem = (label, style, kind = 'box') => h('span', { class: 'key' }, h('i', { class: kind, style }), label);
