// Asks the server for parts of the page that is shown, and puts them in place of the old ones.

import { parsed, swap } from "../design/swap.js";

const running = new Map();

/** Fetches `regions` of `url` (this page) and swaps them. Returns the fetched document, null when it did not work. */
export async function refresh(regions, url = location.href) {
  const answer = await ask(regions, url);
  if (!answer) return null;
  for (const id of regions) put(id, answer);
  return answer;
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
