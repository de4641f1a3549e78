// Makes an element like another one and touches only what differs: focus, selection, scroll and what was typed stay.

/** Parses a page or fragment of HTML that our own server rendered. */
export const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

/** Makes `old` like `fresh`. Elements with the same id are the same thing; those with data-keep are left as they are. */
export function swap(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.hasAttribute("data-keep") && old.dataset.keep === fresh.dataset.keep) return;
  attributes(old, fresh);
  children(old, fresh);
}

// What the reader did to these is theirs.
const THEIRS = { DETAILS: ["open"], DIALOG: ["open"], INPUT: ["value", "checked"], OPTION: ["selected"] };

function attributes(old, fresh) {
  const theirs = THEIRS[old.nodeName] ?? [];
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !theirs.includes(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value && !theirs.includes(name)) old.setAttribute(name, value);
  // Hidden fields are not typed into: their value is the server's.
  if (old.nodeName === "INPUT" && old.type === "hidden") old.value = fresh.value;
}

function children(old, fresh) {
  const named = new Map();
  for (const child of old.children) if (child.id) named.set(child.id, child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const match = wanted.id ? named.get(wanted.id) : unnamed(at, wanted);
    if (!match) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (match !== at) old.insertBefore(match, at);
    at = match.nextSibling;
    if (match.nodeType === Node.ELEMENT_NODE) swap(match, wanted);
    else if (match.data !== wanted.data) match.data = wanted.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// The next child that could be `wanted`: of the same kind, and nothing else by name.
function unnamed(at, wanted) {
  return at && at.nodeName === wanted.nodeName && !at.id && (at.nodeType !== Node.ELEMENT_NODE || at.className === wanted.className || at.children.length === wanted.children.length) ? at : null;
}
