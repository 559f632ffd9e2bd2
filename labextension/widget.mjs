/**
 * Bundles the card as an anywidget (`jupyter_lambda/static/card.js`, `card.css`), and prints how large the bundles are.
 *
 * Needs `lib/`, which `jlpm build:lib` makes, and the extension's bundle, which `jlpm build:labextension` makes.
 */
import { readFileSync, readdirSync, writeFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { rspack } from '@rspack/core';

/** What a page may have to load of ours, JupyterLab's shared modules apart. */
const MOST_BYTES = 300_000;

const here = dirname(fileURLToPath(import.meta.url));
const output = resolve(here, '../jupyter_lambda/static');
const extension = resolve(here, '../jupyter_lambda/labextension/static');

await bundle();
writeFileSync(join(output, 'card.css'), styles());
report();

function bundle() {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const compiler = rspack({
    mode: 'production',
    context: here,
    entry: './lib/cell/widget.js',
    experiments: { outputModule: true },
    output: { path: output, filename: 'card.js', module: true, library: { type: 'module' }, chunkFormat: 'module' },
    optimization: { splitChunks: false },
    externalsType: 'module',
    performance: false,
    stats: 'errors-warnings'
  });
  return new Promise((done, failed) => {
    compiler.run((error, stats) => {
      compiler.close(() => undefined);
      if (error || stats.hasErrors()) {
        failed(error ?? new Error(stats.toString('errors-only')));
      } else {
        done();
      }
    });
  });
}

/** The extension's style sheets in their order, those of packages too, and the widget's own. */
function styles() {
  const index = readFileSync(join(here, 'style/index.css'), 'utf8');
  const names = [...index.matchAll(/@import url\('([^']+)'\)/g)].map(found => found[1]);
  const files = names.map(name =>
    name.includes('/') ? join(here, 'node_modules', name) : join(here, 'style', name)
  );
  return [...files, join(here, 'style/widget.css')].map(file => readFileSync(file, 'utf8')).join('\n');
}

function report() {
  const ours = readdirSync(extension).filter(name => name.endsWith('.js')).map(name => join(extension, name));
  const sizes = [
    ['extension', ours],
    ['widget', [join(output, 'card.js'), join(output, 'card.css')]]
  ];
  for (const [what, files] of sizes) {
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
    console.log(`${what}: ${Math.ceil(bytes / 1000)} kB gzipped of ${MOST_BYTES / 1000} kB`);
    if (bytes > MOST_BYTES) {
      console.error(`${what}: larger than it may be`);
      process.exitCode = 1;
    }
  }
}
