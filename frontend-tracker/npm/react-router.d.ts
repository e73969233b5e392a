// Types of the conversion from the routes of React Router to a route table.

/** The relevant part of a route object of React Router. */
export interface Route {
  path?: string | undefined;
  index?: boolean | undefined;
  children?: readonly Route[] | undefined;
}

/**
 * The route table of route objects such as those given to `createBrowserRouter`: one template for each path
 * that a route or an index route ends at, in the order of the routes, each once. Routes that only wrap others
 * have none. An optional segment gives two templates, with it and without, as React Router itself has it.
 *
 * A `basename` is not part of the table: give it to the tracker as `base`.
 */
export function templates(routes: readonly Route[]): string[];
