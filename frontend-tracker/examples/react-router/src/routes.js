// The routes of all pages. The tracker's route table is made from them.
import { reports, tabs } from './product.js';

const page = (load) => ({ lazy: async () => ({ Component: (await load()).default }) });
const app = page(() => import('./pages/AppPage.jsx'));
const settings = page(() => import('./pages/SettingsPage.jsx'));

// Reports and tabs are routes of their own, so that each has its own key.
export const routes = [
  {
    ...page(() => import('./App.jsx')),
    HydrateFallback: () => null,
    children: [
      { index: true, ...page(() => import('./pages/ProjectsPage.jsx')) },
      {
        path: 'projects/:project',
        children: [
          { index: true, ...page(() => import('./pages/ProjectPage.jsx')) },
          { path: 'apps/:app', ...app, children: [{ index: true }, ...reports.map((path) => ({ path }))] },
          { path: 'settings', ...settings, children: [{ index: true }, ...tabs.map((path) => ({ path }))] },
        ],
      },
      { path: '*', ...page(() => import('./pages/NoPage.jsx')) },
    ],
  },
];
