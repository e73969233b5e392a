// Notes what a user does, and how long it takes until the next picture shows something of it.
window.steps = []
window.slowEvents = []
new PerformanceObserver(list => {
  for (const { interactionId, startTime, duration } of list.getEntries()) {
    if (interactionId > 0) slowEvents.push({ id: interactionId, at: startTime, ms: duration })
  }
}).observe({ type: 'event', durationThreshold: 16, buffered: true })

window.nextStep = what => {
  steps.push({ what, at: performance.now() })
}

// The time of each interaction that took 16 milliseconds or more, with the step that it belongs to.
window.slowInteractions = () => {
  const longest = new Map()
  for (const event of slowEvents) {
    if (!(longest.get(event.id)?.ms >= event.ms)) longest.set(event.id, event)
  }
  return [...longest.values()].map(({ at, ms }) => [steps.findLast(step => step.at <= at)?.what ?? 'before', ms])
}
