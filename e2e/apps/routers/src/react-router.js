// Drives React Router for the router tests.
import { templates } from 'headcount-tracker/react-router';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Outlet, redirect } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { arrived, drive, later } from './drive.js';

const page = { Component: () => createElement('p') };
const to = (path) => ({ loader: () => redirect(path) });
const after = (result) => ({ loader: () => new Promise((resolve) => later(() => resolve(result))) });
const failing = () => {
  throw new Error('as it should');
};

const routes = [
  { path: '/', ...page },
  { path: '/items', ...page },
  {
    path: '/items/:item',
    Component: Outlet,
    children: [
      { index: true, ...page },
      { path: 'notes', ...page },
      { path: 'parts/:part?', ...page },
    ],
  },
  { path: '/lazy', lazy: async () => ({ Component: (await import('./react-lazy.js')).LazyPage }) },
  { path: '/old', ...to('/items') },
  { path: '/older', ...to('/old') },
  { path: '/login', ...page },
  { path: '/guarded', ...page, ...to('/login') },
  { path: '/late-guarded', ...page, ...after(redirect('/login')) },
  { path: '/later', ...page, ...after(null) },
  { path: '/blocked', ...page },
  { path: '/failing', ...page, loader: failing, ErrorBoundary: () => createElement('p') },
  { path: '/end', ...page },
  { path: '*', ...page },
];

const router = createBrowserRouter(routes);

/** The template of the route that is shown, as its parents and it have it. */
const template = ({ matches }) => matches.map(({ route }) => route.path ?? '').join('/');

let shown;
const look = (state) => {
  if (!state.initialized || state.navigation.state !== 'idle' || state.location === shown) return;
  shown = state.location;
  arrived(template(state), state.matches.at(-1).params);
};
router.subscribe(look);
look(router.state);

// There is no prompt: blocked navigations do not happen.
router.getBlocker('all', ({ nextLocation }) => nextLocation.pathname === '/blocked');
const push = async (path) => {
  await router.navigate(path);
  const blocker = router.state.blockers.get('all');
  if (blocker?.state === 'blocked') blocker.reset();
};

createRoot(document.getElementById('app')).render(createElement(RouterProvider, { router }));

drive({
  routes: templates(routes),
  push,
  replace: (path) => router.navigate(path, { replace: true }),
});
