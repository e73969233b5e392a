// Drives vue-router 3 for the router tests.
import Vue from 'vue';
import VueRouter from 'vue-router3';
import { arrived, drive } from './drive.js';
import { routesOf } from './vue-routes.js';

Vue.use(VueRouter);

const page = { render: () => null };
const frame = { render: (h) => h('router-view') };
const lazy = async () => (await import('./vue-lazy.js')).lazyPage;
const router = new VueRouter({ mode: 'history', routes: routesOf({ page, frame, lazy, rest: '*' }) });

router.afterEach(({ matched, params }) => arrived(matched.at(-1).path, params));

new Vue({ router, render: (h) => h('router-view') }).$mount('#app');

// Navigations that are refused, fail or are overtaken reject with an error.
const quietly = (navigation) => navigation.catch(() => {});

router.onReady(() =>
  drive({
    routes: router.getRoutes().map((route) => route.path || '/'),
    push: (to) => quietly(router.push(to)),
    replace: (to) => quietly(router.replace(to)),
  }),
);
