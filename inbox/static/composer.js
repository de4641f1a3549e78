// Writing: Ctrl+Enter sends, the words appear at once, and what is not sent yet survives a reload.
//
// The form is empty the moment something is sent, so that what is written next is another message: to the customer unless
// it is said anew that it is a note. One goes after the other; what cannot go comes back into the form, under the key it
// had, so that a second try is no second message.

import { draftOf, joined, keepDraft, keepUnsent, unsentOf } from "./drafts.js";
import { need, shown } from "./live.js";
import { ANOTHER, freshKey, post, renew, tell } from "./post.js";
import { toFoot } from "./regions.js";
import { toast } from "../design/toasts.js";
import { carry, forget, give } from "./attach.js";

const word = document.body.dataset;
const form = () => document.getElementById("composer");
const KEPT = ["text", "cc", "bcc", "address", "later", "mode", "key"];

// What was sent and is not answered yet, oldest first: {id, name, url, fields, kept, carried, ghost}.
const waiting = [];
// By conversation: what could not be sent while another one was shown. Files are no longer than the page.
const files = new Map();
let sending = false;

// ------------------------------------------------------------------------------------------------ what is kept

const written = (composer) => Object.fromEntries(KEPT.map((name) => [name, composer.elements[name]?.value ?? ""]));
const keep = () => shown() && form() && keepDraft(shown(), written(form()));
const waitingIn = (id) => waiting.filter((one) => one.id === id).map((one) => one.kept);

/** Brings back what was written and not sent; called when a conversation is shown. */
export function begin() {
  const id = shown();
  const text = form()?.elements.text;
  if (!id || !text) return;
  carry(form());
  const draft = text.value ? null : draftOf(id); // the browser may have brought it back already
  const left = waitingIn(id).length ? [] : unsentOf(id);
  if (left.length) keepUnsent(id, []);
  bring([...left, draft].filter(Boolean));
  give(form(), files.get(id) ?? []);
  files.delete(id);
}

// Puts words before those that stand in the form.
function bring(all) {
  if (!all.length) return;
  const { elements } = form();
  const now = written(form());
  const whole = joined(now.text ? [...all, now] : all);
  elements.text.value = whole.text;
  for (const name of ["cc", "bcc", "later", "key"])
    if (elements[name] && whole[name] !== undefined) elements[name].value = whole[name];
  if ([...(elements.address?.options ?? [])].some((one) => one.value === whole.address)) {
    elements.address.value = whole.address;
    carry(form());
  }
  if (whole.cc || whole.bcc) elements.cc?.closest("details").setAttribute("open", "");
  form().querySelector(`#mode-${whole.mode === "note" ? "note" : "reply"}`).checked = true;
  elements.text.dispatchEvent(new Event("input", { bubbles: true }));
}

addEventListener("input", (event) => {
  if (event.target.form?.id === "composer" && KEPT.includes(event.target.name)) keep();
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

// -------------------------------------------------------------------------------------------------- sending

addEventListener("submit", (event) => {
  if (event.target.id !== "composer") return;
  event.preventDefault();
  const composer = event.target;
  const { text, file, later } = composer.elements;
  const kept = written(composer);
  const note = kept.mode === "note";
  const carried = note ? [] : [...(file?.files ?? [])];
  if (!text.value.trim() && !carried.length) return text.focus();
  const fields = new FormData(composer, event.submitter);
  if (note) fields.delete("file");
  const ghost = !note && kept.later ? null : appear(kept.text || carried.map((one) => one.name).join(", "), kept.mode);
  const { title: name = "" } = document.getElementById("main").dataset;
  waiting.push({ id: shown(), name, url: composer.action, fields, kept, carried, ghost });
  keepUnsent(shown(), waitingIn(shown()));
  renew(composer);
  composer.querySelector("#mode-reply").checked = true;
  text.value = "";
  if (!note) {
    forget(composer);
    if (composer.elements.bcc) composer.elements.bcc.value = "";
    if (later) later.value = "";
  }
  text.dispatchEvent(new Event("input", { bubbles: true }));
  send();
});

async function send() {
  if (sending) return;
  sending = true;
  const back = [];
  while (waiting.length) {
    const [one] = waiting;
    // What stands behind one that cannot go comes back with it: the order in which it was written is what was meant.
    const held = back.some((other) => other.id === one.id);
    const answer = held ? null : await post(one.url, one.fields, (status) => {
      if (status === ANOTHER) one.kept.key = freshKey();
    });
    waiting.shift();
    if (answer) arrived(one, answer);
    else back.push(one);
  }
  sending = false;
  for (const id of new Set(back.map((one) => one.id))) returned(id, back.filter((one) => one.id === id));
}

function arrived({ id, fields }, answer) {
  keepUnsent(id, waitingIn(id));
  if (answer.undo) tell(answer);
  else if (fields.get("later")) toast(answer.said);
  if (shown() === id) need("thread", "head", "list", "side");
}

// Nothing is lost: the words go back to where they were.
function returned(id, all) {
  for (const one of all) one.ghost?.remove();
  const kept = all.map((one) => one.kept);
  files.set(id, all.flatMap((one) => one.carried));
  if (shown() === id && form()) {
    keepUnsent(id, kept);
    begin();
    form().elements.text.focus();
  } else {
    keepUnsent(id, []);
    keepDraft(id, joined([...kept, draftOf(id)].filter(Boolean)));
    const text = word.wordUnsent.replace("{name}", all[0].name || word.wordSomebody);
    toast(text, { bad: true, into: `/inbox/c/${id}`, label: word.wordThere });
  }
}

// A first letter: nothing is lost when it is refused, and when it is sent its conversation opens.
addEventListener("submit", async (event) => {
  if (event.target.id !== "new") return;
  event.preventDefault();
  const letter = event.target;
  const send = document.getElementById("send");
  if (send.disabled) return;
  send.disabled = true;
  const answer = await post(letter.action, new FormData(letter), (status) => {
    if (status === ANOTHER) renew(letter);
  });
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
