// What every page of the inbox has: menus, shortcuts, live parts, posts without a reload.

import "../design/time.js";
import "../design/menu.js";
import "../design/grow.js";
import { keys } from "../design/keys.js";
import "./live.js";
import "./post.js";
import "./composer.js";
import { open, step } from "./open.js";
import "./more.js";
import "./typing.js";
import "./wording.js";

// Where there is no room for every tab, the one that is open is in sight.
const tab = document.querySelector(".top .tab[aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 16;

const help = document.getElementById("help");
for (const button of document.querySelectorAll('[data-opens="help"]')) button.hidden = false;
addEventListener("click", (event) => event.target.closest?.('[data-opens="help"]') && help.showModal());

keys({
  "?": () => help.showModal(),
  j: () => step(1),
  ArrowDown: (event) => (event.target.closest("#list") || event.target === document.body ? step(1) : false),
  k: () => step(-1),
  ArrowUp: (event) => (event.target.closest("#list") || event.target === document.body ? step(-1) : false),
  Escape: () => {
    const side = document.querySelector(".side.shown");
    if (!side) return false;
    side.classList.remove("shown");
  },
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("input, textarea") && !event.target.closest("dialog, .menu")) event.target.blur();
});

addEventListener("click", (event) => {
  const link = event.target.closest?.("a.to-side");
  if (!link) return;
  event.preventDefault();
  const side = document.getElementById("side");
  side?.classList.toggle("shown");
  side?.focus();
});

export { open };
