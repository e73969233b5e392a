// How does an event reach the server? A refused beacon is tried once as a request. Nothing is tried again after that:
// what the browser took may have arrived. Both send a string as text/plain, which needs no permission of the server in
// advance.

export const deliver = (endpoint, body) => {
  try {
    if (navigator.sendBeacon(endpoint, body)) return
  } catch {
    // There are browsers without beacons.
  }
  try {
    fetch(endpoint, { method: 'POST', body, keepalive: true }).catch(() => {})
  } catch {
    // The view is lost; the page is not.
  }
}
