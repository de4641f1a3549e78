// Opens conversations in place: the list stays, the address bar, Back and the title follow.

import { begin } from "./composer.js";
import { readSoon, stream } from "./live.js";
import { ask, put, toFoot, turned } from "./regions.js";

const links = () => [...document.querySelectorAll("#conversations a[data-into]")];
let wanted = 0;

/** Shows the conversation behind `href`; falls back to a plain load when that does not work. */
export async function open(href, { push = true, focus = false } = {}) {
  const mine = ++wanted;
  const main = document.getElementById("main");
  if (!main) return location.assign(href);
  mark(href);
  main.classList.add("loading");
  const fetched = await ask(["main", "head", "thread", "side"], href).catch(() => null);
  if (mine !== wanted) return;
  const fresh = fetched?.getElementById("main");
  if (!fresh) return location.assign(href);
  turned(); // parts of the other conversation may still be on their way
  main.replaceWith(document.importNode(fresh, true));
  const side = fetched.getElementById("side");
  const old = document.getElementById("side");
  if (old && side) old.replaceWith(document.importNode(side, true));
  else if (old) old.remove();
  else if (side) document.querySelector(".panes-in").append(document.importNode(side, true));
  document.body.className = `panes ${fresh.dataset.conversation ? "at-conversation" : "at-list"}`;
  if (fresh.dataset.title) document.title = `${fresh.dataset.title} · Switchboard`;
  if (push) history.pushState({}, "", href);
  mark(href);
  stream.move(fresh.dataset.follow ?? "/inbox/live");
  toFoot();
  begin();
  if (focus) document.getElementById("main").focus({ preventScroll: true });
  if (document.querySelector('#conversations .unread[aria-current="true"]')) readSoon();
}

function mark(href) {
  const path = new URL(href, location.href).pathname;
  for (const link of links()) {
    if (link.pathname === path) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Opens the next (1) or previous (-1) conversation of the list. */
export function step(by) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => link.getAttribute("aria-current"));
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  if (at >= 0 && next === all[at]) return;
  next.scrollIntoView({ block: "nearest" });
  next.focus({ preventScroll: true });
  open(next.href);
}

addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-into]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.href, { focus: event.detail === 0 });
});

addEventListener("popstate", () => {
  if (document.getElementById("main") && document.querySelector("#list")) open(location.href, { push: false });
  else location.reload();
});

export { put };
