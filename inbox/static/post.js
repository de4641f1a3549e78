// Posts forms without a reload: says what was done, offers the way back, and shows what changed.

import { toast } from "../design/toasts.js";
import { csrf, need } from "./live.js";

const word = document.body.dataset;
/** The answer to words under a key that was used for others: those did arrive, and these are another message. */
export const ANOTHER = 409;

/** What is sent from here on is something else than before. */
export function renew(form) {
  if (form.elements.key) form.elements.key.value = freshKey();
}

/** Under the same key something is done once. */
export const freshKey = () => crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}`;

/**
 * Posts `fields` to `url`. Returns {said, then, undo}, or null after saying why it was refused; `refused(status)` is told
 * what the server answered, and nothing when no answer came.
 */
export async function post(url, fields, refused = () => {}) {
  let response, answer;
  try {
    response = await fetch(url, { method: "POST", body: fields, headers: { "X-CSRF": csrf(), Accept: "application/json" } });
    answer = await response.json();
  } catch {
    toast(word.wordFailed, { bad: true });
    return null;
  }
  if (!response.ok) {
    refused(response.status);
    toast(answer.sentence ?? word.wordFailed, { bad: true });
    if (answer.sign_in) setTimeout(() => location.assign(`/inbox/sign-in?next=${encodeURIComponent(location.pathname)}`), 2500);
    need("head", "thread", "list");
    return null;
  }
  return answer;
}

/** Says what was done, with a way back where there is one. */
export function tell({ said, undo }) {
  toast(said, {
    label: word.wordUndo,
    undo: undo && (async () => {
      const fields = new FormData();
      for (const [name, value] of Object.entries(undo.fields)) fields.set(name, value);
      const answer = await post(undo.to, fields);
      if (answer) {
        toast(answer.said);
        need("nav", "list", "head", "thread", "side", "page");
      }
    }),
  });
}

addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "plain" in form.dataset || form.action.endsWith("/sign-out")) return;
  if ("writes" in form.dataset) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  const menu = form.closest("details.menu, details.amend");
  if (menu) menu.open = false;
  if (event.submitter) event.submitter.disabled = true;
  const answer = await post(form.action, fields);
  if (event.submitter) event.submitter.disabled = false;
  if (!answer) return;
  renew(form);
  tell(answer);
  need("nav", "list", "head", "thread", "side", "page");
});
