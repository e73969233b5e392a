// Starts the application and the tracker.
import { start } from 'headcount-tracker';
import Vue from 'vue';
import VueRouter from 'vue-router';
import Vuetify from 'vuetify';
import 'vuetify/dist/vuetify.min.css';
import App from './App.vue';
import { routes } from './routes.js';

Vue.use(VueRouter);
Vue.use(Vuetify);

const router = new VueRouter({ mode: 'history', routes });
const vuetify = new Vuetify({ icons: { iconfont: 'mdiSvg' } });

start({
  endpoint: '/stats',
  // In Vue Router 3 the path of the first page is empty.
  routes: router.getRoutes().map((route) => route.path || '/'),
  breakpoints: 'vuetify2',
});

new Vue({ router, vuetify, render: (h) => h(App) }).$mount('#app');
