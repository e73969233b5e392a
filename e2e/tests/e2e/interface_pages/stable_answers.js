// Makes the pages of a server the same in every run. It runs in each page before its scripts, with `stable`.
//
// The clock of the browser says what that of the server says. Answers of the server have names in place of the
// addresses of a run, and in place of what was measured in the run or is random: pseudonyms, hashes, the costs of
// the server itself in the preview of a report, and the time of the next one, which a clock measures that goes on.

const { now, names, measured, random } = stable
const RealDate = Date
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length > 0) super(...given)
    else super(now)
  }

  static now() {
    return now
  }
}

const settled = report => {
  const { performance, profile, ux } = measured
  const { world_load_time_avg, audit_time_avg } = ux
  const users = report.ux.users.map((_, place) => random.uuid.slice(0, -2) + String(place).padStart(2, '0'))
  return { ...report, ux: { ...report.ux, users, world_load_time_avg, audit_time_avg }, performance, profile }
}

const replaced = (path, text) => {
  for (const [address, name] of names) text = text.replaceAll(address, name)
  if (path.endsWith('/api/pseudonym')) return JSON.stringify({ pseudonym: random.uuid })
  if (path.endsWith('/usage-statistics')) {
    const status = JSON.parse(text)
    return JSON.stringify({ ...status, next_report_at: status.next_report_at && now / 1000 + 1380 })
  }
  return path.endsWith('/preview') ? JSON.stringify(settled(JSON.parse(text))) : text
}

// How many answers are under way.
globalThis.awaited = 0
const realFetch = fetch
globalThis.fetch = async (url, options) => {
  const path = new URL(url.url ?? url, location.href).pathname
  // Looking at pages counts nothing.
  if (path.endsWith('/stats')) return new Response(null, { status: 204 })
  if (!path.includes('/api/')) return realFetch(url, options)
  globalThis.awaited += 1
  try {
    const answer = await realFetch(url, options)
    const { ok, status, headers } = answer
    if (!ok || status === 204) return answer
    const text = replaced(path, await answer.text())
    const told = new Headers(headers)
    if (path.endsWith('/preview')) told.set('X-Content-SHA256', random.sha256)
    return new Response(text, { status, headers: told })
  } finally {
    globalThis.awaited -= 1
  }
}
