// Starts the web interface in its page. If the browser refuses it, the page shows its plain text, and the
// console has one line. A page that is left before its program has come ends the fetch: that is no failure.

import init from 'headcount-bindings'

const plain = document.getElementById('plain')
plain?.remove()

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
  // Browsers keep pages without such a listener for the way back.
  .finally(() => removeEventListener('beforeunload', leave))
