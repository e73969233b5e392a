// Which size does Vuetify say that this page has, and which one does the tracker?
import { start } from 'headcount-tracker';

/**
 * Notes what Vuetify says, and lets the tracker speak. The page is `/VERSION/WIDTH`, with a list of widths that are
 * told apart in its query.
 */
export function told(version, size) {
  const widths = new URLSearchParams(location.search).get('widths').split(' ');
  start({ endpoint: '/stats', routes: [`/${version}/:width(${widths.join('|')})`], breakpoints: version });
  window.vuetify = { size, inner: innerWidth, client: document.documentElement.clientWidth };
}
