// What the visitor sees: the launcher and the panel, drawn from a `Talk`. Lines already there keep their elements, so
// that nothing jumps and a screen reader hears only what is new.

class Panel {
  // `on` is {say(text, value?), retry(message), drop(message), older(), opened(), draft(text)}.
  constructor(root, talk, words, language, on) {
    this.talk = talk;
    this.words = words;
    this.language = language;
    this.on = on;
    this.nodes = new Map();
    this.starters = [];
    this.uploads = new Map();
    this.online = true;
    this.root = root;
    this.build();
  }

  build() {
    const words = this.words;
    this.badge = h("span", { class: "badge", hidden: true });
    this.launcher = h(
      "button",
      { class: "launcher", type: "button", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() },
      icon(ICONS.chat),
      this.badge,
    );
    this.title = h("h2", { id: "title" }, words.title);
    this.duty = h("p", { class: "duty" });
    this.older = h("button", { class: "older", type: "button", hidden: true, onclick: () => this.on.older() }, words.older);
    this.list = h("div", { role: "log", "aria-live": "off", "aria-labelledby": "title" });
    this.choices = h("div", { class: "choices" });
    this.log = h("div", { class: "log", tabindex: "0" }, this.older, this.list, this.choices);
    // Who reads the newest line stays there, whatever grows: a picture that loads, a hint, the composer.
    this.stuck = true;
    this.log.addEventListener("scroll", () => (this.stuck = this.atEnd()), { passive: true });
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(this.log);
    this.hint = h("p", { class: "hint", role: "status", hidden: true });
    this.input = h("textarea", {
      rows: "1",
      placeholder: words.say,
      "aria-label": words.say,
      enterkeyhint: "send",
      oninput: () => this.wrote(),
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.submit();
        }
      },
    });
    this.button = h("button", { class: "send", "aria-label": words.send, "aria-disabled": "true" }, icon(ICONS.send));
    const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => {
      this.on.bring([...picker.files]);
      picker.value = "";
    } });
    const attach = h("button", { class: "attach", type: "button", "aria-label": words.attach, onclick: () => picker.click() }, icon(ICONS.clip));
    this.input.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) {
        event.preventDefault();
        this.on.bring([...event.clipboardData.files]);
      }
    });
    const form = h("form", { novalidate: true }, attach, picker, this.input, this.button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    const close = h("button", { class: "close", type: "button", "aria-label": words.close, onclick: () => this.toggle(false) }, icon(ICONS.close));
    this.panel = h(
      "section",
      { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          this.toggle(false);
        }
      } },
      h("header", {}, h("div", {}, this.title, this.duty), close),
      this.log,
      this.hint,
      form,
    );
    this.panel.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
    this.panel.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.on.bring([...event.dataTransfer.files]);
    });
    this.aside = h("p", { class: "unseen", role: "status" });
    this.frame = h("div", { class: "frame", lang: this.language }, this.panel, this.launcher, this.aside);
    this.root.append(this.frame);
    this.draw();
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  toggle(open = !this.isOpen) {
    this.panel.hidden = !open;
    this.frame.classList.toggle("open", open);
    this.launcher.setAttribute("aria-expanded", String(open));
    if (open) {
      this.on.opened();
      this.draw();
      this.toEnd();
      this.input.focus();
    } else {
      this.launcher.focus();
      this.draw();
    }
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
    let hint = "";
    if (length > MOST) hint = fill(this.words.long, { n: number(length), most: number(MOST) });
    else if (this.refusal) hint = this.refusal;
    else if (!this.online) hint = this.words.offline;
    else if (this.storing) hint = this.words.storing;
    if (this.hint.textContent !== hint) this.hint.textContent = hint;
    this.hint.hidden = !hint;
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  draw() {
    const unread = this.isOpen ? 0 : this.talk.unread().length;
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
    if (!items.length) items.push({ key: "greeting", entry: { from: "bot", text: this.words.greeting, name: this.title.textContent } });
    this.place(items);
    this.offer(entries);
    this.older.hidden = !this.talk.more;
    if (stay) this.toEnd();
  }

  place(items) {
    const wanted = new Set();
    let before = null;
    let day = "";
    let last = this.list.firstChild;
    const put = (key, mark, make) => {
      wanted.add(key);
      let node = this.nodes.get(key);
      if (!node || node.mark !== mark) {
        const fresh = make();
        fresh.mark = mark;
        if (node) {
          if (node === last) last = fresh;
          node.replaceWith(fresh);
        }
        this.nodes.set(key, (node = fresh));
      }
      if (node === last) last = last.nextSibling;
      else this.list.insertBefore(node, last);
    };
    for (const item of items) {
      const at = item.entry?.at ? new Date(item.entry.at) : null;
      if (at && at.toDateString() !== day) {
        day = at.toDateString();
        const text = this.dayName(at);
        put(`day ${day}`, text, () => h("p", { class: "day" }, text));
        before = null;
      }
      const from = item.message || item.upload ? "you" : item.entry.from + (item.entry.name ?? "");
      const named = from !== before && !from.startsWith("you");
      const mark = JSON.stringify([item.entry?.name, item.entry?.text, item.entry?.files, item.message, item.upload && [item.upload.share, item.upload.failed], named, this.online]);
      put(item.key, mark, () => {
        if (item.upload) return this.uploadNode(item.upload);
        return item.message ? this.unsentNode(item.message) : this.entryNode(item.entry, named);
      });
      before = from;
    }
    for (const [key, node] of this.nodes) {
      if (!wanted.has(key)) {
        node.remove();
        this.nodes.delete(key);
      }
    }
  }

  dayName(at) {
    if (at.toDateString() === new Date().toDateString()) return this.words.today;
    return new Intl.DateTimeFormat(this.language, { day: "numeric", month: "long", weekday: "long" }).format(at);
  }

  entryNode(entry, named) {
    const name = entry.name || (entry.from === "bot" ? this.words.bot : this.title.textContent);
    const meta = entry.at
      ? h("time", { datetime: entry.at }, new Intl.DateTimeFormat(this.language, { timeStyle: "short" }).format(new Date(entry.at)))
      : null;
    return h(
      "div",
      { class: `entry ${entry.from === "you" ? "you" : "them"}`, "data-id": entry.id },
      named && h("div", { class: "who" }, name),
      entry.text && h("div", { class: "text", dir: "auto" }, ...withLinks(entry.text)),
      ...(entry.files ?? []).map((file) => this.fileNode(file)),
      meta && h("div", { class: "meta" }, meta),
    );
  }

  fileNode(file) {
    const text = `${file.name} · ${size(file.size, this.language)}`;
    if (!file.url) return h("span", { class: "file" }, text);
    const href = new URL(file.url, BASE).href;
    const link = h("a", { class: "file", href, target: "_blank", rel: "noopener", "aria-label": fill(this.words.file, { name: file.name }) });
    if (file.kind === "image") {
      const picture = h("img", { src: href, alt: file.name, loading: "lazy", onload: () => this.stuck && this.toEnd() });
      picture.addEventListener("error", () => link.replaceChildren(text));
      link.append(picture);
    } else link.append(text);
    return link;
  }

  unsentNode(message) {
    const words = this.words;
    const state = message.failed ? `${words.failed}. ${message.failed}` : this.online ? words.sending : words.waiting;
    return h(
      "div",
      { class: `entry you ${message.failed ? "failed" : "pending"}`, "data-client": message.id },
      h("div", { class: "text", dir: "auto" }, message.text || message.label),
      h(
        "div",
        { class: "meta" },
        state,
        message.failed && h("button", { type: "button", onclick: () => this.on.retry(message) }, words.retry),
        message.failed && h("button", { type: "button", onclick: () => {
          this.on.drop(message);
          this.write(message.text);
          this.input.focus();
        } }, words.edit),
      ),
    );
  }

  uploadNode({ id, file, share, failed }) {
    const words = this.words;
    const state = failed ? `${words.notUploaded}. ${failed}` : this.online ? fill(words.uploading, { n: share }) : words.waiting;
    return h(
      "div",
      { class: `entry you ${failed ? "failed" : "pending"}` },
      h("div", { class: "text", dir: "auto" }, `${file.name} · ${size(file.size, this.language)}`),
      h(
        "div",
        { class: "meta" },
        state,
        failed && h("button", { type: "button", onclick: () => this.on.again(id) }, words.retry),
        failed && h("button", { type: "button", onclick: () => this.on.leave(id) }, words.remove),
      ),
    );
  }

  offer(entries) {
    const open = entries.length || this.talk.unsent().length ? this.talk.choices() : this.starters.map((label) => ({ label }));
    const mark = JSON.stringify(open);
    if (this.choices.mark === mark) return;
    this.choices.mark = mark;
    const buttons = open.map((choice) =>
      h("button", { type: "button", dir: "auto", onclick: () => {
        this.input.focus();
        this.on.say(choice.label, choice.value);
        this.toEnd();
      } }, choice.label),
    );
    this.choices.replaceChildren(...buttons);
  }

  // Said aloud when the panel is closed.
  announce(entry) {
    if (!this.isOpen && entry.from !== "you") {
      this.aside.textContent = fill(this.words.said, { name: entry.name || this.words.bot, text: entry.text });
    }
  }
}
