// The smallest width of each display size. The style sheet and the tracker use the same widths.

export const breakpoints = { sm: 640, md: 768, lg: 1024, xl: 1280, xxl: 1536 };

/** The size of a page that is `width` CSS pixels wide. */
export function sizeAt(width) {
  const reached = Object.entries(breakpoints).filter(([, from]) => width >= from);
  return reached.at(-1)?.[0] ?? 'xs';
}
