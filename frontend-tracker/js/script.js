// The tracker as a script of a page: starts itself, with the attributes of its element for options.

import { bare, start, status } from './page.js'

export { optIn, optOut, start, status } from './page.js'

const name = url => url.split('/').pop()

// The element of this script. Its address is another one where it has credentials or is redirected; a file keeps its name
// then, or its element has attributes as no other module's has.
const element = own => {
  const modules = [...document.scripts].filter(({ src, type }) => src && type === 'module')
  return (
    modules.find(({ src }) => bare(src) === own) ??
    modules.find(({ src }) => name(src) === name(own)) ??
    modules.find(({ dataset }) => 'routes' in dataset || 'endpoint' in dataset)
  )
}

// `headcountRoutes` is the first line of this file. A server that knows the routes of its product writes them there; a copy
// that no server serves has `null`.
const startWith = ({ breakpoints = 'vuetify2', ...options }) =>
  start({
    endpoint: new URL('../stats', import.meta.url),
    routes: headcountRoutes,
    breakpoints: breakpoints.includes('=') ? Object.fromEntries(breakpoints.split(/\s+/).map(size => size.split('='))) : breakpoints,
    ...options,
    // A server whose statistics are off serves another script. It does not know of other servers.
    isOn: headcountRoutes !== null && !options.endpoint,
  })

// No element is known: it has no attributes and was redirected, or it is gone, or another module has imported this one and may
// start it by itself.
const startWithout = () => {
  if (status().state !== 'off') return
  // What was asked for under its own address was not redirected.
  if (!performance.getEntriesByName(import.meta.url)[0]) return startWith({})
  console.warn('headcount: the element of its script is gone, and with it all options')
  // It may have said that nothing is to be stored.
  if (headcountRoutes !== null) startWith({ storage: 'none' })
}

if (globalThis.document) {
  const own = element(bare(import.meta.url))
  if (own) startWith(own.dataset)
  else setTimeout(startWithout)
}
