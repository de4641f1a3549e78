// Short words at the foot of the page, with a way back.

const SECONDS = 7;

/**
 * Shows `text`; with `undo` (a function) and `label` a button that calls it, with `into` (a conversation's address) a link
 * that opens it. Stays while it is pointed at or focused.
 */
export function toast(text, { undo, into, label, bad = false } = {}) {
  const place = document.getElementById("toasts");
  const element = document.createElement("div");
  element.className = bad ? "toast bad" : "toast";
  element.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.addEventListener("click", () => {
      element.remove();
      undo();
    });
    element.append(button);
  }
  if (into) {
    const link = Object.assign(document.createElement("a"), { href: into, textContent: label });
    link.dataset.into = "";
    link.addEventListener("click", () => element.remove());
    element.append(link);
  }
  place.replaceChildren(element);
  leaveLater(element, bad ? SECONDS * 2 : SECONDS);
}

function leaveLater(element, seconds) {
  setTimeout(() => {
    if (element.matches(":hover, :focus-within")) leaveLater(element, 2);
    else element.remove();
  }, seconds * 1000);
}

for (const shown of document.querySelectorAll("#toasts > .toast")) leaveLater(shown, SECONDS);
