// The sample shop's own few lines: the panel that plays the shop's system, and a button that opens the chat.

class DemoOrders extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.number = this.querySelector("select");
    this.result = this.querySelector(".result");
    for (const number of this.kept()) this.add(number);
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if ("new" in button.dataset) this.move(null, "created", this.result.dataset.created);
      else this.move(this.number.value, button.dataset.status, button.dataset.name);
    });
  }

  kept() {
    try {
      return JSON.parse(sessionStorage.getItem("demo.orders") ?? "[]");
    } catch {
      return [];
    }
  }

  keep() {
    try {
      sessionStorage.setItem("demo.orders", JSON.stringify([...this.number.options].map((option) => option.value)));
    } catch {}
  }

  add(number) {
    if (![...this.number.options].some((option) => option.value === number)) this.number.add(new Option(number));
  }

  async move(number, status, name) {
    this.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/demo/orders", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(number ? { number, status } : { status }),
      });
      if (!answer.ok) throw new Error(answer.status);
      const order = await answer.json();
      this.add(order.number);
      this.number.value = order.number;
      this.keep();
      const link = document.createElement("a");
      link.href = `${order.track}?lang=${this.dataset.lang}`;
      link.target = "_blank";
      link.textContent = this.dataset.track;
      const told = this.dataset.moved.replace("{number}", order.number).replace("{status}", name);
      this.result.replaceChildren(`✓ ${told} `, link);
    } catch {
      this.result.replaceChildren(this.dataset.not);
    } finally {
      this.removeAttribute("aria-busy");
    }
  }
}

customElements.define("demo-orders", DemoOrders);

for (const button of document.querySelectorAll("[data-ask]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.querySelector("switchboard-chat")?.ask(button.dataset.ask));
}
