// Prints the route table, one template per line, as `headcount serve --routes` reads it.
import { templates } from 'headcount-tracker/react-router';
import { routes } from './src/routes.js';

for (const template of templates(routes)) console.log(template);
