// Which models are shown, and one look for each of them everywhere. Colours are those of Okabe and Ito, which colour-blind
// readers can tell apart; a ninth model starts over with a dashed line.

const COLOURS = 8;
const DASHES = [undefined, '6 3', '2 3', '9 3 2 3'];
const SHOWN_AT_FIRST = 6;

export function dress(models) {
  const auc = (m) => m.metrics?.auc?.value ?? -Infinity;
  const fine = models.filter((m) => m.status !== 'failed').sort((a, b) => auc(b) - auc(a));
  fine.forEach((m, i) => {
    m.colour = `var(--m${i % COLOURS})`;
    m.dash = DASHES[Math.floor(i / COLOURS) % DASHES.length];
  });
  models.forEach((m) => {
    m.label = m.title || m.name || 'unnamed';
    m.colour ??= 'var(--muted)';
  });
  return fine;
}

export class Selection {
  constructor(models) {
    this.models = models;
    this.names = new Set(models.slice(0, SHOWN_AT_FIRST).map((m) => m.name));
    this.listeners = [];
  }
  has(model) {
    return this.names.has(model.name);
  }
  shown(models = this.models) {
    return models.filter((m) => this.names.has(m.name));
  }
  toggle(name) {
    if (!this.names.delete(name)) this.names.add(name);
    this.changed();
  }
  set(names) {
    this.names = new Set(names);
    this.changed();
  }
  onChange(listener) {
    this.listeners.push(listener);
  }
  changed() {
    for (const listener of this.listeners) listener();
  }
}
