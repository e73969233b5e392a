// What is the route table? One template a line, as `headcount serve --routes` reads it.
import VueRouter from 'vue-router';
import { routes } from './src/routes.js';

const router = new VueRouter({ mode: 'abstract', routes });
// The path of the first page is empty here.
for (const { path } of router.getRoutes()) console.log(path || '/');
