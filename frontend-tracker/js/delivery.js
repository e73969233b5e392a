// Brings an event to the server, by a request that outlives its page and whose answer is heard. A browser that has no such
// request is handed a beacon by a page that is left, and a refused beacon is tried once as a request. Nothing is tried again
// after that: what the browser took may have arrived. Both send a string as text/plain, which needs no permission of the
// server in advance.

// A request tells neither the address of its page nor who is signed in there. A beacon cannot be kept from that.
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
    // There are browsers without beacons.
  }
  follow(fetch(endpoint, { ...DISCREET, method: 'POST', body, keepalive: true }))
}
