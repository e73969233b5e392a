// Calls that the types have to refuse. An accepted line below is an error itself.
import { start, status } from 'headcount-tracker';
import { templates } from 'headcount-tracker/react-router';

// @ts-expect-error There is no default for where views go.
start({ routes: ['/'] });
// @ts-expect-error There is no default for the routes.
start({ endpoint: '/stats' });
// @ts-expect-error A table is a list.
start({ endpoint: '/stats', routes: '/' });
// @ts-expect-error There are two ways to write a parameter.
start({ endpoint: '/stats', routes: [], placeholder: '%' });
// @ts-expect-error There is no such version.
start({ endpoint: '/stats', routes: [], breakpoints: 'vuetify5' });
// @ts-expect-error The smallest size begins at nothing.
start({ endpoint: '/stats', routes: [], breakpoints: { xs: 0 } });
// @ts-expect-error A width is a number.
start({ endpoint: '/stats', routes: [], breakpoints: { sm: '600px' } });
// @ts-expect-error It is counted or ignored.
start({ endpoint: '/stats', routes: [], automation: true });
// @ts-expect-error A misspelt option would be one that does nothing.
start({ endpoint: '/stats', routes: [], localHost: 'ignore' });
// @ts-expect-error There is no such state.
status().state === 'on';
// @ts-expect-error A route is an object.
templates(['/']);
