// The storage and the randomness of the browser, for the program and for the page around it.

// A browser may deny its storage at every step. What cannot be stored cannot be read either.
export const stored = use => {
  try {
    return use(localStorage)
  } catch {}
}

let key

// Under which key the UUID of this installation is.
export const keepDeviceUnder = name => {
  key = name
}

export const read_device = () => stored(storage => storage.getItem(key))

export const write_device = text =>
  stored(storage => {
    storage.setItem(key, text)
    return true
  })

// Plain http has this too.
export const fill_randomly = bytes => crypto.getRandomValues(bytes)
