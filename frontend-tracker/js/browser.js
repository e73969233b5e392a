// The storage and the randomness of the browser, for the program and for the page around it.

// A browser may deny its storage at every step. What cannot be stored cannot be read either.
export const stored = use => {
  try {
    return use(localStorage)
  } catch {}
}

let key

// Under which key the UUID of this installation is; `false` if it is not stored.
export const keepDeviceUnder = name => {
  key = name
}

export const read_device = () => (key ? stored(storage => storage.getItem(key)) : undefined)

export const write_device = text =>
  !!key &&
  stored(storage => {
    storage.setItem(key, text)
    return true
  })

// Plain http has this too.
export const fill_randomly = bytes => crypto.getRandomValues(bytes)
