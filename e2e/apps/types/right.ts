// Calls that the types have to accept.
import { optIn, optOut, start, status, type Options, type Status } from 'headcount-tracker';
import { templates } from 'headcount-tracker/react-router';
import type { RouteObject } from 'react-router';

start({ endpoint: '/stats', routes: ['/', '/projects/:project'] });
start({ endpoint: new URL('https://example.com/stats'), routes: [] as const });

const all: Options = {
  endpoint: '/stats',
  routes: ['/'],
  base: '/app/',
  placeholder: ':',
  breakpoints: 'vuetify4',
  automation: 'ignore',
  localhost: 'ignore',
  storage: 'none',
  router: 'hash',
  wasm: new URL('https://example.com/tracker_bg.wasm'),
};
start({ ...all, breakpoints: { sm: 600, xxl: 2000 } });

const routes: RouteObject[] = [
  { index: true },
  { path: '/p/:id', caseSensitive: true, children: [{ index: true }, { path: 'notes', lazy: async () => ({}) }] },
];
start({ endpoint: '/stats', routes: templates(routes) });

const { state, waiting, dropped }: Status = status();
const waits: boolean = state === 'loading' && waiting + dropped > 0;
const nothing: void[] = [optOut(), optIn()];
export { nothing, waits };
