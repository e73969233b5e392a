// How is this application built, and where does its development server find the rest?
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import vuetify from 'vite-plugin-vuetify';

export default defineConfig({
  plugins: [vue(), vuetify()],
  // The development server would put the module elsewhere than its WebAssembly.
  optimizeDeps: { exclude: ['headcount-tracker'] },
  server: { proxy: { '/stats': 'http://127.0.0.1:8080' } },
});
