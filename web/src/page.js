// What every page is laid out of: its head, numbered sections with their contents list, lists of settings, its foot.
import { h } from './dom.js';
import { date } from './format.js';

export function masthead(doc, what, title, facts) {
  const told = facts.filter(([, content]) => content);
  return h('header', { class: 'top' },
    h('p', { class: 'eyebrow' }, 'Obligor', doc.obligor && ` ${doc.obligor}`, ` · ${what}`),
    h('h1', {}, title),
    told.length > 0 && h('dl', { class: 'facts' }, told.map(([label, content]) => h('div', {}, h('dt', {}, label), h('dd', {}, content)))));
}

// section(...) makes the next one of the list.
export function sectionList() {
  const sections = [];
  const section = (id, title, lead, ...content) => {
    const node = h('section', { id }, h('h2', {}, h('span', { class: 'no' }, sections.length + 1), title), lead && h('p', { class: 'lead' }, lead), content);
    sections.push({ id, title, node });
    return node;
  };
  return { sections, section };
}

export const contents = (sections) => h('nav', { class: 'toc', 'aria-label': 'Contents' }, h('ol', {}, sections.map((s) => h('li', {}, h('a', { href: `#${s.id}` }, s.title)))));

export const foot = (doc) => h('footer', {}, 'Made by Obligor', doc.obligor && ` ${doc.obligor}`, doc.started && ` on ${date(doc.started)}`, '. This file is complete in itself and asks nothing of any network.');

function settings(value) {
  if (value === null) return '–';
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) && value.every((v) => typeof v !== 'object') ? value.join(', ') : JSON.stringify(value);
}

export const pairsList = (object) => h('dl', { class: 'settings' }, Object.entries(object).map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, typeof v === 'object' && v !== null && !Array.isArray(v) ? pairsList(v) : settings(v)))));
