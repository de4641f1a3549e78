// The bot's pages: previews that follow what is typed, lists that are put in order, a trial without reloads.
// Without it every button posts the page, and the server gives it back changed.

import { parsed, swap } from "../design/swap.js";
import { arrange, numbered, told } from "./arrange.js";
import { once } from "./regions.js";

const page = () => document.getElementById("bot-form");
const list = () => document.getElementById("ordered");
let dirty = false;

async function ask(what, form = page()) {
  const fields = new FormData(form);
  if (what) fields.set("do", what);
  const answer = await fetch(form.action, { method: "POST", body: fields });
  if (!answer.ok && answer.status !== 422) throw new Error(answer.status);
  return parsed(await answer.text());
}

// ------------------------------------------------------------------------------------------------- preview

let asked = 0, timer;
function look(wait = 300) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const mine = ++asked;
    try {
      const fresh = await ask("look");
      if (mine !== asked) return;
      for (const part of fresh.querySelectorAll("[data-seen]")) {
        const old = document.getElementById(part.id);
        if (old) swap(old, part);
      }
    } catch {} // the last preview stays; saving says what is wrong
  }, wait);
}

addEventListener("input", (event) => {
  if (!event.target.closest("#bot-form[data-look]")) return;
  dirty ||= !("shows" in event.target.dataset);
  look("shows" in event.target.dataset ? 0 : 300);
});

addEventListener("beforeunload", (event) => dirty && event.preventDefault());

// ------------------------------------------------------------------------------------------------- buttons

addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (form === page() && button?.value === "look") {
    event.preventDefault();
    look(0);
  } else if (form === page() && /^(up|down):/.test(button?.value ?? "") && !("arrange" in form.dataset)) {
    event.preventDefault();
    const row = [...list().children].find((one) => one.contains(button));
    const up = button.value.startsWith("up");
    const other = up ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (up) other.before(row);
    else other.after(row);
    settled(row);
    (button.disabled ? row.querySelector(".handle") : button).focus();
  } else if (form.id === "trial") {
    event.preventDefault();
    turn(form, button);
  } else if (form === page()) {
    dirty = false;
  }
}, true);

// --------------------------------------------------------------------------------------------------- order

async function settled(row) {
  numbered(list());
  told(list(), row, page().dataset.moved);
  if (!("arrange" in page().dataset)) {
    dirty = true;
    look(0);
    return;
  }
  try {
    // Kept at once: there is nothing else on this page. One order after the other, so that the last one stays.
    await once("arrange", () => ask("arrange"));
  } catch {
    location.reload();
  }
}

arrange(list, settled);

// --------------------------------------------------------------------------------------------------- trial

let talking = false;
async function turn(form, button) {
  if (talking) return; // one turn after the other: each begins where the last one ended
  talking = true;
  try {
    await oneTurn(form, button);
  } finally {
    talking = false;
  }
}

async function oneTurn(form, button) {
  if (button?.name === "choice") form.elements.pressed.value = button.value;
  const reset = button?.value === "reset";
  let fresh;
  try {
    fresh = await ask(reset ? "reset" : "say", form);
  } catch {
    form.submit(); // the plain way says what is the matter
    return;
  }
  swap(document.getElementById("trial"), fresh.getElementById("trial"));
  const talk = document.getElementById("talk");
  talk.scrollTop = talk.scrollHeight;
  document.getElementById("aloud").textContent = [...talk.querySelectorAll("li.fresh")].map((one) => one.textContent).join(" ");
  const text = document.getElementById("f-text");
  if (!fresh.querySelector("#trial .wrong, #trial .notice.bad")) text.value = "";
  text.focus();
}

document.getElementById("trouble")?.focus();
