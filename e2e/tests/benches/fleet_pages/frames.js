// Acts, and returns the longest time between two frames, in milliseconds, until it is done, and in some frames after.
const longestFrame = (act, isDone, after = 5) =>
  new Promise(resolve => {
    let before
    let longest = 0
    let framesAfter = 0
    const onFrame = now => {
      if (before === undefined) act()
      else longest = Math.max(longest, now - before)
      before = now
      framesAfter = isDone() ? framesAfter + 1 : 0
      // What was done last is in the frames after it.
      if (framesAfter < after) requestAnimationFrame(onFrame)
      else resolve(longest)
    }
    requestAnimationFrame(onFrame)
  })

// Acts, and returns the time until the browser has painted the result, in milliseconds.
const timeToPaint = act =>
  new Promise(resolve => {
    const began = performance.now()
    act()
    requestAnimationFrame(() => {
      const painted = new MessageChannel()
      painted.port1.onmessage = () => resolve(performance.now() - began)
      painted.port2.postMessage(null)
    })
  })
