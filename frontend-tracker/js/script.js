// The tracker as a script of a page: starts itself, with the attributes of its element as options.

import { bare, start, status } from './page.js'

export { optIn, optOut, start, status } from './page.js'

const name = url => url.split('/').pop()

// Finds the element of this script. Its address differs if it has credentials or is redirected; then the file
// name matches, or the element has attributes that no other module has.
const element = own => {
  const modules = [...document.scripts].filter(({ src, type }) => src && type === 'module')
  return (
    modules.find(({ src }) => bare(src) === own) ??
    modules.find(({ src }) => name(src) === name(own)) ??
    modules.find(({ dataset }) => 'routes' in dataset || 'endpoint' in dataset)
  )
}

// `headcountRoutes` is defined in the first line of this file. A server with the routes of its product writes
// them there; a copy that no server serves has `null`.
const startWith = ({ breakpoints = 'vuetify2', ...options }) =>
  start({
    endpoint: new URL('../stats', import.meta.url),
    routes: headcountRoutes,
    breakpoints: breakpoints.includes('=') ? Object.fromEntries(breakpoints.split(/\s+/).map(size => size.split('='))) : breakpoints,
    ...options,
    // A server whose statistics are off serves another script. It does not know about other servers.
    isOn: headcountRoutes !== null && !options.endpoint,
  })

// Starts without an element: it has no attributes and was redirected, or it is gone, or another module has
// imported this one and may start it itself.
const startWithout = () => {
  if (status().state !== 'off') return
  // A script that was loaded from its own address was not redirected.
  if (!performance.getEntriesByName(import.meta.url)[0]) return startWith({})
  console.warn('headcount: the element of its script is gone, and with it all options')
  // The missing attributes may have forbidden storage.
  if (headcountRoutes !== null) startWith({ storage: 'none' })
}

if (globalThis.document) {
  const own = element(bare(import.meta.url))
  if (own) startWith(own.dataset)
  else setTimeout(startWithout)
}
