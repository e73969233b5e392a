// The tracker in its page: whether it runs at all, what the page does, and a guard around every call of the program.
//
// What belongs to the page stays outside of WebAssembly: its history and its events meet code that cannot trap, and a
// browser whose owner said no never fetches the program.

import { Tracker, initSync } from 'headcount-bindings'

const ID = 'headcount-device-id'
const OPT_OUT = 'headcount-opt-out'

// What happened while the program was loading is told to it afterwards; a page does less than this meanwhile.
const EARLY = 32

const LOCALHOST = /^$|^(.+\.)?localhost$|^127\.|^\[::1]$/

const create = () => {
  let state = 'off'
  let options
  let program
  let tracker
  let early = []
  let watching
  let scheduled

  const forget = next => {
    state = next
    tracker = undefined
    early = []
  }

  const fail = error => {
    forget('failed')
    console.warn('headcount: ' + error)
  }

  // Whatever goes wrong in the program ends the tracker, and nothing else.
  const call = use => {
    try {
      return tracker && use(tracker)
    } catch (error) {
      fail(error)
    }
  }

  const tell = use => {
    if (state === 'loading' && early.length < EARLY) early.push(use)
    else call(use)
  }

  // A browser may deny its storage at every step.
  const stored = use => {
    try {
      return use(localStorage)
    } catch {
      // What cannot be stored cannot be read either.
    }
  }

  const isOptedOut = () => stored(storage => storage.getItem(OPT_OUT))

  const isIgnored = () =>
    navigator.globalPrivacyControl ||
    ['1', 'yes'].includes(navigator.doNotTrack ?? window.doNotTrack) ||
    (options.automation === 'ignore' && navigator.webdriver) ||
    (options.localhost === 'ignore' && LOCALHOST.test(location.hostname))

  const settle = () => {
    scheduled = 0
    if (document.visibilityState !== 'visible') return
    if (isOptedOut()) return forget('opted-out')
    const path = location.pathname
    tell(tracker => tracker.settle(path))
  }

  // The path is looked at after the present task, when all its navigations are over.
  const moved = () => {
    if (tracker || state === 'loading') scheduled ||= setTimeout(settle)
  }

  const left = () => {
    if (scheduled) {
      clearTimeout(scheduled)
      settle()
    }
    call(tracker => tracker.flush())
  }

  const restored = ({ persisted }) => {
    if (!persisted) return
    tell(tracker => tracker.restore())
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
    }
    document.addEventListener('visibilitychange', moved)
    document.addEventListener('prerenderingchange', moved)
    addEventListener('pageshow', restored)
    addEventListener('pagehide', left)
    addEventListener('online', () => call(tracker => tracker.send()))
  }

  const load = async url => {
    // What cannot be fetched is told by the browser itself.
    const response = await fetch(url).catch(() => {})
    if (!response?.ok) return forget('failed')
    // Not compiled while it arrives: that needs a content type which many servers do not send.
    const module = await WebAssembly.compile(await response.arrayBuffer())
    initSync({ module })
  }

  const open = () => {
    const { endpoint, routes, base = '/', placeholder = '$', breakpoints = 'vuetify2' } = options
    const scheme = typeof breakpoints === 'string' ? breakpoints : Object.entries(breakpoints).map(pair => pair.join('=')).join(' ')
    const table = [].concat(routes ?? []).join(' ')
    const url = new URL(endpoint, document.baseURI).href
    tracker = new Tracker(ID, url, base, table, placeholder, scheme)
    state = 'counting'
    const ms = tracker.settles_in_ms()
    if (ms) setTimeout(() => call(tracker => tracker.settle_device()), ms)
    early.splice(0).forEach(call)
  }

  const begin = async () => {
    state = isOptedOut() ? 'opted-out' : isIgnored() ? 'ignored' : 'loading'
    if (state !== 'loading') return
    try {
      watch()
      moved()
      await (program ??= load(options.wasm ?? new URL('tracker_bg.wasm', import.meta.url)))
      if (state === 'loading') open()
    } catch (error) {
      fail(error)
    }
  }

  const start = given => {
    if (options) return
    options = { ...given }
    if (state === 'off') begin()
  }

  const optOut = () => {
    stored(storage => {
      storage.removeItem(ID)
      storage.setItem(OPT_OUT, '1')
    })
    forget('opted-out')
  }

  const optIn = () => {
    stored(storage => storage.removeItem(OPT_OUT))
    if (state !== 'opted-out') return
    state = 'off'
    if (options) begin()
  }

  const status = () => ({
    state,
    waiting: call(tracker => tracker.waiting()) ?? 0,
    dropped: call(tracker => tracker.dropped()) ?? 0,
  })

  return { start, optOut, optIn, status }
}

// One tracker a page, however often and from wherever it is loaded.
export const { start, optOut, optIn, status } = (globalThis[Symbol.for('headcount')] ??= create())
