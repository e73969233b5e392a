// Drives a router step by step, and records each navigation that it reports as settled.
import { start } from 'headcount-tracker';

/** What the router said: the path and the key of each place that it arrived at, in order, and in which task that was. */
const settled = [];

let task = 0;
let next;

/** Who waits for the next arrival. */
const waiting = [];

/** The router has arrived at the present address, which is one of `template`. */
export function arrived(template, params) {
  next ??= setTimeout(() => {
    next = undefined;
    task += 1;
  });
  settled.push({ task, path: location.pathname, key: keyOf(template, params) });
  for (const resolve of waiting.splice(0)) resolve();
}

/** A template in which optional parameters that are absent are left out. */
function keyOf(template, params) {
  const parts = template.split('/').flatMap((segment) => {
    const name = /^:(\w+)/.exec(segment)?.[1];
    if (name === undefined) return segment === '' ? [] : [segment];
    return params[name]?.length ? [`$${name}`] : [];
  });
  return `/${parts.join('/')}`;
}

const here = () => location.pathname + location.search + location.hash;

/** The addresses in the history since the page was opened, and at which of them it is. */
const entries = [here()];
let at = 0;

for (const name of ['pushState', 'replaceState']) {
  const original = history[name];
  history[name] = (...values) => {
    original.apply(history, values);
    if (name === 'pushState') entries.length = at += 1;
    entries[at] = here();
  };
}

async function go(by) {
  const target = entries[at + by];
  // Routers do not report moves between entries with the same address.
  if (target === undefined || target === entries[at]) return;
  const arrival = new Promise((resolve) => waiting.push(resolve));
  at += by;
  history.go(by);
  await arrival;
}

/** Guards and loaders that take their time: each goes on when it is let. */
const held = [];

/** Takes its time: as long as until everything before it has come to rest. */
export const later = (use) => held.push(use);

/**
 * Lets what was set in motion so far come to rest. Timers fire in the order in which they are due, on a busy machine too,
 * and nothing that is observed here sets one that is due after 10 ms.
 */
const rest = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Lets guards and loaders go on, one after another, until a step is over. */
async function through(step) {
  let isOver = false;
  const over = step.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await rest();
    held.shift()?.();
  }
  await over;
  // An overtaken navigation may still redirect.
  do {
    held.shift()?.();
    await rest();
  } while (held.length > 0);
}

/** Lets a test drive the router with `perform`. `push` and `replace` resolve when they are over, whatever came of them. */
export function drive({ routes, push, replace }) {
  const kinds = {
    push,
    replace,
    go,
    // The second navigation begins in the same task as the first.
    overtake: ([first, second]) => Promise.all([push(first), push(second)]),
  };

  start({ endpoint: '/stats', routes });
  window.perform = async ([kind, argument]) => {
    await through(Promise.resolve(kinds[kind](argument)));
    return settled;
  };
}
