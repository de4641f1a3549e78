// What an agent wrote and has not sent: kept as long as the tab, also over a reload, for nobody else, and marked in the
// list.

import { shown } from "./live.js";

const word = document.body.dataset;
const typed = (id) => `draft ${word.agent} ${id}`;
const unsent = (id) => `unsent ${word.agent} ${id}`;

function stored(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function store(name, value) {
  if (value) sessionStorage.setItem(name, JSON.stringify(value));
  else sessionStorage.removeItem(name);
}

/** What is being written in conversation `id`, {text, mode, key, cc, …}, or null. */
export const draftOf = (id) => stored(typed(id));

/** Keeps it; null and what has no words is forgotten. */
export function keepDraft(id, draft) {
  store(typed(id), draft?.text ? draft : null);
  mark();
}

/** What was sent in conversation `id` and is not answered, oldest first. */
export const unsentOf = (id) => stored(unsent(id)) ?? [];

/** Keeps it, for a page that is closed meanwhile. */
export const keepUnsent = (id, all) => store(unsent(id), all.length ? all : null);

/**
 * Several as one, under the key of the first: whether that one arrived may not be known. Where one was a note all are:
 * nothing private becomes an answer.
 */
export function joined(all) {
  const [first] = all;
  const text = all.map((one) => one.text).filter(Boolean).join("\n");
  return { ...first, text, mode: all.some((one) => one.mode === "note") ? "note" : first.mode };
}

// The conversation that is shown needs no mark: its words are to be seen.
function mark() {
  for (const row of document.querySelectorAll("#conversations > li")) {
    const id = row.id.slice(2), said = row.querySelector(".said");
    const there = id !== shown() && draftOf(id) !== null;
    if (said && there !== ("draft" in said.dataset)) {
      if (there) said.dataset.draft = word.wordDraft;
      else delete said.dataset.draft;
    }
  }
}

const list = document.getElementById("list");
const what = { childList: true, subtree: true, attributes: true, attributeFilter: ["data-draft", "aria-current"] };
if (list) new MutationObserver(mark).observe(list, what);
mark();
