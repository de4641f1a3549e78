// The tracking page changes by itself: the hub sends its live part anew whenever the order changes.

import { refine } from "../design/time.js";

class LiveOrder extends HTMLElement {
  connectedCallback() {
    this.events = new EventSource(this.dataset.events);
    this.events.onopen = () => (document.getElementById("live").hidden = false);
    this.events.onerror = () => (document.getElementById("live").hidden = true);
    this.events.onmessage = (event) => {
      const before = this.querySelector("#now")?.textContent;
      const focused = this.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      this.innerHTML = event.data; // our own template, with everything from outside escaped
      refine(this);
      if (focused) this.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      const now = this.querySelector("#now")?.textContent;
      if (now !== before) document.getElementById("said").textContent = now;
    };
  }

  disconnectedCallback() {
    this.events.close();
  }
}

customElements.define("live-order", LiveOrder);
