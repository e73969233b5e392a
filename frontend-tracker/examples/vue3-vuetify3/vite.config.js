// The build of this application, and the proxies of its development server.
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import vuetify from 'vite-plugin-vuetify';

export default defineConfig({
  plugins: [vue(), vuetify()],
  // Otherwise the development server would separate the module from its WebAssembly.
  optimizeDeps: { exclude: ['headcount-tracker'] },
  server: { proxy: { '/stats': 'http://127.0.0.1:8080' } },
});
