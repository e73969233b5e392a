// How is this application built, and where does its development server find the rest?
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The development server would put the module elsewhere than its WebAssembly.
  optimizeDeps: { exclude: ['headcount-tracker', 'headcount-tracker/react-router'] },
  server: { proxy: { '/stats': 'http://127.0.0.1:8080' } },
});
