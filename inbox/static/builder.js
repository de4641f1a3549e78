// The form builder: buttons without a reload, order by drag or by arrow keys, a preview that follows.
// Without it each button posts the page, and the server gives it back changed.

import { arrange, numbered, shown, told } from "./arrange.js";

const builder = () => document.getElementById("builder");
const list = () => document.getElementById("questions");
let dirty = false;

async function ask(what) {
  const fields = new FormData(builder());
  fields.set("do", what);
  const answer = await fetch(builder().action, { method: "POST", body: fields });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// ------------------------------------------------------------------------------------------------- preview

let asked = 0, timer;
function look(wait = 400) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const mine = ++asked;
    try {
      const page = await ask("look");
      if (mine === asked) document.getElementById("preview").srcdoc = page.getElementById("preview").srcdoc;
    } catch {} // the last preview stays; saving says what is wrong
  }, wait);
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#builder") || event.target.name === "size" || event.target.name === "add-kind") return;
  dirty ||= event.target.name !== "preview";
  look(event.target.name === "preview" ? 0 : 400);
});

// ------------------------------------------------------------------------------------------------- buttons

document.addEventListener("submit", async (event) => {
  const what = event.submitter?.value;
  if (event.target !== builder() || !what || event.submitter.name !== "do") return;
  if (what === "save") {
    dirty = false;
    return;
  }
  event.preventDefault();
  if (what === "look") return look(0);
  try {
    const page = await ask(what);
    const opened = new Set([...document.querySelectorAll(".question details[open]")].map((one) => one.closest(".question").querySelector("[name$='-name']").value));
    const fresh = page.getElementById("builder");
    list().replaceWith(page.getElementById("questions"));
    for (const one of document.querySelectorAll(".question")) {
      if (opened.has(one.querySelector("[name$='-name']").value)) one.querySelector("details").open = true;
    }
    document.getElementById("preview").srcdoc = page.getElementById("preview").srcdoc;
    dirty = true;
    shown();
    const row = document.getElementById(fresh.dataset.focus);
    const [verb] = what.split(":");
    (verb === "add" ? row?.querySelector("input.input, textarea") : row?.querySelector(".handle"))?.focus();
    if (row) told(list(), row, builder().dataset.moved);
  } catch {
    dirty = false;
    builder().requestSubmit(event.submitter); // the plain way says what is the matter
  }
});

addEventListener("beforeunload", (event) => dirty && event.preventDefault());

// --------------------------------------------------------------------------------------------------- order

function settled(row) {
  numbered(list());
  dirty = true;
  told(list(), row, builder().dataset.moved);
  look(0);
}

arrange(list, settled);
shown();
document.getElementById("trouble")?.focus();
const opened = document.getElementById(builder()?.dataset.focus);
opened?.querySelector("input.input")?.focus();
