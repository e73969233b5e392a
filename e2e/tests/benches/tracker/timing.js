// Times what a program does because of a navigation, from the outside: its listeners, its timers, and its
// wrappers around the history. What it does when an answer arrives is not timed. Has to run before the
// program.

{
  // In milliseconds, since the last navigation began.
  let spent = 0
  let original = 0
  let request = 0

  const timed = run => function (...values) {
    const begin = performance.now()
    try {
      return Reflect.apply(run, this, values)
    } finally {
      spent += performance.now() - begin
    }
  }

  const { addEventListener } = EventTarget.prototype
  EventTarget.prototype.addEventListener = function (type, listener, ...more) {
    return Reflect.apply(addEventListener, this, [type, timed(listener), ...more])
  }

  const later = window.setTimeout
  window.setTimeout = (run, delay, ...values) => later(timed(run), delay, ...values)

  // Listeners that run during this call are timed separately.
  const { pushState } = History.prototype
  History.prototype.pushState = function (...values) {
    const begin = performance.now()
    try {
      return Reflect.apply(pushState, this, values)
    } finally {
      original += performance.now() - begin
    }
  }

  // The part of the browser: a page that stays sends a view with `fetch`.
  const { fetch } = window
  window.fetch = (...values) => {
    const begin = performance.now()
    try {
      return fetch(...values)
    } finally {
      request += performance.now() - begin
    }
  }

  const pause = milliseconds => new Promise(resolve => later(resolve, milliseconds))

  // Returns the cost of each navigation and the part of its request, in milliseconds. Browsers ignore
  // navigations that follow each other too quickly.
  window.navigateThrough = async (paths, between) => {
    const costs = []
    for (const path of paths) {
      spent = original = request = 0
      const begin = performance.now()
      history.pushState({}, '', path)
      const around = performance.now() - begin - original
      await pause(between)
      costs.push([spent + around, request])
    }
    return costs
  }

  // Returns the smallest observed step of the clock, in milliseconds.
  window.clockStep = () => {
    let smallest = Infinity
    for (let steps = 0; steps < 100; steps += 1) {
      const before = performance.now()
      let after = before
      while (after === before) after = performance.now()
      smallest = Math.min(smallest, after - before)
    }
    return smallest
  }
}
