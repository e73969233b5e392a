// The routes of all pages. The tracker's route table is made from them.
import { reports, tabs } from './product.js';

export const routes = [
  { path: '/', component: () => import('./pages/ProjectsPage.vue') },
  { path: '/projects/:project', component: () => import('./pages/ProjectPage.vue'), props: true },
  {
    path: `/projects/:project/apps/:app/:report(${reports.join('|')})?`,
    component: () => import('./pages/AppPage.vue'),
    props: true,
  },
  {
    path: `/projects/:project/settings/:tab(${tabs.join('|')})?`,
    component: () => import('./pages/SettingsPage.vue'),
    props: true,
  },
  { path: '/:rest(.*)*', component: () => import('./pages/NoPage.vue') },
];
