// Accesses the storage and the random generator of the browser, for the program and for `page.js`.

// A browser may deny its storage at every step. Storage that cannot be written cannot be read either.
export const stored = use => {
  try {
    return use(localStorage)
  } catch {}
}

let key

// Sets the key of this installation's UUID; `false` if it is not stored.
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

// Unlike `crypto.randomUUID`, this works over plain http too.
export const fill_randomly = bytes => crypto.getRandomValues(bytes)
