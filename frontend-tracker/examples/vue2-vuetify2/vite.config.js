// How is this application built, and where does its development server find the rest?
import vue from '@vitejs/plugin-vue2';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [vue()],
  // The development server would put the module elsewhere than its WebAssembly.
  optimizeDeps: { exclude: ['headcount-tracker'] },
  server: { proxy: { '/stats': 'http://127.0.0.1:8080' } },
});
