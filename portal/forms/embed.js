// <script async src="https://HUB/forms/embed.js" data-form="NAME" data-language="en"></script>
// Shows the form where the script stands, in a frame that is as tall as what is in it. data-theme is light, dark or auto
// (as the visitor's system has it); without it the form is light, unless the page says that it can be dark.

const script = document.currentScript;
const { form: name, language = document.documentElement.lang, title = "Form" } = script.dataset;
if (name && !script.dataset.shown) {
  script.dataset.shown = "1";
  const hub = new URL(script.src);
  const source = new URL(`/forms/${encodeURIComponent(name)}`, hub);
  const able = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  const theme = script.dataset.theme ?? (able ? "auto" : "light");
  source.searchParams.set("embed", theme === "auto" ? "1" : theme);
  if (language) source.searchParams.set("lang", language);
  source.searchParams.set("page", (location.origin + location.pathname).slice(0, 1000));
  source.searchParams.set("referrer", document.referrer.slice(0, 1000));
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (/^utm_(source|medium|campaign|term|content)$/.test(key)) source.searchParams.set(key, value.slice(0, 200));
  }
  const frame = document.createElement("iframe");
  frame.title = title;
  frame.src = source.href;
  frame.loading = "lazy";
  // Set as properties, which a strict policy of the page allows where a style attribute is refused.
  Object.assign(frame.style, { display: "block", width: "100%", height: "32rem", border: "0", colorScheme: theme === "auto" ? "light dark" : theme });
  addEventListener("message", ({ source: from, origin, data }) => {
    const height = data?.switchboardForm;
    if (from !== frame.contentWindow || origin !== hub.origin || !(height > 0 && height < 20000)) return;
    frame.style.height = `${height}px`;
  });
  script.after(frame);
}
