// The tracker in its page: whether it runs at all, what the page does, and a guard around every call of the program.
//
// What belongs to the page stays outside of WebAssembly: its history and its events meet code that cannot trap. A browser
// whose owner said no never fetches the program, and neither does one whose server has statistics switched off: the server is
// asked before anything is fetched or stored, unless it has just served this script and said so with it.

import * as program from 'headcount-bindings'
import { keepDeviceUnder, stored } from 'headcount-browser'
import { DISCREET, deliverTo } from 'headcount-delivery'

// `headcount_shared::browser_storage` has the same keys. A UUID is under this one with the base path of its installation
// behind it; alone it is the key of 0.1.0, which installations shared.
const ID = 'headcount-device-id'
const OPT_OUT = 'headcount-opt-out'

// What happened while the program was loading is told to it afterwards; a page does less than this meanwhile.
const EARLY = 32

// How often a path is looked at where nothing tells of all navigations, in milliseconds.
const LOOK = 500

const LOCALHOST = /^(.+\.)?localhost$|^127\.|^\[::1]$/

// Where the tracker of a window is.
const TRACKER = Symbol.for('headcount')

// An address without credentials: no request may be made with them, and not every browser tells them.
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

  // Whatever goes wrong in the program ends the tracker, and nothing else.
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

  // Another tab may have said no.
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

  // A document without an address of its own, such as one that is written into a frame, is no page of a product.
  const isLeftOut = () =>
    !/^http/.test(location.protocol) ||
    (options.automation === 'ignore' && navigator.webdriver) ||
    (options.localhost === 'ignore' && LOCALHOST.test(location.hostname))

  // A frame in a page of its own origin is a part of that page, if that has a tracker: it has one when it is loaded.
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

  // Whether the server says that statistics are on. Only 204 says so: one of another kind may have a page at the address.
  const ask = async () => {
    // What cannot be fetched is told by the browser itself.
    const { status } = await fetch(endpoint, { ...DISCREET, cache: 'no-store' }).catch(() => ({}))
    hear(status)
    return status
  }

  // A view leaves when the one before has its answer, so that none overtakes another. A page that is left or hidden waits for
  // nothing.
  const follow = async answer => {
    busy = true
    try {
      hear((await answer).status)
    } catch {}
    busy = false
    send()
  }

  // Without a network views wait: a browser takes a beacon and loses it then. It also says that there is no network where
  // the server is on its own machine, so the server is asked.
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

  // A program of a page looks at its width when it starts, and when the window is resized; in between, what is wide may
  // have widened the page without a word. A media query, which Vuetify 4 asks, knows nothing of that, and nothing of scroll
  // bars in some browsers.
  const measure = () => {
    const root = document.documentElement.clientWidth
    const isNarrower = window.matchMedia?.(`(max-width:${innerWidth - 2}px)`).matches
    widths = [innerWidth, root, isNarrower ? root : innerWidth]
  }

  // The path of the page, or for a router that keeps it in the fragment, that.
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

  // The path is looked at after the present task, when all its navigations are over.
  const moved = () => {
    if (isAtWork()) scheduled ||= setTimeout(settle, 0, false)
  }

  const left = () => {
    clearTimeout(scheduled)
    if (isAtWork()) settle(true)
  }

  const restored = ({ persisted }) => {
    if (!persisted) return
    // Whether an answer from before is ever heard, not every browser says.
    busy = false
    tell(program.restore)
    moved()
  }

  // A proxy leaves everything else as it was: the receiver, the arguments, the result, the exception, the name. The
  // original comes first, so that a call that throws has not moved the page.
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
    // A document of an opaque origin has no entry, and its navigations are never told.
    if (window.navigation?.currentEntry) navigation.addEventListener('currententrychange', moved)
    else {
      addEventListener('popstate', moved)
      observe('pushState')
      observe('replaceState')
      // A router may have kept the functions as they were before.
      setInterval(() => settled !== path() && moved(), LOOK)
    }
    // A phone ends a page that is hidden without a word.
    document.addEventListener('visibilitychange', () => (document.hidden ? left() : moved()))
    addEventListener('pageshow', restored)
    addEventListener('pagehide', left)
    addEventListener('online', () => send())
    addEventListener('offline', () => (reached = undefined))
    addEventListener('storage', event => event.key === key && callUnlessOptedOut(program.defend_device))
  }

  // What is not a yes is a no for this page.
  const agree = status => {
    if (state !== 'loading' || status === 204) return
    if (status) throw `${endpoint} answered ${status} in place of 204`
    become('failed')
  }

  const load = async url => {
    const response = await fetch(bare(url)).catch(() => {})
    if (!response?.ok) return become('failed')
    // Not compiled while it arrives: that needs a content type which many servers do not send.
    await program.instantiate(await response.arrayBuffer())
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
    // Vue Router 3 calls the path of its root ''.
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
    // What the server has said with this script holds once: who begins again asks.
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

  // Where there is no document, as where pages are rendered for browsers, there is nothing to count.
  const start = given => {
    if (options || !globalThis.document) return
    options = { ...given }
    if (state === 'off') begin()
  }

  const optOut = () => {
    // The choice comes first: another tab that sees its UUID removed would write it again.
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
    // Nobody knows how wide a page will be that has yet to be shown.
    if (document.visibilityState === 'visible') measure()
    addEventListener('resize', measure)
  } catch {
    // It is imported where there is no page.
  }
  return { start, optOut, optIn, status }
}

// One tracker a page, however often and from wherever it is loaded.
export const { start, optOut, optIn, status } = (globalThis[TRACKER] ??= create())
