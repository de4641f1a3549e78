// A list people put in order: by dragging a row's handle, or with arrow up and down on it.

import { hold } from "./regions.js";

const rowsOf = (list) => [...list.children];

/** Says aloud where `row` is now; `words` has {name}, {n} and {of}. */
export function told(list, row, words) {
  document.getElementById("aloud").textContent = words
    .replace("{name}", row.dataset.called)
    .replace("{n}", rowsOf(list).indexOf(row) + 1)
    .replace("{of}", rowsOf(list).length);
}

/** The up and down buttons of each row name its place, and the outermost lead nowhere. */
export function numbered(list) {
  const rows = rowsOf(list);
  rows.forEach((one, n) => {
    for (const button of one.querySelectorAll("button[name=do]")) {
      const [verb] = button.value.split(":");
      button.value = `${verb}:${n}`;
      button.disabled = (verb === "up" && n === 0) || (verb === "down" && n === rows.length - 1);
    }
  });
}

/** Shows the handles, which do nothing without this script. */
export function shown() {
  for (const handle of document.querySelectorAll(".handle")) handle.hidden = false;
}

/**
 * Makes the rows of `list()` movable by their `.handle`; `settled(row)` is called after each move. From the first touch
 * until what it returns is done, no part of the page is made what it was before.
 */
export function arrange(list, settled) {
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.(".handle");
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!handle || !way || !list()?.contains(handle)) return;
    event.preventDefault();
    event.stopPropagation();
    const row = rowsOf(list()).find((one) => one.contains(handle));
    const other = way < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (way < 0) other.before(row);
    else other.after(row);
    handle.focus();
    row.scrollIntoView({ block: "nearest" });
    const release = hold();
    Promise.resolve(settled(row)).finally(release);
  }, true);

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.(".handle");
    if (!handle || event.button || !list()?.contains(handle)) return;
    const row = rowsOf(list()).find((one) => one.contains(handle));
    let moved = false;
    handle.setPointerCapture(event.pointerId);
    const release = hold();
    row.classList.add("moving");
    const move = ({ clientY }) => {
      const rows = rowsOf(list());
      const other = rows.find((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return one !== row && clientY > top && clientY < bottom;
      });
      if (!other) return;
      const { top, bottom } = other.getBoundingClientRect();
      const from = rows.indexOf(row), to = rows.indexOf(other), down = to > from;
      // Half-way over the other one, so that a small one and a tall one do not change places for ever.
      if (down ? clientY > (top + bottom) / 2 : clientY < (top + bottom) / 2) {
        // The others step aside: a row that is itself put elsewhere loses the pointer.
        if (down) row.before(...rows.slice(from + 1, to + 1));
        else row.after(...rows.slice(to, from));
        moved = true;
      }
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      row.classList.remove("moving");
      Promise.resolve(moved && settled(row)).finally(release);
    };
    handle.addEventListener("pointermove", move);
    document.addEventListener("lostpointercapture", end, { once: true });
  });
}
