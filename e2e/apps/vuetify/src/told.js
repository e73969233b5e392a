// Which size does Vuetify say that this page has, and which one does the tracker?
import { start } from 'headcount-tracker';

/**
 * Notes what Vuetify says, and lets the tracker speak. The page is `/VERSION/WIDTH`, with a list of widths that are
 * told apart in its query. With `grows` in it, the page becomes wide before the tracker is started.
 */
export function told(version, size) {
  const asked = new URLSearchParams(location.search);
  const widths = asked.get('widths').split(' ');
  if (asked.has('grows')) document.body.insertAdjacentHTML('beforeend', '<div class="wide"></div>');
  start({ endpoint: '/stats', routes: [`/${version}/:width(${widths.join('|')})`], breakpoints: version });
  window.vuetify = { size, inner: innerWidth, client: document.documentElement.clientWidth };
}
