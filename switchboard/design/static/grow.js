// <textarea is="…"> is not everywhere, so: <grow-area><textarea></textarea></grow-area> grows with what is written in it.

class GrowArea extends HTMLElement {
  connectedCallback() {
    if (CSS.supports("field-sizing", "content")) return;
    this.area = this.querySelector("textarea");
    this.area?.addEventListener("input", () => this.fit());
    this.fit();
  }

  fit() {
    if (!this.area) return;
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight + 2}px`;
  }
}

customElements.define("grow-area", GrowArea);
