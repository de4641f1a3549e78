// <details class="menu"> closes on Escape, on a click elsewhere, and when focus leaves it; arrows move inside it.

const menus = () => document.querySelectorAll("details.menu[open]");

addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

addEventListener("focusin", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]") ?? menus()[0];
  if (!menu) return;
  if (event.key === "Escape") {
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("input, textarea, select")) {
    const items = [...menu.querySelectorAll(".item, .sheet input:not([type=hidden]), .sheet .button")].filter((item) => item.offsetParent);
    if (!items.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
  }
});
