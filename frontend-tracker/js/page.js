// The tracker in its page: decides whether it runs at all, observes the page, and guards every call of the
// program.
//
// History and events of the page are handled outside of WebAssembly, by code that cannot trap. A browser
// whose owner opted out never fetches the program, and neither does one whose server has statistics switched
// off: the server is asked before anything is fetched or stored, unless it has just served this script and so
// has answered already.

import * as program from 'headcount-bindings'
import { keepDeviceUnder, stored } from 'headcount-browser'
import { DISCREET, deliverTo } from 'headcount-delivery'

// `headcount_shared::browser_storage` has the same keys. The key of a UUID is this one followed by the base
// path of its installation; alone it is the key of 0.1.0, which installations shared.
const ID = 'headcount-device-id'
const OPT_OUT = 'headcount-opt-out'

// The most events that are queued while the program loads; a page has fewer in that time. `WAITING` in
// `src/tracker/views.rs` has the same value.
const EARLY = 32

// How often the path is checked in browsers without the Navigation API, in milliseconds.
const LOOK = 500

const LOCALHOST = /^(.+\.)?localhost$|^127\.|^\[::1]$/

// The key of the tracker in its window.
const TRACKER = Symbol.for('headcount')

// Removes credentials from an address: `fetch` refuses them, and not every browser exposes them.
export const bare = url => ('' + url).replace(/\/\/[^/]*@/, '//')

