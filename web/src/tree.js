// A rule tree as a picture: the root at the top left, a box a node, a row a leaf. A large tree is cut to its upper levels; its text
// holds all of it.
import { h, svg } from './dom.js';
import { count, decimal, isNumber, percent } from './format.js';

const BOX = { width: 216, height: 56, gap: 34, step: 66 };
const LEAVES_DRAWN = 24;
const RULES_SHOWN = 12;
const LINE = 27; // characters

// Two lines at most, broken at a space where there is one.
function wrap(text) {
  if (text.length <= LINE) return [text];
  const space = text.lastIndexOf(' ', LINE);
  const at = space > LINE / 2 ? space : LINE;
  const rest = text.slice(at).trim();
  return [text.slice(0, at), rest.length > LINE ? `${rest.slice(0, LINE - 1)}…` : rest];
}

function build(nodes) {
  const byId = new Map(nodes.filter((n) => isNumber(n.id)).map((n) => [n.id, { ...n, children: [] }]));
  let root;
  for (const node of byId.values()) {
    const parent = byId.get(node.parent);
    if (parent && parent !== node) parent.children.push(node);
    else root ??= node;
  }
  return root;
}

const leavesBelow = (node) => (node.children.length === 0 ? 1 : node.children.reduce((sum, c) => sum + leavesBelow(c), 0));

// The deepest level at which no more than LEAVES_DRAWN ends are drawn.
function levelsDrawn(root) {
  let level = [root];
  let ended = 0;
  let depth = 0;
  while (level.some((n) => n.children.length > 0)) {
    const next = level.flatMap((n) => n.children);
    ended += level.filter((n) => n.children.length === 0).length;
    if (depth > 0 && ended + next.length > LEAVES_DRAWN) break;
    level = next;
    depth += 1;
  }
  return depth;
}

function place(node, depth, last, rows) {
  node.x = depth * (BOX.width + BOX.gap);
  node.shown = depth < last ? node.children : [];
  if (node.shown.length === 0) {
    node.y = rows.next * BOX.step;
    rows.next += 1;
    return;
  }
  for (const child of node.shown) place(child, depth + 1, last, rows);
  node.y = node.shown[0].y; // beside its first child: the root is where reading begins, and no branch lies far from its node
}

// Where missing values go is not said of a column in which no training row had one.
const condition = (node) => (node.takes_missing && node.missing_seen !== false ? `${node.when} or missing` : String(node.when ?? ''));

function box(node, base, top, colour) {
  const lines = wrap(condition(node));
  const track = BOX.width - 20;
  const rate = isNumber(node.bad_rate) ? node.bad_rate : 0;
  const hidden = node.children.length > 0 && node.shown.length === 0 ? leavesBelow(node) : 0;
  const facts = [`n ${count(node.n)}`, `${percent(node.bad_rate)} bad`, isNumber(node.chi_square) && `χ² ${decimal(node.chi_square, 1)}`].filter(Boolean).join(' · ');
  const first = lines.length > 1 ? 14 : 20;
  return svg('g', { transform: `translate(${node.x},${node.y})`, class: node.children.length === 0 ? 'end' : undefined },
    svg('title', {}, `${condition(node)}\n${facts}${isNumber(node.value) && node.children.length === 0 ? `\nscore ${decimal(node.value)}` : ''}${node.missing_seen === false ? '\nalso where the value is missing, which no training row had' : ''}${node.surrogates?.length > 0 ? `\nif missing: ${node.surrogates.join('; ')}` : ''}`),
    svg('rect', { width: BOX.width, height: BOX.height, rx: 4, class: 'box' }),
    lines.map((text, i) => svg('text', { x: 10, y: first + 13 * i, class: 'when' }, text)),
    svg('text', { x: 10, y: 43, class: 'facts' }, facts),
    svg('rect', { x: 10, y: 48, width: track, height: 4, class: 'ground' }),
    svg('rect', { x: 10, y: 48, width: (track * rate) / top, height: 4, fill: colour }),
    svg('path', { d: `M${10 + (track * base) / top} 46v8`, class: 'base' }),
    hidden > 0 && svg('text', { x: BOX.width + 7, y: BOX.height / 2 + 4, class: 'hidden' }, `${hidden} leaves`));
}

