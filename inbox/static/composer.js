// Writing: Ctrl+Enter sends, the words appear at once, and what is not sent yet survives a reload.

import { toast } from "../design/toasts.js";
import { need, shown } from "./live.js";
import { post, tell } from "./post.js";
import { toFoot } from "./regions.js";

const form = () => document.getElementById("composer");
const draft = (id) => `draft ${id}`;

/** Brings back what was written and not sent; called when a conversation is shown. */
export function begin() {
  const id = shown();
  const text = form()?.elements.text;
  if (!id || !text) return;
  try {
    const kept = JSON.parse(sessionStorage.getItem(draft(id)) ?? "null");
    if (kept && !text.value) {
      text.value = kept.text;
      form().querySelector(`#mode-${kept.mode === "note" ? "note" : "reply"}`).checked = true;
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } catch {
    sessionStorage.removeItem(draft(id));
  }
}

function keep() {
  const id = shown();
  const { text, mode } = form().elements;
  if (!id) return;
  if (text.value) sessionStorage.setItem(draft(id), JSON.stringify({ text: text.value, mode: mode.value }));
  else sessionStorage.removeItem(draft(id));
}

addEventListener("input", (event) => {
  if (event.target.form?.id === "composer" && (event.target.name === "text" || event.target.name === "mode")) keep();
});

addEventListener("change", (event) => {
  if (event.target.id !== "file") return;
  const chosen = document.getElementById("chosen");
  chosen.textContent = [...event.target.files].map((file) => file.name).join(", ");
  chosen.hidden = !chosen.textContent;
});

// r and n press the switch; the hand then wants to write.
addEventListener("click", (event) => {
  if (event.target.name === "mode" && event.target.form?.id === "composer") form().elements.text.focus();
});

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target.form?.id !== "composer") return;
  event.preventDefault();
  form().requestSubmit(document.getElementById(event.shiftKey && form().elements.mode.value !== "note" ? "send-resolve" : "send"));
});

addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  const input = document.getElementById("file");
  if (!files.length || !input || event.target.form?.id !== "composer") return;
  event.preventDefault();
  const all = new DataTransfer();
  for (const file of [...input.files, ...files]) all.items.add(file);
  input.files = all.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

addEventListener("submit", async (event) => {
  if (event.target.id !== "composer") return;
  event.preventDefault();
  const composer = event.target;
  const id = shown();
  const { text, file, mode, later } = composer.elements;
  if (!text.value.trim() && !file?.files.length) return text.focus();
  const fields = new FormData(composer, event.submitter);
  const written = text.value;
  const ghost = later?.value ? null : appear(written || [...file.files].map((one) => one.name).join(", "), mode.value);
  text.value = "";
  text.dispatchEvent(new Event("input", { bubbles: true }));
  const answer = await post(composer.action, fields);
  if (!answer) {
    // Nothing is lost: the words go back to where they were, under the same key, so that a second try is no second reply.
    ghost?.remove();
    if (shown() === id && form() === composer) {
      text.value = text.value ? `${written}\n${text.value}` : written;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    } else sessionStorage.setItem(draft(id), JSON.stringify({ text: written, mode: mode.value }));
    return;
  }
  composer.elements.key.value = crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}`;
  if (file) file.value = "";
  if (later) later.value = "";
  document.getElementById("chosen").hidden = true;
  composer.querySelector("#mode-reply").checked = true;
  if (answer.undo) tell(answer);
  else if (fields.get("later")) toast(answer.said);
  if (shown() === id) need("thread", "head", "list");
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
