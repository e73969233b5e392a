// Builds a site for each router with its framework.
import { copyFile, mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

const routers = { 'vue-router3': { vue: 'vue2' }, 'vue-router4': { vue: 'vue3' }, 'react-router': {} };

for (const [router, alias] of Object.entries(routers)) {
  const outdir = `dist/${router}`;
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: { main: `src/${router}.js` },
    outdir,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    alias,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
  await copyFile('node_modules/headcount-tracker/tracker_bg.wasm', `${outdir}/tracker_bg.wasm`);
  await copyFile('index.html', `${outdir}/index.html`);
}
