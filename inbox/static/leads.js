// The board: a card is moved by drag or by arrow keys on its handle, and follows what others do. Without scripts each
// card has a menu that does the same.

import { need } from "./live.js";
import { post, tell } from "./post.js";
import { hold } from "./regions.js";

const aloud = document.getElementById("aloud");
const board = () => document.getElementById("board");
const columns = () => [...document.querySelectorAll(".column")];
const dialog = document.getElementById("why-lost");
let moving = 0, held = "";

addEventListener("switchboard-change", ({ detail }) => {
  if (detail.what === "lead" || detail.what === "lagged") need("page");
});

// What was posted by a menu of a card is shown as what was moved.
addEventListener("submit", (event) => event.target.action?.includes("/inbox/leads/") && setTimeout(() => need("page"), 0));

/** Why a lead was lost; null when it was not lost after all. */
function why() {
  const field = document.getElementById("lost-reason");
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "lost" ? field.value : null), { once: true });
  });
}

/** Where the server will show it: newest first, and ids rise with time. */
function put(card, list) {
  const next = [...list.children].find((one) => one.dataset.lead < card.dataset.lead);
  list.insertBefore(card, next ?? null);
}

async function move(card, column, focus) {
  const fields = new FormData();
  fields.set("state", column.dataset.state);
  fields.set("was", card.dataset.state);
  const release = hold();
  moving += 1;
  try {
    if (column.dataset.state === "lost") {
      const reason = await why();
      if (reason === null) return;
      fields.set("reason", reason);
    }
    put(card, column.querySelector(".cards"));
    if (focus) card.querySelector(".handle").focus();
    held = focus ? card.dataset.lead : "";
    const answer = await post(`/inbox/leads/${card.dataset.lead}/move`, fields);
    if (!answer) return;
    card.dataset.state = column.dataset.state;
    aloud.textContent = board().dataset.moved.replace("{name}", card.dataset.name).replace("{state}", column.dataset.called);
    tell(answer);
  } finally {
    moving -= 1;
    release();
    need("page");
  }
}

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.(".lead .handle");
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!handle || !way) return;
  event.preventDefault();
  event.stopPropagation();
  if (moving) return;
  const card = handle.closest(".lead");
  const all = columns();
  const right = getComputedStyle(board()).direction === "rtl" ? -way : way;
  const column = all[all.indexOf(card.closest(".column")) + right];
  if (column) move(card, column, true);
}, true);

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.(".lead");
  const handle = event.target.closest?.(".handle");
  if (!card || event.button || (!handle && (event.pointerType !== "mouse" || event.target.closest("a, button, summary, .sheet, input")))) return;
  event.preventDefault();
  const began = { x: event.clientX, y: event.clientY };
  let over = null;
  let moved = false;
  const release = hold();
  const find = ({ clientX, clientY }) => columns().find((one) => {
    const { left, right, top } = one.getBoundingClientRect();
    return clientX >= left && clientX <= right && clientY >= top - 40;
  });
  const step = (now) => {
    if (!moved && Math.hypot(now.clientX - began.x, now.clientY - began.y) < 6) return;
    moved = true;
    card.classList.add("moving");
    card.style.translate = `${now.clientX - began.x}px ${now.clientY - began.y}px`;
    // Near its edge the board comes along, so that a phone reaches every column.
    const edge = board().getBoundingClientRect();
    if (now.clientX > edge.right - 40) board().scrollLeft += 12;
    if (now.clientX < edge.left + 40) board().scrollLeft -= 12;
    const column = find(now);
    if (column === over) return;
    over?.classList.remove("over");
    over = column ?? null;
    over?.classList.add("over");
  };
  const end = (event) => {
    removeEventListener("pointermove", step);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    card.classList.remove("moving");
    card.style.translate = "";
    over?.classList.remove("over");
    const to = event.type === "pointerup" && moved ? over : null;
    if (to && to !== card.closest(".column")) move(card, to, Boolean(handle));
    release();
  };
  addEventListener("pointermove", step);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
});

// What others move meanwhile may move this card too: its handle stays in hand.
new MutationObserver(() => {
  if (held && document.activeElement === document.body) document.querySelector(`#l-${CSS.escape(held)} .handle`)?.focus();
}).observe(document.getElementById("page"), { childList: true, subtree: true });
document.addEventListener("focusin", (event) => {
  if (event.target.closest(".lead")?.dataset.lead !== held) held = "";
});

const filters = document.getElementById("lead-filters");
filters.addEventListener("change", () => filters.requestSubmit());
