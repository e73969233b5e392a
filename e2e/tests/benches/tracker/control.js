// The control that the tracker is compared with: the same behaviour, written by hand in JavaScript. It is
// never shipped.
//
// It starts with the attributes of its element, as the tracker does; `data-settle` is the time for a new UUID
// to settle, in milliseconds.

const ID = 'headcount-device-id'
const OPT_OUT = 'headcount-opt-out'
const WAITING = 32
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i

const { dataset, src } = [...document.scripts].find(script => script.src === import.meta.url)
const { base = '/', placeholder = '$', routes = '', settle = 100 } = dataset
const endpoint = new URL(dataset.endpoint ?? new URL('../stats', src), document.baseURI)
const home = new URL('.', endpoint)
const KEY = `${ID}:${home.origin === location.origin ? home.pathname : home.href}`

// --- the key of a page ---

// Text ranks before a listed value before a parameter before a value that is not listed before a rest.
const REST = 1
const UNLISTED = 2
const PARAMETER = 3
const LISTED = 4
const TEXT = 5

const parsed = text => {
  const [, prefix, name, pattern, marks] = /^([^:*]*)[:*](\w*)(?:\((.*)\))?([?*+]*)$/.exec(text) ?? []
  if (name === undefined) return { text }
  const rest = text.startsWith('*') || pattern === '.*' || /[*+]/.test(marks)
  const values = /^[^*+[\\^$(?{]+$/.test(pattern ?? '*') && pattern.split('|')
  const key = prefix + (name ? placeholder + name : '*')
  return { prefix, key, values, rest, optional: rest ? marks !== '+' : marks === '?' }
}

// A slash in parentheses belongs to a pattern.
const table = routes.split(/\s+/).filter(Boolean)
  .map(route => (route.match(/(?:\([^)]*\)|[^/(])+/g) ?? []).map(parsed))

const matchOne = ({ text, prefix, key, values, rest }, part) => {
  if (text) return part === text && [TEXT, text]
  if (!part.startsWith(prefix) || (part === prefix && !rest)) return
  if (!values) return [rest ? REST : PARAMETER, key]
  const value = part.slice(prefix.length)
  return values.includes(value) ? [LISTED, prefix + value] : [UNLISTED, prefix + 'other']
}

// Matches the remaining segments with the remaining parts. Returns a key, and how specific it is.
const match = ([segment, ...segments], parts) => {
  if (!segment) return parts.length ? undefined : { key: '', rank: '' }
  const [rank, value] = (parts.length && matchOne(segment, parts[0])) || []
  const found = rank && match(segments, segment.rest ? [] : parts.slice(1))
  if (found) return { key: `/${value}${found.key}`, rank: rank + found.rank }
  return segment.optional ? match(segments, parts) : undefined
}

// Browsers percent-encode what is not ASCII.
const decoded = part => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const keyOf = pathname => {
  const root = base.replace(/\/+$/, '')
  const path = pathname.slice(root.length)
  if (!pathname.startsWith(root) || (path && !path.startsWith('/'))) return '(unmatched)'
  const trimmed = path.replace(/^\/|\/$/g, '')
  const parts = trimmed ? trimmed.split('/').map(decoded) : []
  let best
  for (const route of table) {
    const found = match(route, parts)
    if (found && !(best?.rank >= found.rank)) best = found
  }
  return best ? best.key || '/' : '(unmatched)'
}

// --- the size of a page ---

const size = () => {
  const width = Math.max(document.documentElement.clientWidth, innerWidth)
  return width < 600 ? 'xs' : width < 960 ? 'sm' : width < 1264 ? 'md' : width < 1904 ? 'lg' : 'xl'
}

// --- the browser ---

const stored = use => {
  try {
    return use(localStorage)
  } catch {
    // A browser may deny its storage at every step.
  }
}

// Removes the UUIDs of all installations, or that of this one.
const forget = own =>
  stored(storage => {
    for (const name of own ?? Object.keys(storage)) if (name.startsWith(ID)) storage.removeItem(name)
  })

const read = () => stored(storage => UUID.exec(storage.getItem(KEY))?.[0].toLowerCase())

const made = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 15) | 64
  bytes[8] = (bytes[8] & 63) | 128
  const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

// Two tabs that are opened at once both find nothing and both write; they agree after a while.
let id = read()
let kept = !!id
let settling = !id
id ??= made()

const settled = () => {
  settling = false
  kept = !!read()
  send(false)
}

// --- what is sent ---

let views = []
let isOff

const hear = status => {
  if (status !== 404 && status !== 410) return
  forget([ID, KEY])
  isOff = true
}

const deliver = (body, leaving) => {
  try {
    if (leaving && navigator.sendBeacon(endpoint, body)) return
  } catch {
    // Some browsers have no beacons.
  }
  const answer = fetch(endpoint, { method: 'POST', body, keepalive: true })
  answer.then(({ status }) => hear(status)).catch(() => {})
}

const send = leaving => {
  if (!navigator.onLine || isOff || (settling && !leaving)) return
  const ephemeral = kept || settling ? undefined : true
  for (const view of views.splice(0)) {
    deliver(JSON.stringify({ type: 'route-open', device_id: read() ?? id, ...view, ephemeral }), leaving)
  }
}

// --- the page ---

let counted
let scheduled = 0

const settlePath = leaving => {
  scheduled = 0
  if (document.visibilityState !== 'visible' || isOff || stored(storage => storage.getItem(OPT_OUT))) return
  if (counted !== location.pathname) {
    counted = location.pathname
    if (views.length === WAITING) views.shift()
    views.push({ device_size: size(), path: keyOf(counted) })
  }
  send(leaving)
}

// The path is read after the current task, when all its navigations are over.
const moved = () => {
  scheduled ||= setTimeout(settlePath, 0, false)
}

const left = () => {
  clearTimeout(scheduled)
  if (scheduled) settlePath(true)
  else send(true)
}

const observe = name => {
  const original = history[name]
  history[name] = function (...values) {
    const result = original.apply(this, values)
    moved()
    return result
  }
}

const watch = () => {
  if (window.navigation?.currentEntry) navigation.addEventListener('currententrychange', moved)
  else {
    addEventListener('popstate', moved)
    observe('pushState')
    observe('replaceState')
  }
  document.addEventListener('visibilitychange', moved)
  document.addEventListener('prerenderingchange', moved)
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return
    counted = undefined
    moved()
  })
  addEventListener('pagehide', left)
  addEventListener('online', () => send(false))
}

const isIgnored = () =>
  navigator.globalPrivacyControl ||
  ['1', 'yes'].includes(navigator.doNotTrack ?? window.doNotTrack) ||
  stored(storage => storage.getItem(OPT_OUT))

if (isIgnored()) forget()
else {
  forget([ID])
  if (settling) {
    stored(storage => storage.setItem(KEY, id))
    if (+settle) setTimeout(settled, settle)
    else settled()
  }
  watch()
  moved()
}
