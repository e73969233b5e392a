// Tests that the table of React Router's routes has exactly the paths that the router matches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { templates } from 'headcount-tracker/react-router';
import { matchPath, matchRoutes } from 'react-router';

const segment = fc.constantFrom('a', 'b', ':x', ':y', 'a?', ':x?');
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
const leaf = fc.oneof(
  fc.constant({ index: true }),
  fc.record({ path: fc.oneof(path, fc.constantFrom('', '*', 'a/*')) }),
);
const { route } = fc.letrec((tie) => ({
  route: fc.oneof({ maxDepth: 3 }, leaf, fc.record({ path, children: tie('routes') }), fc.record({ children: tie('routes') })),
  routes: fc.array(tie('route'), { minLength: 1, maxLength: 3 }),
}));
const routes = fc.array(fc.oneof(route, fc.constant({ path: '/' })), { minLength: 1, maxLength: 4 });
const url = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);

test('a path matches a template if and only if it matches a route', () => {
  const agrees = (routes, url) => {
    const matches = templates(routes).some((template) => matchPath(template, url) !== null);
    assert.equal(matches, matchRoutes(routes, url) !== null, JSON.stringify(templates(routes)));
  };
  fc.assert(fc.property(routes, url, agrees), { numRuns: 2000, seed: 1 });
});

test('the routes of a product give the table that one would write', () => {
  const routes = [
    {
      children: [
        { index: true },
        {
          path: 'projects/:project',
          children: [{ index: true }, { path: 'apps/:app?' }, { path: '/projects/:project/settings' }],
        },
        { path: 'files/*' },
        { path: 'images*' },
        { path: ':language?/about' },
        { path: '*' },
      ],
    },
  ];
  assert.deepEqual(templates(routes), [
    '/',
    '/projects/:project',
    '/projects/:project/apps/:app',
    '/projects/:project/apps',
    '/projects/:project/settings',
    '/files/*',
    '/images/*',
    '/:language/about',
    '/about',
    '/*',
  ]);
});
