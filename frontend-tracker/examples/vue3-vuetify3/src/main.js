// Starts the application and the tracker.
import { start } from 'headcount-tracker';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import { createVuetify } from 'vuetify';
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg';
import 'vuetify/styles';
import App from './App.vue';
import { routes } from './routes.js';

const router = createRouter({ history: createWebHistory(), routes });
const vuetify = createVuetify({ icons: { defaultSet: 'mdi', aliases, sets: { mdi } } });

start({
  endpoint: '/stats',
  routes: router.getRoutes().map((route) => route.path),
  breakpoints: 'vuetify3',
});

createApp(App).use(router).use(vuetify).mount('#app');
