// A small form in the place of the composer: what is asked before the chat, a mail address, a way to go on elsewhere.

// `fields` are {name, label, type, required, value}; `done(values)` is called when all of them will do.
function sheet(words, { text, fields, button, skip, cancel, done }) {
  const rows = fields.map((field, n) => {
    const id = `q${n}`;
    const input = h("input", {
      id,
      type: field.type ?? "text",
      required: field.required,
      maxlength: "300",
      autocomplete: { name: "name", email: "email", phone: "tel" }[field.name] ?? "off",
      "aria-describedby": `${id}-wrong`,
    });
    input.value = field.value ?? "";
    const wrong = h("p", { class: "wrong", id: `${id}-wrong` });
    const mark = field.required ? words.required : words.optional;
    const label = h("label", { for: id, dir: "auto" }, field.label, fields.length > 1 || !field.required ? h("span", {}, ` · ${mark}`) : null);
    return { field, input, wrong, row: h("div", { class: "field" }, label, input, wrong) };
  });
  const tell = (row, sentence) => {
    row.wrong.textContent = sentence;
    row.input.setAttribute("aria-invalid", String(Boolean(sentence)));
    return !sentence;
  };
  const check = (row) => {
    const value = row.input.value.trim();
    if (!value) return tell(row, row.field.required ? words.fill : "");
    return tell(row, row.field.type === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? words.wrongMail : "");
  };
  const form = h(
    "form",
    { class: "sheet", novalidate: true },
    text && h("p", { class: "about", dir: "auto" }, text),
    ...rows.map(({ row }) => row),
    h(
      "div",
      { class: "row" },
      h("button", { class: "main" }, button),
      skip && h("button", { type: "button", class: "plain", onclick: skip }, words.skip),
      cancel && h("button", { type: "button", class: "plain", onclick: cancel }, words.cancel),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const bad = rows.filter((row) => !check(row));
    if (bad.length) return bad[0].input.focus();
    done(Object.fromEntries(rows.map(({ field, input }) => [field.name || field.label, input.value.trim()])));
  });
  // What the hub says of a value: shown beside it.
  form.refuse = (sentence) => {
    tell(rows[0], sentence);
    rows[0].input.focus();
  };
  return form;
}
