// Opens the report in Chromium, without a network, and looks at what a reader would see.
//
//   OBLIGOR_REPORT_RENDER=build/release/obligor_report_render OBLIGOR_CHROMIUM=/usr/bin/chromium node --test tests/report/page_test.mjs
//   OBLIGOR_SCREENSHOTS=DIR also leaves pictures of both widths, light and dark, and the printed page there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { chromium } = createRequire(join(root, 'web', 'package.json'))('playwright-core');
const render = process.env.OBLIGOR_REPORT_RENDER;
const pictures = process.env.OBLIGOR_SCREENSHOTS;
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

let browser;
let folder;
const reports = {};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'obligor-report-'));
  for (const kind of ['full', 'hostile', 'sparse']) {
    const json = execFileSync(process.execPath, [join(root, 'web', 'sample.mjs'), ...(kind === 'full' ? [] : [`--${kind}`])], { maxBuffer: 1 << 26 });
    const path = join(folder, `${kind}.json`);
    writeFileSync(path, json);
    const page = join(folder, `${kind}.html`);
    execFileSync(render, [path, page]);
    reports[kind] = { document: JSON.parse(json), url: pathToFileURL(page).href };
  }
  reports.empty = write('empty', {});
  // What could not be computed is null, at every depth.
  const holes = JSON.parse(JSON.stringify(reports.full.document));
  Object.assign(holes, { seed: null, machine: null, split: { kind: 'kfold', detail: null } });
  holes.warnings[0] = null;
  holes.profile[2] = null;
  holes.profile[1].missing = null;
  holes.tests[0].pairs[0] = null;
  Object.assign(holes.models[0], { threshold: null, fit_seconds: null });
  holes.models[0].metrics.ece = null;
  holes.models[0].metrics.ks.low = null;
  holes.models[0].fold_metrics.auc[3] = null;
  holes.models[0].importance[0] = null;
  holes.models[0].learning[0] = null;
  holes.models[0].learning[1].valid_auc[2] = null;
  const tunedModel = holes.models.find((m) => m.tuning);
  tunedModel.tuning[0].trials[3] = null;
  tunedModel.tuning[0].trials[4].inner_auc = null;
  holes.models[0].curves.calibration[0] = null;
  holes.models[0].curves.histogram.edges[0] = null;
  holes.models[1].curves = null;
  holes.models[1].params.num_leaves = null;
  reports.holes = write('holes', holes);
  browser = await chromium.launch({
    executablePath: process.env.OBLIGOR_CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// A document of a test's own.
function write(name, document) {
  const page = join(folder, `${name}.html`);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(document));
  execFileSync(render, [join(folder, `${name}.json`), page]);
  return { document, url: pathToFileURL(page).href };
}

async function open(kind, viewport, scheme = 'light') {
  const context = await browser.newContext({ viewport, offline: true, colorScheme: scheme });
  const page = await context.newPage();
  const heard = { errors: [], requests: [] };
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && heard.errors.push(message.text()));
  page.on('pageerror', (error) => heard.errors.push(String(error)));
  page.on('request', (request) => request.url() !== reports[kind].url && !request.url().startsWith('data:') && heard.requests.push(request.url()));
  await page.goto(reports[kind].url);
  await page.waitForFunction(() => document.querySelector('main') && [...document.querySelectorAll('figure:not([hidden]) .canvas')].every((c) => c.offsetParent === null || c.childElementCount > 0));
  return { page, heard, document: reports[kind].document, close: () => context.close() };
}

const quiet = ({ heard }) => {
  assert.deepEqual(heard.errors, []);
  assert.deepEqual(heard.requests, []);
};

// Nothing may stick out of the page; what is wider scrolls in a box of its own.
async function assertFits(page) {
  const width = await page.evaluate(() => ({ page: document.documentElement.scrollWidth, window: innerWidth }));
  assert.ok(width.page <= width.window, `the page is ${width.page} px wide in a window of ${width.window}`);
  const outside = await page.evaluate(() => [...document.querySelectorAll('#page *')]
    .filter((e) => !e.closest('.scroll, .chips .set, svg') && e.getBoundingClientRect().right > innerWidth + 0.5)
    .map((e) => `${e.tagName} ${e.className}`));
  assert.deepEqual(outside, []);
}

async function picture(page, name, options = { fullPage: true }) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), ...options });
}

