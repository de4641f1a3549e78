// The preview of a notification follows what is typed.

import { csrf } from "./live.js";
import { once } from "./regions.js";

const form = document.getElementById("wording");

form?.addEventListener("input", () =>
  once("preview", async () => {
    const response = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), headers: { "X-CSRF": csrf() } });
    if (!response.ok) return;
    for (const [name, text] of Object.entries(await response.json())) {
      const part = document.querySelector(`#preview [data-part="${name}"]`);
      part.textContent = text;
      if (name === "problem") part.hidden = !text;
    }
  }, 300),
);
