// What can a page ask of the tracker?

/**
 * The smallest width of each size in CSS pixels, as `window.innerWidth` gives it. What is narrower than `sm`, or than
 * the smallest size that is given, is `xs`. A size that is left out does not occur.
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
   * Where views are posted: the address of `stats` at a Headcount server. A relative address is one of this page. It may
   * be on another origin: what is posted is plain text, for which browsers ask nobody first. The same address is asked with
   * `GET` whether statistics are on, before anything else.
   */
  endpoint: string | URL;

  /**
   * The route table. A view is counted under the template that its path matches, and under `(unmatched)` if there is
   * none; no part of a URL is ever sent.
   *
   * - `/projects/:project`: a parameter.
   * - `/projects/:project/:tab?`: an optional one, at the end.
   * - `/settings/:tab(members|alerts)?`: one with a closed list of values. A value on the list is counted as itself, any
   *   other as `other`.
   * - `/files/*`, `/files/:path*`, `/:rest(.*)*`: anything, at the end.
   *
   * The most specific template wins, segment by segment: a literal over a list, a list over a parameter, a parameter over
   * a wildcard. Of equals the first wins.
   */
  routes: readonly string[];

  /** The path that the routes are under. A page outside of it is `(unmatched)`. Default: `/`. */
  base?: string;

  /** How a parameter is written in what is sent: `/projects/$project` or `/projects/:project`. Default: `$`. */
  placeholder?: '$' | ':';

  /** Which width has which size: as a version of Vuetify has it, or as you say. Default: `vuetify2`. */
  breakpoints?: 'vuetify1' | 'vuetify2' | 'vuetify3' | 'vuetify4' | Thresholds;

  /** Whether a browser that a program drives (`navigator.webdriver`) is counted. Default: `count`. */
  automation?: 'count' | 'ignore';

  /**
   * Whether pages on `localhost` and loopback addresses are counted. Default: `count`, because what is self-hosted is
   * often used there.
   */
  localhost?: 'count' | 'ignore';

  /**
   * Whether the browser's id is kept in its `localStorage`. With `none`, for sites that need consent for storage, nothing is
   * stored: each page load has an id of its own, views count and browsers do not. Default: `browser`.
   */
  storage?: 'browser' | 'none';

  /**
   * Where the router keeps the path of a page: in the path of its address, or in the fragment, as in `#/projects/7?tab=2`. Of
   * a fragment, too, nothing is sent but the template. An anchor within a page is a page of its own then. Default: `path`.
   */
  router?: 'path' | 'hash';

  /** Where `tracker_bg.wasm` is, if not beside this module. */
  wasm?: string | URL;
}

/** What the tracker does. */
export interface Status {
  /**
   * - `off`: it was not started, there is no document, or statistics are off at the server: the endpoint answered 404 or 410.
   *   Nothing is stored, and the tracker has ended for this page.
   * - `loading`: it was started; the server is asked, or the WebAssembly is on its way. Views wait.
   * - `counting`: each view is sent.
   * - `opted-out`: the person said no in this browser.
   * - `ignored`: the browser asks not to be tracked (Global Privacy Control, Do Not Track), the options leave it out, or the
   *   document is no page: it has no address with `http`, or is a frame of a page of its origin that has a tracker.
   * - `failed`: the server did not say that statistics are on, the WebAssembly is missing, damaged or forbidden, or the
   *   options are not valid. The page works without.
   */
  state: 'off' | 'loading' | 'counting' | 'opted-out' | 'ignored' | 'failed';

  /** How many views wait, for the WebAssembly or for the network. At most 32. */
  waiting: number;

  /** How many views were dropped since the page was loaded, the oldest first, because too many waited. */
  dropped: number;
}

/**
 * Counts the page that is open, and each one that is opened from here on: when the path has changed and the navigation
 * has settled. A new query or fragment, or a slash at the end, is no view. What is sent of a view is its template, the display size and a random
 * id of this browser, which is kept in `localStorage` under `headcount-device-id:` and the path of the endpoint's directory.
 *
 * Before anything is stored or fetched, the endpoint is asked whether statistics are on (`GET`, answered with 204).
 *
 * Nothing that it does throws, not even for wrong options. A second start changes nothing. Where there is no document, as in
 * Node.js, it does nothing.
 */
export function start(options: Options): void;

/**
 * Ends the counting in this browser, also on later visits, by every Headcount server of this origin. The choice is kept in
 * `localStorage` as `headcount-opt-out`; the browser's ids and what waits are forgotten.
 */
export function optOut(): void;

/** Forgets the choice. Counting begins again from here on, under a new id. */
export function optIn(): void;

/** What the tracker does now. */
export function status(): Status;