for (const [name, viewport] of [['wide', WIDE], ['narrow', NARROW]]) {
  test(`the whole report is drawn without error, request or overflow on a ${name} screen`, async () => {
    const report = await open('full', viewport);
    const { page, document } = report;
    await assertFits(page);
    assert.equal(await page.locator('.leaderboard tbody tr').count(), document.models.length);
    assert.equal(await page.locator('.leaderboard tbody tr.failed').count(), document.models.filter((m) => m.status === 'failed').length);
    const fine = document.models.filter((m) => m.status === 'ok');
    const learners = fine.filter((m) => m.learning);
    // Three per model, three for all, AUC, ranks, folds; the learning charts depend on what a model records.
    const charts = await page.locator('figure .canvas > svg').count();
    const learning = learners.reduce((n, m) => n + 1 + ['valid_auc', 'learning_rate', 'gradient_norm'].filter((k) => m.learning[0][k]).length, 0);
    const tuned = fine.filter((m) => m.tuning);
    const diagnosed = fine.filter((m) => m.diagnosis);
    assert.equal(charts, 3 * fine.length + 3 + 3 + learning + 3 * diagnosed.length + tuned.length);
    assert.equal(await page.locator('#diagnosis figure').count(), 3 * diagnosed.length);
    assert.match(await page.locator('#diagnosis .found').first().textContent(), /layer1: vanishing .* Try init = glorot, init_scale = 1/);
    assert.equal(await page.locator('#tuning figure').count(), tuned.length);
    assert.match(await page.locator('#tuning figcaption').first().textContent(), /80 trials, \d+ pruned, 2 failed/);
    assert.equal(await page.locator('.warnings li').count(), document.warnings.length);
    assert.match(await page.locator('.warnings li').first().textContent(), /leak/);
    assert.equal(await page.locator('.profile tbody tr').count(), document.profile.length);
    assert.equal(await page.locator('.command code').textContent(), document.command);
    await picture(page, name);
    quiet(report);
    await report.close();
  });
}

test('the figures on the page are those of the document', async () => {
  const report = await open('full', WIDE);
  const { page, document } = report;
  const best = document.models.find((m) => m.name === document.best);
  const shown = (x) => x.toFixed(3).replace(/^0/, '');
  const cell = await page.locator(`tr[data-model="${best.name}"] td`).first().textContent();
  assert.equal(cell, `${shown(best.metrics.auc.value)}[${shown(best.metrics.auc.low)}, ${shown(best.metrics.auc.high)}]`);
  const verdict = await page.locator('.verdict').textContent();
  assert.ok(verdict.includes(best.title) && verdict.includes(shown(best.metrics.auc.value)), verdict);
  const pairs = document.tests.find((t) => t.kind === 'delong').pairs.filter((p) => p.a === best.name || p.b === best.name);
  for (const pair of pairs) {
    const other = document.models.find((m) => m.name === (pair.a === best.name ? pair.b : pair.a));
    const sentence = await page.locator('.verdict p', { hasText: other.title }).textContent();
    assert.equal(/^Not significantly/.test(sentence), pair.p_adjusted >= 0.05, sentence);
  }
  await report.close();
});

test('a click on a heading sorts, a second one turns the order, failed models stay last', async () => {
  const report = await open('full', WIDE);
  const { page, document } = report;
  const order = () => page.locator('.leaderboard tbody tr').evaluateAll((rows) => rows.map((r) => r.dataset.model));
  const fine = document.models.filter((m) => m.status === 'ok');
  const failed = document.models.filter((m) => m.status !== 'ok').map((m) => m.name);
  const names = (key, sign) => [...fine].sort((a, b) => sign * (key(a) - key(b))).map((m) => m.name).concat(failed);
  assert.deepEqual(await order(), names((m) => m.metrics.auc.value, -1));
  await page.locator('th[data-key="fit"] button').click();
  assert.deepEqual(await order(), names((m) => m.fit_seconds, 1));
  await page.locator('th[data-key="fit"] button').click();
  assert.deepEqual(await order(), names((m) => m.fit_seconds, -1));
  assert.equal(await page.locator('th[data-key="fit"]').getAttribute('aria-sort'), 'descending');
  await page.locator('th[data-key="brier"] button').click();
  assert.deepEqual(await order(), names((m) => m.metrics.brier.value, 1));
  await report.close();
});

