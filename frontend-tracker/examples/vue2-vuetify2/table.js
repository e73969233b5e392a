// Prints the route table, one template per line, as `headcount serve --routes` reads it.
import VueRouter from 'vue-router';
import { routes } from './src/routes.js';

const router = new VueRouter({ mode: 'abstract', routes });
// In Vue Router 3 the path of the first page is empty.
for (const { path } of router.getRoutes()) console.log(path || '/');