const create = () => {
  let state = 'off'
  let options
  let endpoint
  let key
  let loaded
  let early = []
  let watching
  let scheduled
  let widths
  let settled
  let reached
  let busy

  const become = next => {
    state = next
    early = []
  }

  // A fault of the program ends the tracker, and nothing else.
  const fail = error => {
    become('failed')
    console.warn('headcount: ' + error)
  }

  const call = use => {
    try {
      if (state === 'counting') return use()
    } catch (error) {
      fail(error)
    }
  }

  // Another tab may have opted out.
  const callUnlessOptedOut = use => call(() => (isOptedOut() ? become('opted-out') : use()))

  const tell = use => {
    if (state === 'loading' && early.length < EARLY) early.push(use)
    else call(use)
  }

  // Removes the UUIDs of all installations, or that of this one.
  const forget = own =>
    stored(storage => {
      for (const name of own ?? Object.keys(storage)) if (name.startsWith(ID)) storage.removeItem(name)
    })

  const isOptedOut = () => stored(storage => storage.getItem(OPT_OUT))

  const isRefused = () =>
    navigator.globalPrivacyControl || ['1', 'yes'].includes(navigator.doNotTrack ?? window.doNotTrack)

  // A document without an address of its own, such as one that is written into a frame, is not a page of a
  // product.
  const isLeftOut = () =>
    !/^http/.test(location.protocol) ||
    (options.automation === 'ignore' && navigator.webdriver) ||
    (options.localhost === 'ignore' && LOCALHOST.test(location.hostname))

  // A frame is a part of the page around it if that is of the same origin and has a tracker, which is known
  // once that page is loaded.
  const isPart = async () => {
    for (let page = window; page !== page.parent; ) {
      page = page.parent
      try {
        if (page.document.readyState !== 'complete') await new Promise(done => page.addEventListener('load', done))
        if (page[TRACKER]) return true
      } catch {
        // It is of another origin.
      }
    }
  }

  const isAtWork = () => state === 'counting' || state === 'loading'

  // While statistics are off the server has no `stats`.
  const hear = status => {
    if ((status !== 404 && status !== 410) || !isAtWork()) return
    forget([ID, key])
    become('off')
  }

  // Asks the server whether statistics are on. Only 204 means yes: another kind of server may have a page at
  // the address.
  const ask = async () => {
    // The browser reports a failed fetch itself.
    const { status } = await fetch(endpoint, { ...DISCREET, cache: 'no-store' }).catch(() => ({}))
    hear(status)
    return status
  }

  // A view is sent when the one before has its answer, so that none overtakes another. A page that is left or
  // hidden does not wait.
  const follow = async answer => {
    busy = true
    try {
      hear((await answer).status)
    } catch {}
    busy = false
    send()
  }

  // Without a network views wait, because a browser accepts a beacon and loses it then. `onLine` is also
  // false if only the server's machine is reachable, such as its own, so the server is asked.
  const send = leaving => {
    if (busy && !leaving) return
    if (navigator.onLine || reached) callUnlessOptedOut(() => program.send(leaving))
    else if (!leaving && reached === undefined && callUnlessOptedOut(program.waiting)) reach()
  }

  const reach = async () => {
    reached = false
    reached = (await ask()) === 204 || undefined
    if (reached) send()
  }

  // Programs like Vuetify measure the width when they start and when the window is resized; in between, wide
  // content may have widened the page without an event. A media query, which Vuetify 4 uses, ignores that,
  // and in some browsers the scroll bar too.
  const measure = () => {
    const root = document.documentElement.clientWidth
    const isNarrower = window.matchMedia?.(`(max-width:${innerWidth - 2}px)`).matches
    widths = [innerWidth, root, isNarrower ? root : innerWidth]
  }

  // The path of the page; for a router with its path in the fragment, that path.
  const path = () =>
    options.router === 'hash' ? '/' + /^#?!?\/?([^?#]*)/.exec(location.hash)[1] : location.pathname

  const settle = leaving => {
    scheduled = 0
    settled = path()
    if (document.visibilityState === 'visible') {
      if (isOptedOut()) return become('opted-out')
      if (!widths) measure()
      const [inner, root, media] = widths
      const where = [settled, options.breakpoints === 'vuetify4' ? media : inner, root]
      tell(() => program.settle(...where))
    }
    send(leaving)
  }

  // The path is read after the current task, when all its navigations are over.
  const moved = () => {
    if (isAtWork()) scheduled ||= setTimeout(settle, 0, false)
  }

  const left = () => {
    clearTimeout(scheduled)
    if (isAtWork()) settle(true)
  }

  const restored = ({ persisted }) => {
    if (!persisted) return
    // Not every browser delivers an answer from before.
    busy = false
    tell(program.restore)
    moved()
  }

  // A proxy preserves everything else: the receiver, the arguments, the result, the exception, the name. The
  // original is called first, so that a call that throws has not moved the page.
  const observe = name => {
    const apply = (original, self, values) => {
      const result = Reflect.apply(original, self, values)
      moved()
      return result
    }
    try {
      history[name] = new Proxy(history[name], { apply })
    } catch {
      // A page that froze its history keeps it.
    }
  }

  const watch = () => {
    if (watching) return
    watching = true
    // A document of an opaque origin has no entry, and no events for its navigations.
    if (window.navigation?.currentEntry) navigation.addEventListener('currententrychange', moved)
    else {
      addEventListener('popstate', moved)
      observe('pushState')
      observe('replaceState')
      // A router may have stored the original functions before.
      setInterval(() => settled !== path() && moved(), LOOK)
    }
    // Phones end hidden pages without an event.
    document.addEventListener('visibilitychange', () => (document.hidden ? left() : moved()))
    addEventListener('pageshow', restored)
    addEventListener('pagehide', left)
    addEventListener('online', () => send())
    addEventListener('offline', () => (reached = undefined))
    addEventListener('storage', event => event.key === key && callUnlessOptedOut(program.defend_device))
  }

  // Any answer except 204 means no for this page.
  const agree = status => {
    if (state !== 'loading' || status === 204) return
    if (status) throw `${endpoint} answered ${status} in place of 204`
    become('failed')
  }

  const load = async url => {
    // The browser reports a failed fetch itself, and a page that is left ends the fetch without a failure.
    const bytes = await fetch(bare(url))
      .then(response => response.ok && response.arrayBuffer())
      .catch(() => {})
    if (!bytes) return become('failed')
    // No streaming compilation: it needs a content type that many servers do not send.
    await program.instantiate(bytes)
  }

  const open = () => {
    if (isOptedOut()) return become('opted-out')
    const { routes, base = '/', placeholder, breakpoints = 'vuetify2' } = options
    const [, version = 0] = /^vuetify([1-4])$/.exec(breakpoints) ?? []
    const from = ['sm', 'md', 'lg', 'xl', 'xxl'].map(size => breakpoints[size])
    if (!version && !from.some(width => width > 0)) throw 'breakpoints are vuetify1 to vuetify4, or smallest widths'
    deliverTo(endpoint, follow)
    const isKept = options.storage !== 'none'
    keepDeviceUnder(isKept && key)
    forget(isKept ? [ID] : [ID, key])
    // In Vue Router 3 the path of the root is ''.
    const table = [].concat(routes ?? []).map(route => route || '/').join(' ')
    program.open(base, table, placeholder === ':', version, ...from)
    state = 'counting'
    early.splice(0).forEach(call)
    setTimeout(() => {
      callUnlessOptedOut(program.settle_device)
      send()
    }, program.settles_in_ms())
    send()
  }

  const begin = async () => {
    // The answer that came with this script is used once: the next start asks again.
    const { isOn } = options
    options.isOn = false
    try {
      const isUnwanted = isOptedOut() || isRefused()
      state = isOptedOut() ? 'opted-out' : isUnwanted || isLeftOut() ? 'ignored' : 'loading'
      if (isUnwanted) forget()
      if (state !== 'loading') return
      endpoint = bare(new URL(options.endpoint, document.baseURI))
      const { origin, pathname, href } = new URL('.', endpoint)
      key = ID + ':' + (origin === location.origin ? pathname : href)
      watch()
      moved()
      if ((await isPart()) && isAtWork()) become('ignored')
      if (state === 'loading' && !isOn) agree(await ask())
      if (state === 'loading') await (loaded ??= load(options.wasm ?? new URL('tracker_bg.wasm', import.meta.url)))
      if (state === 'loading') open()
    } catch (error) {
      fail(error)
    }
  }

  // Without a document, as in server-side rendering, there is nothing to count.
  const start = given => {
    if (options || !globalThis.document) return
    options = { ...given }
    if (state === 'off') begin()
  }

  const optOut = () => {
    // The choice is stored first: another tab that sees its UUID removed would write it again.
    stored(storage => storage.setItem(OPT_OUT, '1'))
    forget()
    become('opted-out')
  }

  const optIn = () => {
    stored(storage => storage.removeItem(OPT_OUT))
    if (state !== 'opted-out') return
    state = 'off'
    if (options) begin()
  }

  const status = () => ({ state, waiting: call(program.waiting) ?? 0, dropped: call(program.dropped) ?? 0 })

  try {
    // The width of a page that was not shown yet is unknown.
    if (document.visibilityState === 'visible') measure()
    addEventListener('resize', measure)
  } catch {
    // It was imported without a page.
  }
  // `hear` is for the web interface, whose switch knows before an answer does.
  return { start, optOut, optIn, status, hear }
}

// One tracker per page, however often and from wherever it is loaded.
export const { start, optOut, optIn, status } = (globalThis[TRACKER] ??= create())
