// Converts the routes of React Router to a route table.

/** @param {readonly import('./react-router.d.ts').Route[]} routes */
export function templates(routes) {
  return [...new Set(below('', routes))];
}

/** The templates of all routes under a parent's template, which is empty at the root. */
function below(parent, routes) {
  return routes.flatMap((route) => variants(route.path ?? '').flatMap((path) => of(parent, route, path)));
}

/** The templates of a route and of its children, for one variant of its path. */
function of(parent, route, path) {
  const template = joined(parent, path);
  if (template === undefined) return [];
  // As in React Router, a route without a path only wraps others.
  const own = route.path === undefined && !route.index ? [] : [template || '/'];
  return [...own, ...below(template, route.children ?? [])];
}

/** The template of a path under a parent. `undefined` for an absolute path that does not begin with the parent's. */
function joined(parent, path) {
  const whole = path.startsWith('/') ? path : `${parent}/${path}`;
  if (!whole.startsWith(parent)) return undefined;
  // `files*` means `files/*` there.
  const segments = whole.replace(/([^/])\*$/, '$1/*').split('/').filter((segment) => segment !== '');
  return segments.map((segment) => `/${segment}`).join('');
}

/** The variants of a path with optional segments, those with the segments first. */
function variants(path) {
  const [first, ...others] = path.split('/');
  const rests = others.length > 0 ? variants(others.join('/')) : [''];
  const required = first.replace(/\?$/, '');
  const all = rests.map((rest) => (others.length > 0 ? `${required}/${rest}` : required));
  return first.endsWith('?') ? [...all, ...rests] : all;
}
