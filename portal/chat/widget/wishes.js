// What a visitor may want beside talking: the menu, the forms it opens, and the questions before the first word.

Object.assign(Chat.prototype, {
  menu() {
    const words = this.words;
    const labels = { mail: words.byMail, transcript: words.transcript, telegram: words.telegram };
    this.panel.offerMenu([
      { what: "sound", label: words.sound, pressed: this.store.get("sound", this.store.base) !== "off" },
      ...(this.facts.can ?? []).map((what) => ({ what, label: labels[what] })),
    ]);
  },

  wish(what) {
    if (what === "sound") {
      const off = this.store.get("sound", this.store.base) !== "off";
      if (off) this.store.set("sound", "off", this.store.base);
      else this.store.remove("sound", this.store.base);
      const pressed = this.panel.items.querySelector("[aria-pressed]");
      pressed.setAttribute("aria-pressed", String(!off));
      if (!off) chime();
      return;
    }
    this.line.start();
    if (what === "telegram") return this.want({ type: what });
    const words = this.words;
    const form = sheet(words, {
      text: what === "mail" ? words.byMailText : "",
      fields: [{ name: "email", label: words.mail, type: "email", required: true, value: this.about().email }],
      button: what === "mail" ? words.byMail : words.transcript,
      cancel: () => this.panel.ask(null),
      done: ({ email }) => this.want({ type: what, email }, form),
    });
    form.leave = () => this.panel.ask(null);
    this.panel.ask(form);
    this.panel.focus();
  },

  want(frame, form) {
    const id = newId();
    this.wishes.set(id, { ...frame, form });
    if (this.line.send({ ...frame, id })) return;
    this.wishes.delete(id);
    if (form) form.refuse(this.words.noLine);
    else this.panel.note(this.words.noLine);
  },

  granted({ id, url }) {
    const wish = this.wishes.get(id);
    if (!wish) return;
    this.wishes.delete(id);
    const words = this.words;
    if (url) {
      const leave = () => this.panel.ask(null);
      const link = h("a", { class: "main", href: url, target: "_blank", rel: "noopener", onclick: () => setTimeout(leave) }, words.telegramOpen);
      const box = h("div", { class: "sheet" }, h("p", { class: "about" }, words.telegramText), h("div", { class: "row" }, link, h("button", { type: "button", class: "plain", onclick: leave }, words.cancel)));
      box.leave = leave;
      this.panel.ask(box);
      this.panel.focus();
      return;
    }
    if (wish.email) this.store.set("about", JSON.stringify({ ...this.about(), email: wish.email }));
    this.panel.ask(null);
    this.panel.note(wish.type === "mail" ? fill(words.willMail, { email: wish.email }) : words.mailed);
  },

  denied({ id, sentence }) {
    const { form } = this.wishes.get(id);
    this.wishes.delete(id);
    if (form) form.refuse(sentence);
    else this.panel.note(sentence);
  },

  about() {
    try {
      return JSON.parse(this.store.get("about") ?? "{}");
    } catch {
      return {};
    }
  },

  // Asked once, before the first word; whom the site signed in is not asked what it has told already.
  questions() {
    const words = this.words;
    const asked = this.facts.questions.filter((one) => !(this.user && (one.name === "name" || one.name === "email")));
    const begun = this.store.get("talked") || this.store.get("about") || this.talk.all().length;
    if (this.panel.sheet?.before && (begun || !asked.length)) return this.panel.ask(null);
    if (!asked.length || begun || this.panel.sheet) return;
    const labels = { name: words.name, email: words.mail, phone: words.phone };
    const types = { email: "email", phone: "tel" };
    const told = (about) => {
      this.store.set("about", JSON.stringify(about));
      this.panel.ask(null);
      this.line.send({ type: "about", ...about });
      this.panel.draw();
      this.panel.focus();
    };
    const form = sheet(words, {
      fields: asked.map(({ name, label, required }) => ({ name, label: labels[name] ?? label, type: types[name], required })),
      button: words.begin,
      skip: asked.some((one) => one.required) ? null : () => told({}),
      done: (values) => {
        const { name, email, phone, ...more } = values;
        told({ name, email, phone, more });
      },
    });
    form.before = true;
    this.panel.ask(form);
  },
});
