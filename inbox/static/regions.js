// Asks the server for parts of the page that is shown, and puts them in place of the old ones.

import { parsed, swap } from "../design/swap.js";

const running = new Map();
let turn = 0, hands = 0, free = Promise.resolve(), letGo;

/** What is shown is something else from now on: no answer to what was asked before is put in its place. */
export const turned = () => (turn += 1);

/** The same while somebody moves what is shown, until what is returned is called: parts asked for meanwhile come then. */
export function hold() {
  turned();
  if (!hands++) free = new Promise((resolve) => (letGo = resolve));
  return () => {
    turned();
    if (!--hands) letGo();
  };
}

/** A function that says whether what is shown is still what it was at this call. */
export function still() {
  const then = turn;
  return () => then === turn;
}

/** Fetches `regions` of the page that is shown, at `address()`, and swaps them; what is not true any more is asked again. */
export async function refresh(regions, address) {
  for (;;) {
    await free;
    const same = still();
    const answer = await ask(regions, address());
    if (!same()) continue;
    if (answer) for (const id of regions) put(id, answer);
    return;
  }
}

/** Fetches `regions` of `url` as a document, without showing them. */
export async function ask(regions, url) {
  const response = await fetch(url, { headers: { "X-Regions": regions.join(",") }, credentials: "same-origin" });
  if (response.status === 401) location.reload();
  if (!response.ok) return null;
  return parsed(await response.text());
}

/** Puts the region `id` of a fetched document into this one; the thread stays at its foot when it was there. */
export function put(id, fetched) {
  const old = document.getElementById(id);
  const fresh = fetched.getElementById(id);
  if (!old || !fresh) return;
  const thread = document.getElementById("thread");
  const atFoot = thread && thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  swap(old, fresh);
  const now = document.getElementById("thread");
  if (now && (now !== thread || atFoot)) toFoot();
}

/** Scrolls the history to its newest line. */
export function toFoot() {
  const thread = document.getElementById("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
}

/**
 * Runs `task` now, or right after the one that runs; however often it is asked for meanwhile, it runs once more.
 * Between two runs it rests as long as the last one took, at least `pause` ms: a busy server is asked less.
 */
export async function once(name, task, pause = 40) {
  if (running.has(name)) {
    running.set(name, true);
    return;
  }
  running.set(name, false);
  try {
    do {
      running.set(name, false);
      const began = performance.now();
      await task();
      const rest = Math.max(pause, Math.min(1000, performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, rest));
    } while (running.get(name));
  } finally {
    running.delete(name);
  }
}
