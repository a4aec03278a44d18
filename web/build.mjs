// Builds the report's template: one HTML file with its script and style inside and a marker where the JSON goes.
//
//   node build.mjs [OUT]        (OUT is dist/report.html unless given)
//
// The page's own policy lets only this one script run (by its digest) and forbids every request, so that whatever a
// data set's names contain, opening a report neither runs foreign code nor reaches a network.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist', 'report.html'));
const MARKER = '__OBLIGOR_DATA__';
const target = ['chrome100', 'firefox100', 'safari15'];

async function bundle(entry) {
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    charset: 'utf8',
    legalComments: 'none',
    target,
    logLevel: 'warning',
  });
  return result.outputFiles[0].text.trim();
}

const script = await bundle('src/main.js');
const style = await bundle('src/report.css');
if (/<\/(script|style)/i.test(script) || /<\/style/i.test(style)) throw new Error('the bundle would close its own element');
if (script.includes(MARKER)) throw new Error('the bundle must not hold the data marker');

const policy = [
  "default-src 'none'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  "style-src 'unsafe-inline'",
].join('; ');

// Functions as replacements: a "$&" in the bundle must stay as it is.
const html = readFileSync(join(here, 'src', 'template.html'), 'utf8')
  .replace('__POLICY__', () => policy)
  .replace('__STYLE__', () => style)
  .replace('__SCRIPT__', () => script);
if (html.split(MARKER).length !== 2) throw new Error('the template must hold the data marker once');

mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, html);
console.log(`${out}: ${(html.length / 1024).toFixed(0)} KB`);
