// Drives vue-router 4 for the router tests.
import { createApp, h } from 'vue';
import { createRouter, createWebHistory, RouterView } from 'vue-router4';
import { arrived, drive } from './drive.js';
import { routesOf } from './vue-routes.js';

const page = { render: () => null };
const frame = { render: () => h(RouterView) };
const lazy = async () => (await import('./vue-lazy.js')).lazyPage;
const routes = routesOf({ page, frame, lazy, rest: '/:rest(.*)*' });
const router = createRouter({ history: createWebHistory(), routes });

router.afterEach(({ matched, params }, from, failure) => {
  if (!failure) arrived(matched.at(-1).path, params);
});

createApp(RouterView).use(router).mount('#app');

// Navigations that fail reject with an error.
const quietly = (navigation) => navigation.catch(() => {});

await router.isReady();
drive({
  routes: router.getRoutes().map((route) => route.path),
  push: (to) => quietly(router.push(to)),
  replace: (to) => quietly(router.replace(to)),
});