test('a chip takes its model out of every chart below it and brings it back', async () => {
  const report = await open('full', WIDE);
  const { page, document } = report;
  const lines = () => page.locator('#discrimination figure').first().locator('g[aria-label="line"] path').count();
  const before = await lines();
  const model = document.models.find((m) => m.learning && m.status === 'ok');
  const chip = page.locator('.chip', { hasText: model.title });
  await chip.click();
  assert.equal(await chip.getAttribute('aria-pressed'), 'false');
  assert.equal(await lines(), before - 1);
  assert.equal(await page.locator(`.model[data-model="${model.name}"]:visible`).count(), 0);
  await chip.click();
  assert.equal(await lines(), before);
  assert.equal(await page.locator(`.model[data-model="${model.name}"]:visible`).count(), model.diagnosis ? 4 : 3);
  quiet(report);
  await report.close();
});

test('the fold chart changes its metric and the profile opens a column', async () => {
  const report = await open('full', WIDE);
  const { page } = report;
  await page.locator('.switch button', { hasText: 'KS' }).click();
  assert.equal(await page.locator('#folds svg[aria-label="KS on each fold"]').count(), 1);
  await page.locator('.open', { hasText: 'duration' }).click();
  await page.waitForSelector('.detail figure svg');
  assert.equal(await page.locator('.detail figure svg').count(), 2);
  await page.locator('.open', { hasText: 'checking_status' }).click();
  assert.equal(await page.locator('.levels tbody tr').count(), 4);
  await assertFits(page);
  await picture(page, 'opened', {});
  quiet(report);
  await report.close();
});

test('names that hold HTML are shown as text and do nothing', async () => {
  for (const viewport of [WIDE, NARROW]) {
    const report = await open('hostile', viewport);
    const { page } = report;
    for (const button of await page.locator('.profile .open').all()) await button.click();
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    assert.ok((await page.locator('.profile').textContent()).includes('</script><img src=x onerror="window.broken=true">'));
    await assertFits(page);
    quiet(report);
    await report.close();
  }
});

test('a binning shows a row and a picture a feature, dates as dates, and leads from the list to the bins', async () => {
  const bin = (label, share, event_rate, more) => ({ kind: 'range', label, rows: 1000 * share, count: 1000 * share, share, events: 1000 * share * event_rate, event_rate, woe: 0.4 - event_rate, iv: 0.01, js: 0.001, p_value: 0.0004, ...more });
  const levels = Array.from({ length: 30 }, (_, i) => `level ${i}`);
  const feature = (name, more, bins) => ({ name, kind: 'number', rows: 1000, count: 1000, events: 300, event_rate: 0.3, iv: 0.2, js: 0.03, gini: 0.2, ks: 0.15, trend: 'none', prebins: 9, bins, ...more });
  reports.binning = write('binning', {
    kind: 'binning', source: 'data/loans&.csv', target: 'bad', positive: '1', rows: 1000, missing_target: 3, spec: { divergence: 'iv', max_bins: 8 }, conventions: { bins: '[a, b)', woe: 'ln', empty_cell: '+0.5' },
    features: [
      feature('opened', { date: true, trend: 'ascending' }, [bin('< 2006-03-01', 0.5, 0.2), bin('>= 2006-03-01', 0.4, 0.4), bin('missing', 0.1, 0.4, { kind: 'missing', p_value: null })]),
      feature('town', { kind: 'category', note: 'of many levels' }, [bin(levels.join(', '), 0.9, 0.2, { kind: 'levels', levels }), bin('other', 0.1, 0.6, { kind: 'levels', levels: ['other'] })]),
      { name: 'telephone', error: "column 'telephone': no binning meets min_bins 4" },
    ],
  });
  for (const size of [WIDE, NARROW]) {
    const report = await open('binning', size);
    const { page } = report;
    await assertFits(page);
    assert.equal(await page.locator('h1').innerText(), 'loans&.csv');
    assert.equal(await page.locator('#features tbody tr').count(), 3);
    assert.match(await page.locator('#features tr.failed').innerText(), /min_bins 4/);
    assert.equal(await page.locator('#bins svg.binplot').count(), 2);
    assert.equal(await page.locator('#bins tbody tr').count(), 5);
    assert.match(await page.locator('#bins tbody tr').first().innerText(), /< 2006-03-01/);
    // The line joins bins of values; a missing value has a dot alone.
    const first = page.locator('#bins svg.binplot').first();
    assert.equal((await first.locator('polyline').getAttribute('points')).split(' ').length, 2);
    assert.equal(await first.locator('circle').count(), 3);
    assert.match(await page.locator('#bins summary').first().innerText(), /level 5 and 24 more/);
    await page.locator('#features a').nth(1).click();
    assert.ok(await page.locator('#feature-2').evaluate((e) => Math.abs(e.getBoundingClientRect().top) < innerHeight));
    quiet(report);
    await report.close();
  }
});

