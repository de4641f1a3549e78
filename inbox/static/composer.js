// Writing: Ctrl+Enter sends, the words appear at once, and what is not sent yet survives a reload.

import { need, shown } from "./live.js";
import { post, tell } from "./post.js";
import { toFoot } from "./regions.js";
import { toast } from "../design/toasts.js";
import { carry, forget } from "./attach.js";

const form = () => document.getElementById("composer");
const draft = (id) => `draft ${id}`;
const KEPT = ["text", "cc", "bcc"];

/** Brings back what was written and not sent; called when a conversation is shown. */
export function begin() {
  const id = shown();
  const text = form()?.elements.text;
  if (!id || !text) return;
  carry(form());
  try {
    const kept = JSON.parse(sessionStorage.getItem(draft(id)) ?? "null");
    if (kept && !text.value) {
      for (const name of KEPT) if (kept[name] !== undefined && form().elements[name]) form().elements[name].value = kept[name];
      if (kept.cc || kept.bcc) form().elements.cc?.closest("details").setAttribute("open", "");
      form().querySelector(`#mode-${kept.mode === "note" ? "note" : "reply"}`).checked = true;
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } catch {
    sessionStorage.removeItem(draft(id));
  }
}

function written(composer) {
  const kept = { mode: composer.elements.mode.value };
  for (const name of KEPT) kept[name] = composer.elements[name]?.value;
  return kept;
}

function keep() {
  const id = shown();
  if (!id) return;
  const now = written(form());
  if (now.text) sessionStorage.setItem(draft(id), JSON.stringify(now));
  else sessionStorage.removeItem(draft(id));
}

addEventListener("input", (event) => {
  if (event.target.form?.id === "composer" && [...KEPT, "mode"].includes(event.target.name)) keep();
});

// r and n press the switch; the hand then wants to write.
addEventListener("click", (event) => {
  if (event.target.name === "mode" && event.target.form?.id === "composer") form().elements.text.focus();
});

addEventListener("keydown", (event) => {
  const writing = event.target.form;
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !writing || !("writes" in writing.dataset)) return;
  event.preventDefault();
  const resolve = event.shiftKey && writing.id === "composer" && writing.elements.mode.value !== "note";
  writing.requestSubmit(document.getElementById(resolve ? "send-resolve" : "send"));
});

addEventListener("submit", async (event) => {
  if (event.target.id !== "composer") return;
  event.preventDefault();
  const composer = event.target;
  const id = shown();
  const { text, file, mode, later } = composer.elements;
  if (!text.value.trim() && !file?.files.length) return text.focus();
  const fields = new FormData(composer, event.submitter);
  const before = written(composer);
  const ghost = later?.value ? null : appear(before.text || [...file.files].map((one) => one.name).join(", "), mode.value);
  text.value = "";
  text.dispatchEvent(new Event("input", { bubbles: true }));
  const answer = await post(composer.action, fields);
  if (!answer) {
    // Nothing is lost: the words go back to where they were, under the same key, so that a second try is no second reply.
    ghost?.remove();
    if (shown() === id && form() === composer) {
      text.value = text.value ? `${before.text}\n${text.value}` : before.text;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    } else sessionStorage.setItem(draft(id), JSON.stringify(before));
    return;
  }
  composer.elements.key.value = crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}`;
  forget(composer);
  if (composer.elements.bcc) composer.elements.bcc.value = "";
  if (later) later.value = "";
  composer.querySelector("#mode-reply").checked = true;
  if (answer.undo) tell(answer);
  else if (fields.get("later")) toast(answer.said);
  if (shown() === id) need("thread", "head", "list", "side");
});

// A first letter: nothing is lost when it is refused, and when it is sent its conversation opens.
addEventListener("submit", async (event) => {
  if (event.target.id !== "new") return;
  event.preventDefault();
  const letter = event.target;
  const send = document.getElementById("send");
  if (send.disabled) return;
  send.disabled = true;
  const answer = await post(letter.action, new FormData(letter));
  send.disabled = false;
  if (answer) location.assign(answer.then);
});

// The words as they will look, until the server's own come.
function appear(words, mode) {
  const entries = document.getElementById("entries");
  if (!entries) return null;
  const ghost = document.createElement("li");
  ghost.className = `entry pending ${mode === "note" ? "note" : "ours"}`;
  const bubble = document.createElement("article");
  bubble.className = "bubble";
  const text = document.createElement("div");
  text.className = "text";
  text.dir = "auto";
  text.textContent = words.trim();
  bubble.append(text);
  ghost.append(bubble);
  entries.append(ghost);
  toFoot();
  return ghost;
}

begin();
