// One-letter shortcuts: the element with data-key="x" is clicked (a field is focused) when x is pressed outside a field.

const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

/** `more` maps further keys to functions; a key it knows is not looked for in the page. */
export function keys(more = {}) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (Object.hasOwn(more, event.key)) {
      if (more[event.key](event) !== false) event.preventDefault();
      return;
    }
    if (event.key.length !== 1 || event.key === " ") return;
    const found = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)].find((e) => e.checkVisibility());
    if (!found) return;
    event.preventDefault();
    if (found.matches("input:not([type=radio], [type=checkbox]), textarea, select")) found.focus();
    else found.click();
    if (found.matches("summary")) found.parentElement.querySelector(".item, .sheet input:not([type=hidden])")?.focus();
  });
}
