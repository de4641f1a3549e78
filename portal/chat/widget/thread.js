// The lines of the talk. Those already there keep their elements, so that nothing jumps and a screen reader hears only
// what is new.

class Thread {
  // `on` is {retry(message), drop(message), again(id), leave(id)} for what is not sent.
  constructor(talk, words, language, on) {
    this.talk = talk;
    this.words = words;
    this.language = language;
    this.on = on;
    this.nodes = new Map();
    this.online = true;
    this.title = "";
    this.list = h("div", { role: "log", "aria-live": "off", "aria-labelledby": "title" });
  }

  place(items) {
    const wanted = new Set();
    const mine = items.filter((item) => item.entry?.from === "you").at(-1);
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
      const { entry, message, upload } = item;
      const at = entry?.at ? new Date(entry.at) : null;
      if (at && at.toDateString() !== day) {
        day = at.toDateString();
        const text = this.dayName(at);
        put(`day ${day}`, text, () => h("p", { class: "day" }, text));
        before = null;
      }
      const from = message || upload ? "you" : entry.from + (entry.name ?? "");
      const named = from !== before && !from.startsWith("you");
      const fate = item === mine && entry.at ? (this.talk.wasSeen(entry) ? this.words.seen : this.words.delivered) : "";
      const mark = JSON.stringify([entry?.name, entry?.text, entry?.files, message, upload && upload.failed, named, fate, this.online]);
      put(item.key, mark, () => {
        if (upload) return this.uploadNode(upload);
        return message ? this.unsentNode(message) : this.entryNode(entry, named, fate);
      });
      if (upload) this.nodes.get(item.key).show?.(upload.share);
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

  entryNode(entry, named, fate) {
    const name = entry.name || (entry.from === "bot" ? this.words.bot : this.title);
    const time = (at) => new Intl.DateTimeFormat(this.language, { timeStyle: "short" }).format(new Date(at));
    return h(
      "div",
      { class: `entry ${entry.from === "you" ? "you" : "them"}`, "data-id": entry.id },
      named && h("div", { class: "who", dir: "auto" }, name),
      entry.text && h("div", { class: "text", dir: "auto" }, ...formatted(entry)),
      entry.deleted && h("div", { class: "text taken-back" }, this.words.deleted),
      ...(entry.files ?? []).map((file) => this.fileNode(file)),
      entry.at &&
        h("div", { class: "meta" }, h("time", { datetime: entry.at }, time(entry.at)), entry.edited && !entry.deleted && h("span", {}, this.words.edited), fate && h("span", { class: "fate" }, fate)),
    );
  }

  fileNode(file) {
    const text = `${file.name} · ${size(file.size, this.language)}`;
    if (!file.url) return h("span", { class: "file", dir: "auto" }, text);
    const href = new URL(file.url, BASE).href;
    const link = h("a", { class: "file", dir: "auto", href, target: "_blank", rel: "noopener", "aria-label": fill(this.words.file, { name: file.name }) });
    if (file.kind === "image") {
      const picture = h("img", { src: href, alt: file.name, loading: "lazy" });
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
        message.failed && h("button", { type: "button", onclick: () => this.on.drop(message) }, words.edit),
      ),
    );
  }

  uploadNode({ id, file, share, failed }) {
    const words = this.words;
    const state = h("span", {});
    const bar = failed ? null : h("progress", { max: "100", value: share, "aria-label": file.name });
    const node = h(
      "div",
      { class: `entry you ${failed ? "failed" : "pending"}` },
      h("div", { class: "text", dir: "auto" }, `${file.name} · ${size(file.size, this.language)}`, bar),
      h(
        "div",
        { class: "meta" },
        state,
        failed && h("button", { type: "button", onclick: () => this.on.again(id) }, words.retry),
        failed && h("button", { type: "button", onclick: () => this.on.leave(id) }, words.remove),
      ),
    );
    node.show = (now) => {
      if (bar) bar.value = now;
      const text = failed ? `${words.notUploaded}. ${failed}` : this.online ? fill(words.uploading, { n: now }) : words.waiting;
      if (state.textContent !== text) state.textContent = text;
    };
    node.show(share);
    return node;
  }
}