test('a card shows a picture and a row an attribute, cut-offs a row a band, the safest first', async () => {
  for (const size of [WIDE, NARROW]) {
    const report = await open('full', size);
    const { page, document } = report;
    const model = document.models.find((m) => m.scorecard);
    const characteristics = model.scorecard.characteristics;
    assert.equal(await page.locator('#scorecard svg.binplot').count(), characteristics.length);
    assert.equal(await page.locator('#scorecard tbody tr').count(), characteristics.reduce((sum, c) => sum + c.attributes.length, 0));
    // The widest in points stands first; bars stand only for bins that training rows fell in.
    assert.match(await page.locator('#scorecard h4').first().innerText(), /duration_in_month/);
    assert.equal(await page.locator('#scorecard svg.binplot').first().locator('rect').count(), 2);
    const rows = page.locator('#cutoffs table').first().locator('tbody tr');
    assert.equal(await rows.count(), model.cut_offs.point_bands.length);
    assert.match(await rows.first().innerText(), /540 and more/);
    assert.equal(await page.locator('#cutoffs table').nth(1).locator('tbody tr').count(), model.grades.length);
    await assertFits(page);
    quiet(report);
    await report.close();
  }
});

test('a tree is drawn with a box a node, and its words hold every condition', async () => {
  const report = await open('full', WIDE);
  const { page, document } = report;
  const [tree] = document.models.find((m) => m.trees).trees;
  assert.equal(await page.locator('#trees svg.tree .box').count(), tree.nodes.length);
  await page.locator('#trees summary', { hasText: 'in words' }).click();
  const words = await page.locator('#trees pre').innerText();
  for (const node of tree.nodes) assert.ok(words.includes(node.when), node.when);
  assert.equal(words.trim().split('\n').length, tree.nodes.length);
  await page.locator('#trees summary', { hasText: 'rules' }).click();
  assert.equal(await page.locator('#trees .rules tbody tr').count(), tree.rule_set.length);
  // No text runs out of its box.
  const outside = await page.evaluate(() => [...document.querySelectorAll('svg.tree g')].flatMap((g) => {
    const box = g.querySelector('.box').getBoundingClientRect();
    return [...g.querySelectorAll('.when, .facts')].filter((t) => t.getBoundingClientRect().right > box.right).map((t) => t.textContent);
  }));
  assert.deepEqual(outside, []);
  await assertFits(page);
  await page.locator('#trees').scrollIntoViewIfNeeded();
  await picture(page, 'tree', {});
  quiet(report);
  await report.close();
});

test('a document with few parts, or none, still makes a page', async () => {
  for (const viewport of [WIDE, NARROW]) {
    const sparse = await open('sparse', viewport);
    assert.equal(await sparse.page.locator('.leaderboard tbody tr').count(), 1);
    assert.match(await sparse.page.locator('.verdict').textContent(), /logistic.*\.712/);
    await assertFits(sparse.page);
    await picture(sparse.page, `sparse-${viewport.width}`);
    quiet(sparse);
    await sparse.close();
    const empty = await open('empty', viewport);
    assert.equal(await empty.page.locator('.fatal').count(), 0);
    quiet(empty);
    await empty.close();
  }
});

test('what is null is left out, and no null, NaN or undefined is shown', async () => {
  const report = await open('holes', WIDE);
  const { page, document } = report;
  assert.equal(await page.locator('.leaderboard tbody tr').count(), document.models.length);
  assert.equal(await page.locator('.warnings li').count(), document.warnings.length - 1);
  assert.equal(await page.locator('.profile tbody tr').count(), document.profile.length - 1);
  assert.doesNotMatch(await page.locator('body').innerText(), /\b(null|NaN|undefined|Infinity)\b|\[object/);
  assert.equal(await page.locator('svg [d*="NaN"], svg [x*="NaN"], svg [cx*="NaN"]').count(), 0);
  quiet(report);
  await report.close();
});

test('the page is legible in the dark and prints on paper in light colours', async () => {
  const dark = await open('full', WIDE, 'dark');
  const luminance = (page) => page.evaluate(() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return (r + g + b) / 3;
  });
  assert.ok((await luminance(dark.page)) < 60);
  await picture(dark.page, 'dark');
  await dark.page.emulateMedia({ media: 'print' });
  assert.ok((await luminance(dark.page)) > 240);
  if (pictures) await dark.page.pdf({ path: join(pictures, 'print.pdf'), preferCSSPageSize: true, printBackground: false });
  quiet(dark);
  await dark.close();
});
