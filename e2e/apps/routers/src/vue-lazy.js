// What is loaded when it is needed?

/** An empty page, for either version of Vue. */
export const lazyPage = { render: () => null };
