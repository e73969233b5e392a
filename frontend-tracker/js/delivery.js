// Brings an event to the server. A page that stays sends a request and hears the status of the answer; one that is left
// hands a beacon to the browser, and a refused beacon is tried once as a request. Nothing is tried again after that: what the
// browser took may have arrived. Both send a string as text/plain, which needs no permission of the server in advance.

let endpoint
let hear

export const deliverTo = (url, listener) => {
  endpoint = url
  hear = listener
}

export const deliver = (body, leaving) => {
  try {
    if (leaving && navigator.sendBeacon(endpoint, body)) return
  } catch {
    // There are browsers without beacons.
  }
  const answer = fetch(endpoint, { method: 'POST', body, keepalive: true })
  answer.then(({ status }) => hear(status)).catch(() => {})
}
