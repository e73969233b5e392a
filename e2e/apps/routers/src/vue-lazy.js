// A lazily loaded route.

/** An empty page, for either version of Vue. */
export const lazyPage = { render: () => null };
