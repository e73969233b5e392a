// The tracker as a script of a page: starts itself, with the attributes of its element for options.

import { start } from './page.js'

export * from './page.js'

const script = [...document.scripts].find(({ src }) => src === import.meta.url)
if (script) {
  const { breakpoints = 'vuetify2', ...options } = script.dataset
  start({
    endpoint: new URL('../stats', import.meta.url),
    // The first line of this file. A server that knows the routes of its product writes them there; a copy that no server
    // serves has `null`.
    routes: headcountRoutes,
    breakpoints: breakpoints.includes('=') ? Object.fromEntries(breakpoints.split(/\s+/).map(size => size.split('='))) : breakpoints,
    ...options,
    // A server whose statistics are off serves another script. It does not know of other servers.
    isOn: headcountRoutes !== null && !options.endpoint,
  })
}
