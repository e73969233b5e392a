// Reports the size of this page by Vuetify, and starts the tracker that counts it.
import { start } from 'headcount-tracker';

/**
 * Stores what Vuetify reports, and starts the tracker. The page is `/VERSION/WIDTH`, and its query has the list of
 * widths with keys of their own. With `grows` in the query, the page becomes wide before the tracker starts.
 */
export function told(version, size) {
  const asked = new URLSearchParams(location.search);
  const widths = asked.get('widths').split(' ');
  if (asked.has('grows')) document.body.insertAdjacentHTML('beforeend', '<div class="wide"></div>');
  start({ endpoint: '/stats', routes: [`/${version}/:width(${widths.join('|')})`], breakpoints: version });
  window.vuetify = { size, inner: innerWidth, client: document.documentElement.clientWidth };
}
