// The web interface as a script of its page. A browser that refuses it says so in one line.

import init from 'headcount-bindings'

init().catch(error => console.warn('headcount: the interface did not start:', error))
