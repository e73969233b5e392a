// The tracker as a script of a page: starts itself, with the attributes of its element for options.

import { start } from './page.js'

export * from './page.js'

const script = [...document.scripts].find(({ src }) => src === import.meta.url)
if (script) {
  const { breakpoints = 'vuetify2', ...options } = script.dataset
  // A server that knows the routes of its product writes them in front of this file.
  start({
    endpoint: new URL('../stats', import.meta.url),
    routes: headcountRoutes,
    breakpoints: breakpoints.includes('=') ? Object.fromEntries(breakpoints.split(/\s+/).map(size => size.split('='))) : breakpoints,
    ...options,
  })
}
