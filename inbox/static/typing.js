// Who is writing on the other side, and telling them that somebody writes here.

import { csrf, shown } from "./live.js";

const EVERY = 3000;
let toldAt = 0;
let silent;

const show = (text) => {
  const line = document.getElementById("typing");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
};

// Only an answer is announced, never a private note.
addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.id !== "composer" || event.target.name !== "text" || form.elements.mode.value === "note") return;
  const id = shown();
  if (!event.target.value || !id || Date.now() - toldAt < EVERY) return;
  toldAt = Date.now();
  fetch(`/inbox/c/${id}/typing`, { method: "POST", headers: { "X-CSRF": csrf(), Accept: "application/json" } }).catch(() => {});
});

addEventListener("switchboard-change", ({ detail: change }) => {
  if (change.conversation !== shown()) return;
  clearTimeout(silent);
  if (change.what !== "typing") return change.way === "in" && show("");
  show(document.getElementById("typing")?.dataset.word ?? "");
  silent = setTimeout(() => show(""), 6000);
});
