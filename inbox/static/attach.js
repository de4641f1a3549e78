// What goes along with the words: files, pictures in their place, people who get a copy. Driven by what the chosen
// address can carry, which its <option> says.

const writing = (element) => element?.closest?.("form[data-writes]");

/** Shows what the chosen address can carry: copies and signature for letters, files where they go. */
export function carry(form) {
  const chosen = form.querySelector("#to option:checked");
  if (!chosen) return;
  form.classList.toggle("to-letters", "letters" in chosen.dataset);
  form.classList.toggle("to-files", "files" in chosen.dataset);
}

/** Takes the files away again, after they were sent. */
export function forget(form) {
  const input = form.elements.file;
  if (!input) return;
  input.value = "";
  list(form);
}

/** Puts files that could not be sent back. */
export function give(form, files) {
  const input = form.elements.file;
  if (!input || !files.length) return;
  const all = new DataTransfer();
  for (const one of [...files, ...input.files]) all.items.add(one);
  input.files = all.files;
  list(form);
}

addEventListener("change", (event) => {
  const form = writing(event.target);
  if (!form) return;
  if (event.target.id === "to") carry(form);
  if (event.target.id === "file") list(form);
});

// The chosen files, each with a way to leave it out again.
function list(form) {
  const place = form.querySelector("#chosen");
  const files = [...form.elements.file.files];
  place.hidden = !files.length;
  place.replaceChildren(...files.map((file, n) => {
    const row = document.createElement("li");
    row.className = "row";
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "button quiet icon slim", textContent: "✕" });
    remove.setAttribute("aria-label", `${place.dataset.wordRemove}: ${file.name}`);
    remove.addEventListener("click", () => without(form, n));
    if (file.type.startsWith("image/")) row.append(Object.assign(new Image(32, 32), { src: URL.createObjectURL(file), alt: "", onload() { URL.revokeObjectURL(this.src); } }));
    row.append(Object.assign(document.createElement("span"), { className: "cut", textContent: file.name }), remove);
    return row;
  }));
}

function without(form, n) {
  const all = new DataTransfer();
  const { file, text } = form.elements;
  [...file.files].forEach((one, at) => at === n ? mark(text, `[${one.name}]`, "") : all.items.add(one));
  file.files = all.files;
  list(form);
  text.focus();
}

function mark(text, old, fresh) {
  if (!text.value.includes(old)) return;
  text.value = text.value.replace(old, fresh);
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

// A pasted or dropped picture stands where the cursor is, if it can stand in the text where this goes.
function add(form, files) {
  const { file: input, text } = form.elements;
  const all = new DataTransfer();
  const taken = new Set([...input.files].map((one) => one.name));
  for (const one of input.files) all.items.add(one);
  const chosen = form.querySelector("#to option:checked");
  const inPlace = chosen ? "pictures" in chosen.dataset : form.classList.contains("to-letters");
  for (const one of files) {
    let name = one.name || "file";
    const [, stem, ending] = /^(.*?)(\.[^.]*)?$/.exec(name);
    for (let n = 2; taken.has(name); n += 1) name = `${stem}-${n}${ending ?? ""}`;
    taken.add(name);
    all.items.add(name === one.name ? one : new File([one], name, { type: one.type }));
    if (inPlace && /^image\/(png|jpeg|gif|webp)$/.test(one.type)) {
      text.setRangeText(`[${name}]`, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  input.files = all.files;
  list(form);
}

addEventListener("paste", (event) => {
  const form = writing(event.target);
  const files = [...(event.clipboardData?.files ?? [])];
  if (!form || !files.length || !form.elements.file || !form.classList.contains("to-files")) return;
  event.preventDefault();
  add(form, files);
});

addEventListener("dragover", (event) => {
  if (writing(event.target)?.classList.contains("to-files") && event.dataTransfer.types.includes("Files")) event.preventDefault();
});

addEventListener("drop", (event) => {
  const form = writing(event.target);
  if (!form?.classList.contains("to-files") || !event.dataTransfer.files.length) return;
  event.preventDefault();
  add(form, [...event.dataTransfer.files]);
});

// One press copies somebody who is in the thread already.
addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  const form = writing(button);
  if (!form) return;
  const there = form.elements.cc.value.split(",").map((one) => one.trim()).filter(Boolean);
  for (const one of button.dataset.copy.split(", ")) if (!there.includes(one)) there.push(one);
  form.elements.cc.value = there.join(", ");
  form.elements.cc.closest("details").open = true;
  form.elements.cc.dispatchEvent(new Event("input", { bubbles: true }));
  for (const other of form.querySelectorAll("[data-copy]"))
    if (other.dataset.copy.split(", ").every((one) => there.includes(one))) other.hidden = true;
  const left = form.querySelector(".others");
  left.hidden = !left.querySelector("[data-copy]:not([hidden])");
  form.elements.text.focus();
});

for (const form of document.querySelectorAll("form[data-writes]")) carry(form);
