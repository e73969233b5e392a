// The web interface as a script of its page. In a browser that refuses it, the page says in plain words what it would have said,
// and the console has one line.

import init from 'headcount-bindings'

const plain = document.getElementById('plain')
plain?.remove()

init().catch(error => {
  plain?.classList.add('shown')
  document.body.append(plain ?? '')
  console.warn('headcount: the interface did not start:', error)
})
