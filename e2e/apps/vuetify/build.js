// Builds a page for each version of Vuetify with its version of Vue.
import { copyFile, mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

// Vuetify 1 and 2 would otherwise load another copy of Vue than the one that is imported here.
const vue2 = 'vue2/dist/vue.runtime.esm.js';
const versions = { vuetify1: vue2, vuetify2: vue2, vuetify3: 'vue3', vuetify4: 'vue3' };

await mkdir('dist', { recursive: true });
for (const [version, vue] of Object.entries(versions)) {
  await build({
    entryPoints: [`src/${version}.js`],
    outdir: 'dist',
    bundle: true,
    minify: true,
    format: 'esm',
    alias: { vue },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
    logLevel: 'warning',
  });
}
await copyFile('node_modules/headcount-tracker/tracker_bg.wasm', 'dist/tracker_bg.wasm');
await copyFile('index.html', 'dist/index.html');
