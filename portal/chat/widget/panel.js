// What the visitor sees: the launcher, a greeting above it, and the panel with the talk, the composer and its menu.

const COVERS = matchMedia("(max-width: 480px), (max-height: 420px)");

class Panel {
  // `on` is {say(text, value?), retry, drop, again, leave, bring(files), older(), opened(), closed(), draft(text), typing(),
  // wish(what), sound()}.
  constructor(root, talk, words, language, dir, on) {
    this.talk = talk;
    this.words = words;
    this.language = language;
    this.on = on;
    this.starters = [];
    this.uploads = new Map();
    this.online = true;
    this.root = root;
    this.thread = new Thread(talk, words, language, {
      ...on,
      drop: (message) => {
        on.drop(message);
        this.write(message.text);
        this.input.focus();
      },
    });
    this.build(dir);
  }

  build(dir) {
    const words = this.words;
    this.badge = h("span", { class: "badge", hidden: true });
    this.launcher = h(
      "button",
      { class: "launcher", type: "button", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() },
      icon(ICONS.chat),
      this.badge,
    );
    this.title = h("h2", { id: "title", dir: "auto" }, words.title);
    this.thread.title = words.title;
    this.duty = h("p", { class: "duty" });
    this.older = h("button", { class: "older", type: "button", hidden: true, onclick: () => this.on.older() }, words.older);
    this.choices = h("div", { class: "choices", role: "group" });
    this.writing = h("p", { class: "writing", hidden: true }, h("span", {}), h("i", {}), h("i", {}), h("i", {}));
    this.log = h("div", { class: "log", tabindex: "0" }, this.older, this.thread.list, this.writing, this.choices);
    // Who reads the newest line stays there, whatever grows: a picture that loads, a hint, the composer.
    this.stuck = true;
    this.log.addEventListener("scroll", () => {
      // Only scrolling up leaves the end; what merely grew meanwhile does not.
      const up = this.log.scrollTop < this.top;
      this.stuck = this.atEnd() || (this.stuck && !up);
      this.top = this.log.scrollTop;
    }, { passive: true });
    const grown = new ResizeObserver(() => this.stuck && this.toEnd());
    for (const part of [this.log, this.thread.list, this.writing, this.choices]) grown.observe(part);
    this.hint = h("p", { class: "hint", role: "status", hidden: true });
    this.composer = this.composerForm();
    const close = h("button", { class: "close", type: "button", "aria-label": words.close, onclick: () => this.toggle(false) }, icon(ICONS.close));
    this.menu = this.menuOf();
    this.panel = h(
      "section",
      { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.key(event) },
      h("header", {}, h("div", {}, this.title, this.duty), this.menu, close),
      this.log,
      this.hint,
      this.composer,
    );
    this.dropping();
    this.aside = h("p", { class: "unseen", role: "status" });
    this.teaser = h("div", { class: "teaser", role: "status" });
    this.frame = h("div", { class: "frame", lang: this.language, dir }, this.panel, this.teaser, this.launcher, this.aside);
    this.root.append(this.frame);
    this.draw();
  }