function picture(root, colour, label) {
  const last = levelsDrawn(root);
  const rows = { next: 0 };
  place(root, 0, last, rows);
  const boxes = [];
  const links = [];
  const walk = (node) => {
    boxes.push(node);
    for (const child of node.shown) {
      const from = { x: node.x + BOX.width, y: node.y + BOX.height / 2 };
      const to = { x: child.x, y: child.y + BOX.height / 2 };
      links.push(`M${from.x} ${from.y}C${from.x + BOX.gap / 2} ${from.y} ${to.x - BOX.gap / 2} ${to.y} ${to.x} ${to.y}`);
      walk(child);
    }
  };
  walk(root);
  const base = isNumber(root.bad_rate) ? root.bad_rate : 0;
  const top = Math.max(...boxes.map((n) => n.bad_rate ?? 0), 1e-9);
  const cut = boxes.some((n) => n.children.length > 0 && n.shown.length === 0);
  const width = Math.max(...boxes.map((n) => n.x)) + BOX.width + (cut ? 70 : 0) + 2;
  const height = rows.next * BOX.step - (BOX.step - BOX.height) + 2;
  return svg('svg', { class: 'tree', width, height, viewBox: `-1 -1 ${width} ${height}`, role: 'img', 'aria-label': label },
    svg('path', { d: links.join(''), class: 'links' }), boxes.map((node) => box(node, base, top, colour)));
}

// The same tree in words, a line a node.
function rulesText(root) {
  const lines = [];
  const walk = (node, depth) => {
    lines.push(`${'  '.repeat(depth)}${condition(node)}: n ${count(node.n)}, ${percent(node.bad_rate)} bad${node.children.length === 0 && isNumber(node.value) ? ` → ${decimal(node.value)}` : ''}`);
    for (const child of node.children) walk(child, depth + 1);
  };
  walk(root, 0);
  return lines.join('\n');
}

function ruleTable(rules) {
  const row = (r) => h('tr', {}, h('th', { scope: 'row' }, r.if), h('td', {}, r.then), h('td', { class: 'number' }, count(r.covered)), h('td', { class: 'number' }, count(r.wrong)), h('td', { class: 'number' }, decimal(r.confidence)), h('td', { class: 'number' }, decimal(r.lift, 2)));
  return h('div', { class: 'scroll rules' }, h('table', {},
    h('thead', {}, h('tr', {}, ['If', 'then', 'rows', 'wrong', 'confidence', 'lift'].map((t, i) => h('th', { scope: 'col', class: i > 1 ? 'number' : undefined }, t)))),
    h('tbody', {}, rules.slice(0, RULES_SHOWN).map(row))));
}

export function treeParts(model) {
  return model.trees.map((tree) => {
    const root = Array.isArray(tree.nodes) ? build(tree.nodes) : undefined;
    if (!root) return null;
    const rules = Array.isArray(tree.rule_set) ? tree.rule_set.filter((r) => r?.if) : [];
    const leaves = leavesBelow(root);
    return h('div', { class: 'treepart' },
      h('p', { class: 'fine' }, model.trees.length > 1 && h('b', {}, `${tree.name} `), `${leaves} ${leaves === 1 ? 'leaf' : 'leaves'}`, isNumber(tree.weight) && `, weight ${decimal(tree.weight)}`, tree.trials > 1 && `, the first of ${tree.trials} boosted trees whose scores are averaged`),
      h('div', { class: 'scroll treebox' }, picture(root, model.colour, `Tree of ${model.label}`)),
      h('details', { class: 'treetext' }, h('summary', {}, 'The tree in words'), h('div', { class: 'scroll' }, h('pre', {}, rulesText(root)))),
      rules.length > 0 && h('details', { class: 'treetext' }, h('summary', {}, `The ${Math.min(rules.length, RULES_SHOWN)} rules of the highest lift`), ruleTable(rules)));
  });
}
