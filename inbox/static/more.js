// "Show more" and "Earlier messages" without leaving the page.

import { ask, still } from "./regions.js";

addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-more], a[data-earlier]");
  if (!link || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  link.setAttribute("aria-disabled", "true");
  await ("earlier" in link.dataset ? earlier(link) : more(link)).catch(() => location.assign(link.href));
});

async function more(link) {
  const fetched = await ask(["list"], link.href);
  const list = document.getElementById("conversations");
  for (const row of fetched.querySelectorAll("#conversations > li"))
    if (!document.getElementById(row.id)) list.append(document.importNode(row, true));
  const next = fetched.querySelector("a[data-more]");
  if (next) link.replaceWith(document.importNode(next, true));
  else link.parentElement.remove();
}

async function earlier(link) {
  const same = still();
  const fetched = await ask(["thread"], link.href);
  if (!same()) return; // another conversation is shown by now
  const thread = document.getElementById("thread");
  const entries = document.getElementById("entries");
  const before = thread.scrollHeight - thread.scrollTop;
  const rows = [...fetched.querySelectorAll("#entries > li")].filter((row) => !document.getElementById(row.id));
  // The day of what was first so far may already have begun further up.
  const days = [...fetched.querySelectorAll("#entries > .day")];
  const first = entries.querySelector(":scope > .day");
  if (days.length && first && first.textContent === days.at(-1).textContent) first.remove();
  entries.prepend(...rows.map((row) => document.importNode(row, true)));
  thread.scrollTop = thread.scrollHeight - before;
  const next = fetched.querySelector("a[data-earlier]");
  if (next) link.replaceWith(document.importNode(next, true));
  else link.parentElement.remove();
}
