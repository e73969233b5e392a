// How does an event reach the server? A refused beacon is tried once as a request. Nothing is tried again after that:
// what the browser took may have arrived. Both send a string as text/plain, which needs no permission of the server in
// advance.

let endpoint

export const deliverTo = url => {
  endpoint = url
}

export const deliver = body => {
  try {
    if (navigator.sendBeacon(endpoint, body)) return
  } catch {
    // There are browsers without beacons.
  }
  fetch(endpoint, { method: 'POST', body, keepalive: true }).catch(() => {})
}
