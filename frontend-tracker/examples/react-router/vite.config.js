// The build of this application, and the proxies of its development server.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Otherwise the development server would separate the module from its WebAssembly.
  optimizeDeps: { exclude: ['headcount-tracker', 'headcount-tracker/react-router'] },
  server: { proxy: { '/stats': 'http://127.0.0.1:8080' } },
});
