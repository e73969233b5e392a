// Prints the route table, one template per line, as `headcount serve --routes` reads it.
import { createMemoryHistory, createRouter } from 'vue-router';
import { routes } from './src/routes.js';

const router = createRouter({ history: createMemoryHistory(), routes });
for (const { path } of router.getRoutes()) console.log(path);
