// Types of the tracker's functions.

/**
 * The smallest width of each size in CSS pixels, as `window.innerWidth` gives it. Everything below `sm`, or
 * below the smallest given size, is `xs`. A size that is left out does not occur.
 */
export interface Thresholds {
  sm?: number;
  md?: number;
  lg?: number;
  xl?: number;
  xxl?: number;
}

/** How views are counted. */
export interface Options {
  /**
   * Where views are posted: the address of `stats` at a Headcount server. A relative address is relative to
   * this page. It may be on another origin: views are posted as plain text, which needs no preflight. Before
   * anything else, a `GET` of the same address asks whether statistics are on.
   */
  endpoint: string | URL;

  /**
   * The route table. A view is counted under the template that its path matches, and under `(unmatched)` if
   * there is none; no part of a URL is ever sent.
   *
   * - `/projects/:project`: a parameter.
   * - `/projects/:project/:tab?`: an optional one, at the end.
   * - `/settings/:tab(members|alerts)?`: one with a closed list of values. A value on the list is counted
   *   as itself, any other as `other`.
   * - `/files/*`, `/files/:path*`, `/:rest(.*)*`: anything, at the end.
   *
   * The most specific template wins, segment by segment: a literal over a list, a list over a parameter, a
   * parameter over a wildcard. Of equals the first wins.
   */
  routes: readonly string[];

  /** The path that the routes are under. A page outside of it is `(unmatched)`. Default: `/`. */
  base?: string;

  /** How a parameter is written in a page key: `/projects/$project` or `/projects/:project`. Default: `$`. */
  placeholder?: '$' | ':';

  /** The widths of the display sizes: those of a version of Vuetify, or your own. Default: `vuetify2`. */
  breakpoints?: 'vuetify1' | 'vuetify2' | 'vuetify3' | 'vuetify4' | Thresholds;

  /** Whether automated browsers (`navigator.webdriver`) are counted. Default: `count`. */
  automation?: 'count' | 'ignore';

  /**
   * Whether pages on `localhost` and loopback addresses are counted. Default: `count`, because self-hosted
   * products are often used there.
   */
  localhost?: 'count' | 'ignore';

  /**
   * Whether the browser's id is stored in its `localStorage`. With `none`, for sites that need consent for
   * storage, nothing is stored: each page load has an id of its own, views count and browsers do not.
   * Default: `browser`.
   */
  storage?: 'browser' | 'none';

  /**
   * Where the router has the path of a page: in the path of its address, or in the fragment, as in
   * `#/projects/7?tab=2`. Of a fragment, too, only the template is sent. With `hash`, an anchor within a page
   * is a page of its own. Default: `path`.
   */
  router?: 'path' | 'hash';

  /** Where `tracker_bg.wasm` is, if not beside this module. */
  wasm?: string | URL;
}

/** The state of the tracker. */
export interface Status {
  /**
   * - `off`: it was not started, there is no document, or statistics are off at the server: the endpoint
   *   answered 404 or 410. Nothing is stored, and the tracker has ended for this page.
   * - `loading`: it was started; it asks the server, or loads the WebAssembly. Views wait.
   * - `counting`: each view is sent.
   * - `opted-out`: the visitor opted out in this browser.
   * - `ignored`: the browser asks not to be tracked (Global Privacy Control, Do Not Track), the options
   *   exclude it, or the document is not a page: it has no `http` address, or is a frame in a page of its origin
   *   that has a tracker.
   * - `failed`: the server did not answer that statistics are on, the WebAssembly is missing, damaged or
   *   forbidden, or the options are invalid. The page works without the tracker.
   */
  state: 'off' | 'loading' | 'counting' | 'opted-out' | 'ignored' | 'failed';

  /** The number of views that wait for the WebAssembly or for the network. At most 32. */
  waiting: number;

  /** The number of views dropped since the page was loaded because too many waited, oldest first. */
  dropped: number;
}

/**
 * Counts the current page, and each later one when the path has changed and the navigation has settled. A new
 * query or fragment, or a slash at the end, is not a view. A view is sent as its template, the display size
 * and a random id of this browser, which is stored in `localStorage` under `headcount-device-id:` and the
 * path of the endpoint's directory.
 *
 * Before anything is stored or fetched, it asks the endpoint whether statistics are on (`GET`, answered with
 * 204).
 *
 * It never throws, not even for wrong options. A second start changes nothing. Without a document, as in
 * Node.js, it does nothing.
 */
export function start(options: Options): void;

/**
 * Ends the counting in this browser, also on later visits, by every Headcount server of this origin. The
 * choice is stored in `localStorage` as `headcount-opt-out`; the browser's ids and waiting views are deleted.
 */
export function optOut(): void;

/** Removes the opt-out. Counting begins again, under a new id. */
export function optIn(): void;

/** Returns the state of the tracker. */
export function status(): Status;
