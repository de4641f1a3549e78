// A form in the browser: says what is wrong before anything is sent, does the proof of work, and sends once.
// Without it everything works the same: the server checks, and gives back what was typed.

import "./framed.js";
import { matches } from "./mask.js";

const form = document.getElementById("form");
const words = JSON.parse(form.dataset.words);
const kept = form.querySelectorAll(".kept input");
form.noValidate = true;

const number = (text) => (/^[+-]?\d{1,15}(\.\d{1,10})?$/.test(text) ? Number(text) : NaN);
const shown = (day) => new Date(`${day}T00:00:00Z`).toLocaleDateString(document.documentElement.lang, { timeZone: "UTC" });

/** [code, bound] of what is wrong with a control, or nothing. The same questions as core/forms/check.py asks. */
function problem(control) {
  const { kind, least, most, mask, megabytes } = control.dataset;
  if (control.type === "checkbox") return control.required && !control.checked ? ["tick"] : null;
  if (kind === "file") {
    const files = [...control.files];
    if (files.length > most) return ["files_many", most];
    if (files.some((file) => file.size > megabytes * 1048576)) return ["file_large", megabytes];
    return control.required && !files.length && ![...kept].some((box) => box.checked) ? ["required"] : null;
  }
  const given = control.value.trim();
  if (control.validity.badInput) return [kind];
  if (!given) return control.required ? ["required"] : null;
  if (kind === "number") {
    const value = number(given.replace(/[ \u00a0\u202f]/g, "").replace(",", ".").replace("\u2212", "-"));
    if (Number.isNaN(value)) return ["number"];
    if (least && value < least) return ["low", least];
    if (most && value > most) return ["high", most];
    return null;
  }
  if (control.validity.rangeUnderflow) return ["early", shown(control.min)];
  if (control.validity.rangeOverflow) return ["late", shown(control.max)];
  if (control.validity.typeMismatch) return [kind];
  if (kind === "phone" && given.replace(/\D/g, "").length < 5) return ["phone"];
  const length = [...given].length;
  if (least && length < least) return ["short", least];
  if (most && length > most) return ["too_long", most];
  return mask && !matches(mask, given) ? ["pattern", mask] : null;
}

function group(set) {
  const { required, least, most } = set.dataset;
  const chosen = set.querySelectorAll("input:checked").length;
  if (required !== undefined && !chosen) return ["required"];
  if (chosen && least && chosen < least) return ["few", least];
  return most && chosen > most ? ["many", most] : null;
}

/** Looks at one question and says beside it what is wrong; whether all is well. */
function look(question) {
  const control = question.matches("fieldset") ? question : question.querySelector("[name]:not([name=_kept])");
  const found = question.matches("fieldset") ? group(question) : problem(control);
  const place = question.querySelector(".wrong");
  const own = !["required", "tick"].includes(found?.[0]) && control.dataset.wrong;
  place.hidden = !found;
  place.textContent = found ? own || words[found[0]].replace("{limit}", found[1] ?? "") : "";
  if (found) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  return !found;
}

const questions = [...form.querySelectorAll("[data-question]")];
// What was wrong is looked at again while it is mended; nobody is told of a mistake while still typing.
form.addEventListener("input", (event) => {
  const question = event.target.closest("[data-question]");
  if (question && !question.querySelector(".wrong").hidden) look(question);
});

// ------------------------------------------------------------------------------------------- work and sending

let working;
function work() {
  working ??= new Promise((done) => {
    try {
      const worker = new Worker(form.dataset.worker, { type: "module" });
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = () => done("");
      worker.postMessage({ id: form.dataset.challenge, bits: Number(form.dataset.bits) });
    } catch {
      done(""); // no workers here: the server looks more closely at the words instead
    }
    setTimeout(() => done(""), 15_000);
  });
  return working;
}
form.addEventListener("focusin", work, { once: true });

const button = form.querySelector("button.primary");
let sending = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending || !button) return;
  const wrong = questions.filter((question) => !look(question));
  const trouble = document.getElementById("trouble");
  trouble.replaceChildren();
  if (wrong.length) {
    const notice = Object.assign(document.createElement("p"), { className: "notice bad", textContent: form.dataset.trouble });
    notice.setAttribute("role", "alert");
    trouble.append(notice);
    const first = wrong[0];
    (first.matches("fieldset") ? first.querySelector("input") : first.querySelector("[name]:not([name=_kept])")).focus();
    return;
  }
  sending = true;
  const label = button.textContent;
  const slow = setTimeout(() => (button.textContent = form.dataset.sending), 300);
  button.setAttribute("aria-disabled", "true");
  form.elements._work.value = await work();
  clearTimeout(slow);
  form.submit();
  // The page comes back from the browser's memory as it was: it may be sent again, and is the same submission.
  addEventListener("pageshow", () => {
    sending = false;
    button.textContent = label;
    button.removeAttribute("aria-disabled");
  }, { once: true });
});

const trouble = document.querySelector("#trouble .notice");
if (trouble) (form.querySelector("[aria-invalid]") ?? document.getElementById("trouble")).focus();
