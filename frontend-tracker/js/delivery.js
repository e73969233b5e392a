// Sends an event to the server with a `keepalive` request, which outlives its page and whose answer is read.
// Without `keepalive`, a page that is left sends a beacon, and tries a refused beacon once as a request.
// Nothing is tried again after that: what the browser accepted may have arrived. Both send a string as
// text/plain, which needs no preflight.

// A request contains neither the address of its page nor credentials. A beacon cannot be restricted like
// that.
export const DISCREET = { referrerPolicy: 'no-referrer', credentials: 'omit' }

let endpoint
let follow

export const deliverTo = (url, follower) => {
  endpoint = url
  follow = follower
}

export const deliver = (body, leaving) => {
  try {
    if (leaving && !('keepalive' in Request.prototype) && navigator.sendBeacon(endpoint, body)) return
  } catch {
    // Some browsers have no beacons.
  }
  follow(fetch(endpoint, { ...DISCREET, method: 'POST', body, keepalive: true }))
}
