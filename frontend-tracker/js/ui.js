// Starts the web interface in its page, in place of the frame that is there from the beginning. If the browser
// refuses it, the page shows its plain text, and the console has one line. A page that is left before its program
// has come ends the fetch: that is no failure.

import init from 'headcount-bindings'

const plain = document.getElementById('plain')
plain?.remove()

const frame = document.getElementById('frame')
frame?.classList.add('starting')

let isLeft = false
const leave = () => {
  isLeft = true
}
addEventListener('beforeunload', leave)

init()
  .catch(error => {
    plain?.classList.add('shown')
    document.body.append(plain ?? '')
    if (!isLeft && error?.name !== 'AbortError') {
      console.warn('headcount: the interface did not start:', error)
    }
  })
  .finally(() => {
    frame?.remove()
    // Browsers keep pages without such a listener for the way back.
    removeEventListener('beforeunload', leave)
  })