  composerForm() {
    const words = this.words;
    this.input = h("textarea", {
      rows: "1",
      placeholder: words.say,
      "aria-label": words.say,
      enterkeyhint: "send",
      dir: "auto",
      oninput: () => {
        this.wrote();
        if (this.input.value) this.on.typing();
      },
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.submit();
        }
      },
    });
    this.input.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) {
        event.preventDefault();
        this.on.bring([...event.clipboardData.files]);
      }
    });
    this.button = h("button", { class: "send", "aria-label": words.send, "aria-disabled": "true" }, icon(ICONS.send));
    const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => {
      this.on.bring([...picker.files]);
      picker.value = "";
    } });
    const attach = h("button", { class: "attach", type: "button", "aria-label": words.attach, onclick: () => picker.click() }, icon(ICONS.clip));
    const form = h("form", { class: "composer", novalidate: true }, attach, picker, this.input, this.button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return form;
  }

  menuOf() {
    this.items = h("ul", { id: "menu", hidden: true });
    this.more = h(
      "button",
      { class: "close", type: "button", "aria-label": this.words.menu, "aria-expanded": "false", "aria-controls": "menu", onclick: () => this.openMenu(this.items.hidden) },
      icon(ICONS.more),
    );
    const box = h("div", { class: "menu" }, this.more, this.items);
    box.addEventListener("focusout", (event) => box.contains(event.relatedTarget) || this.openMenu(false, false));
    return box;
  }

  // What the menu offers: {what, label, pressed?}.
  offerMenu(items) {
    this.items.replaceChildren(
      ...items.map(({ what, label, pressed }) =>
        h("li", {}, h("button", { type: "button", "aria-pressed": pressed === undefined ? null : String(pressed), onclick: () => {
          if (pressed === undefined) this.openMenu(false, false);
          this.on.wish(what);
        } }, label)),
      ),
    );
    this.menu.hidden = !items.length;
  }

  openMenu(open, focus = true) {
    this.items.hidden = !open;
    this.more.setAttribute("aria-expanded", String(open));
    if (focus) (open ? this.items.querySelector("button") : this.more)?.focus();
  }

  dropping() {
    let depth = 0;
    const over = (now) => this.panel.classList.toggle("dropping", now);
    const files = (event) => event.dataTransfer?.types.includes("Files");
    this.panel.dataset.drop = this.words.drop;
    this.panel.addEventListener("dragenter", (event) => files(event) && over(++depth > 0));
    this.panel.addEventListener("dragleave", (event) => files(event) && over(--depth > 0));
    this.panel.addEventListener("dragover", (event) => files(event) && event.preventDefault());
    this.panel.addEventListener("drop", (event) => {
      over(((depth = 0), false));
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.on.bring([...event.dataTransfer.files]);
    });
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (!this.items.hidden) return this.openMenu(false);
      if (this.sheet?.leave) return this.sheet.leave();
      this.toggle(false);
    } else if (event.key === "Tab" && COVERS.matches) {
      // Where the panel covers the page, what is behind it must not take the focus.
      const all = [...this.panel.querySelectorAll('button, a[href], input:not([type="file"]), textarea, [tabindex="0"]')].filter((one) => one.offsetParent && !one.disabled);
      const here = this.root.activeElement;
      if (event.shiftKey ? here === all[0] : here === all.at(-1)) {
        event.preventDefault();
        (event.shiftKey ? all.at(-1) : all[0]).focus();
      }
    }
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  toggle(open = !this.isOpen) {
    this.panel.hidden = !open;
    this.frame.classList.toggle("open", open);
    this.panel.setAttribute("aria-modal", String(COVERS.matches));
    this.launcher.setAttribute("aria-expanded", String(open));
    if (open) {
      this.tease("");
      this.on.opened();
      this.draw();
      this.toEnd();
      this.focus();
    } else {
      this.openMenu(false, false);
      this.launcher.focus();
      this.on.closed();
      this.draw();
    }
  }

  focus() {
    (this.sheet?.querySelector("input, a, button") ?? this.input).focus();
  }

  // A form in the place of the composer; without one the composer is back.
  ask(form) {
    const had = this.isOpen && this.panel.contains(this.root.activeElement);
    (this.sheet ?? this.composer).replaceWith(form ?? this.composer);
    this.sheet = form;
    if (had) this.focus();
    if (this.stuck) this.toEnd();
  }

  submit() {
    const text = this.input.value.trim();
    if (!text || text.length > MOST) return;
    this.on.say(text);
    this.write("");
    this.toEnd();
  }

  write(text) {
    this.input.value = text;
    this.wrote();
  }

  wrote() {
    const text = this.input.value;
    this.button.setAttribute("aria-disabled", String(!text.trim() || text.trim().length > MOST));
    if (!CSS.supports("field-sizing", "content")) this.input.rows = Math.min(5, text.split("\n").length);
    this.on.draft(text);
    this.tell();
  }

  // The line above the composer says what is the matter, if anything is.
  tell() {
    const length = this.input.value.trim().length;
    const number = (n) => new Intl.NumberFormat(this.language).format(n);
    let hint = this.notice ?? "";
    if (length > MOST) hint = fill(this.words.long, { n: number(length), most: number(MOST) });
    else if (this.refusal) hint = this.refusal;
    else if (!this.online) hint = this.words.offline;
    else if (this.storing) hint = this.words.storing;
    if (this.hint.textContent !== hint) this.hint.textContent = hint;
    this.hint.hidden = !hint;
    this.hint.classList.toggle("good", hint === this.notice);
  }

  // Something good to know, for a while.
  note(text) {
    this.notice = text;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => this.note(""), 12000);
    this.tell();
  }

  // {on_duty, people, opens}: who is there, or when somebody is again.
  presence({ on_duty: here, people, opens }) {
    const words = this.words;
    let text = here ? words.here : words.away;
    if (here && people?.length) {
      const names = people.length > 1 ? `${people.slice(0, -1).join(", ")} ${words.and} ${people.at(-1)}` : people[0];
      text = fill(words.people, { names });
    } else if (!here && opens) {
      const at = new Date(opens);
      const today = at.toDateString() === new Date().toDateString();
      text = fill(words.opens, { when: new Intl.DateTimeFormat(this.language, { ...(today ? {} : { weekday: "long" }), hour: "numeric", minute: "2-digit" }).format(at) });
    }
    if (this.duty.textContent !== text) this.duty.textContent = text;
    this.duty.classList.toggle("here", Boolean(here));
  }

  typing(name) {
    clearTimeout(this.silent);
    this.writing.hidden = !name;
    this.writing.firstChild.textContent = name ? fill(this.words.writing, { name }) : "";
    if (name) this.silent = setTimeout(() => this.typing(""), 6000);
    if (this.stuck) this.toEnd();
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  draw() {
    const unread = this.isOpen ? 0 : this.talk.unread().length + (this.teaser.textContent ? 1 : 0);
    this.badge.hidden = !unread;
    this.badge.textContent = unread > 99 ? "99+" : String(unread);
    const label = unread ? fill(this.words.unread, { n: unread }) : this.isOpen ? this.words.close : this.words.open;
    this.launcher.setAttribute("aria-label", label);
    this.tell();
    const stay = this.stuck;
    const entries = this.talk.all();
    const items = entries.map((entry) => ({ key: entry.client ?? entry.id, entry }));
    const known = new Set(items.map((item) => item.key));
    for (const message of this.talk.unsent()) {
      if (!known.has(message.id)) items.push({ key: message.id, message });
    }
    for (const [id, upload] of this.uploads) items.push({ key: id, upload: { id, ...upload } });
    if (!this.talk.more) {
      const greeting = { from: "bot", text: this.greeting ?? this.words.greeting, name: this.title.textContent };
      if (!items.length || this.greeting) items.unshift({ key: "greeting", entry: greeting });
    }
    this.thread.online = this.online;
    this.thread.place(items);
    this.offer(entries);
    this.older.hidden = !this.talk.more;
    if (stay) this.toEnd();
  }

  offer(entries) {
    const open = entries.length || this.talk.unsent().length ? this.talk.choices() : this.sheet ? [] : this.starters.map((label) => ({ label }));
    const mark = JSON.stringify(open);
    if (this.choices.mark === mark) return;
    this.choices.mark = mark;
    const scores = open.map((choice) => /^rate:([1-5])/.exec(choice.value ?? "")?.[1]);
    const rating = scores.length === 5 && scores.every(Boolean);
    this.choices.classList.toggle("stars", rating);
    const buttons = open.map((choice, n) =>
      h("button", { type: "button", dir: "auto", "aria-label": rating ? fill(this.words.stars, { n: scores[n] }) : null, onclick: () => {
        this.focus();
        this.on.say(choice.label, choice.value);
        this.toEnd();
      } }, rating ? "★" : choice.label),
    );
    this.choices.replaceChildren(...buttons);
  }

  // A greeting beside the closed launcher; "" takes it away.
  tease(text) {
    this.teaser.replaceChildren();
    if (text) {
      this.greeting = text;
      this.teaser.append(
        h("button", { type: "button", class: "words", dir: "auto", onclick: () => this.toggle(true) }, text),
        h("button", { type: "button", class: "dismiss", "aria-label": this.words.dismiss, onclick: () => {
          this.tease("");
          this.launcher.focus();
        } }, icon(ICONS.close)),
      );
    }
    this.draw();
  }

  // Said aloud when the panel is closed.
  announce(entry) {
    if (!this.isOpen && entry.from !== "you") {
      this.aside.textContent = fill(this.words.said, { name: entry.name || this.words.bot, text: entry.text });
    }
  }
}
