// One chat at work: what was said, the line to the hub, and the panel that shows it.

class Chat {
  constructor(host, root, words, language, dir, options, own) {
    this.host = host;
    this.words = words;
    this.language = language;
    this.own = own;
    this.site = options.site;
    this.store = new Store(`${BASE.host}:${this.site}`);
    this.talk = new Talk(this.store);
    this.facts = { questions: [], greetings: [], can: [], welcome: {} };
    this.wishes = new Map();
    const returning = this.store.get("since", this.store.base) !== null && visit("since") === null;
    if (visit("since") === null) visit("since", returning ? "returning" : "new");
    this.returning = visit("since") === "returning";
    this.store.set("since", "1", this.store.base);
    this.page = whereabouts();
    this.panel = new Panel(root, this.talk, words, language, dir, this.gestures());
    this.panel.starters = (options.starters ?? "").split("|").filter(Boolean);
    this.uploads = new Uploads(new URL("chat/files", BASE).href, {
      site: this.site,
      token: () => this.line.open && this.store.get("token"),
      changed: () => this.panel.draw(),
      done: (id, upload, receipt) => {
        const message = { id, text: "", label: upload.file.name, files: [receipt] };
        this.store.keep(message);
        this.send(message);
      },
    });
    this.panel.uploads = this.uploads.all;
    const url = new URL("chat/socket", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    this.line = new Line(url.href, {
      hello: () => this.hello(),
      state: (open) => this.state(open),
      refused: (sentence, code) => this.refused(sentence, code),
      frame: (frame) => this.heard(frame),
    });
    document.addEventListener("visibilitychange", () => this.seen());
    this.store.watch((key) => {
      if (key === "forgotten") this.become(null);
      if (key === "talked") this.line.start();
      if (key.startsWith("unsent:")) this.panel.draw();
    });
    const { userToken: token, userId: id, userExpires: expires, userHash: hash } = options;
    if (token || hash) this.become(token ? { token } : { id, expires, hash });
    this.begin();
    this.fetchFacts();
    if ("open" in options) this.panel.toggle(true);
  }

  // Whoever talked to us before may have got an answer meanwhile; nobody else costs a connection.
  begin() {
    this.menu();
    const draft = this.store.get("draft");
    if (draft && !this.panel.input.value) this.panel.write(draft);
    if (this.store.get("talked") || this.talk.unsent().length) this.line.start();
  }

  // What the company set is not waited for: the launcher is there already.
  async fetchFacts() {
    await new Promise((idle) => (window.requestIdleCallback ?? setTimeout)(idle));
    try {
      const answer = await fetch(new URL(`chat/sites/${encodeURIComponent(this.site)}`, BASE), { credentials: "omit" });
      if (!answer.ok) return;
      this.facts = await answer.json();
    } catch {
      return; // the chat itself works without
    }
    const welcome = this.facts.welcome[this.language] ?? this.facts.welcome[""];
    if (welcome && !this.own.greeting) this.words.greeting = welcome;
    if (this.facts.title && !this.own.title) this.named(this.facts.title);
    if (!this.line.open) this.panel.presence(this.facts);
    this.menu();
    this.questions();
    this.panel.draw();
    new Greetings(this.store, this.facts.greetings, { open: this.facts.open ?? this.facts.on_duty, language: this.language, returning: this.returning }, {
      free: () => !this.panel.isOpen && !this.store.get("talked"),
      say: (text) => {
        this.page.greeting = text;
        this.panel.tease(text);
        this.ring();
      },
    });
  }

  named(title) {
    this.panel.title.textContent = this.panel.thread.title = title;
  }

  gestures() {
    return {
      say: (text, value) => {
        const message = value ? { id: newId(), text, value } : { id: newId(), text };
        this.store.keep(message);
        this.typedAt = 0;
        this.talked();
        this.send(message);
        this.panel.draw();
      },
      retry: (message) => {
        const again = { ...message, id: newId() };
        delete again.failed;
        this.store.sent(message.id);
        this.store.keep(again);
        this.send(again);
        this.panel.draw();
      },
      drop: (message) => {
        this.store.sent(message.id);
        this.panel.draw();
      },
      bring: (files) => {
        this.talked();
        this.uploads.add(files);
      },
      again: (id) => this.uploads.retry(id),
      leave: (id) => this.uploads.drop(id),
      older: () => this.line.send({ type: "older", before: this.talk.all()[0].id }),
      opened: () => {
        this.line.start();
        this.seen();
      },
      closed: () => {},
      draft: (text) => (text ? this.store.set("draft", text) : this.store.remove("draft")),
      typing: () => {
        if (Date.now() - (this.typedAt ?? 0) < 3000) return;
        if (this.line.send({ type: "typing" }, true)) this.typedAt = Date.now();
      },
      wish: (what) => this.wish(what),
    };
  }

  talked() {
    this.store.set("talked", "1");
    this.line.start();
  }

  ask(text) {
    this.panel.toggle(true);
    if (text && !this.panel.input.value) this.panel.write(String(text));
  }

  // ------------------------------------------------------------------------------------------------ who it is

  signIn(user) {
    if (user && (user.token || user.hash)) this.become(user);
  }

  signOut() {
    this.store.forget();
    this.become(null);
  }

  become(user) {
    // Who signs in is who was there before; everybody else is not.
    if (!user || (this.user && drawer(user) !== drawer(this.user))) this.uploads.clear();
    this.user = user;
    this.store.user(user ? drawer(user) : "");
    this.talk.reset();
    this.panel?.write(this.store.get("draft") ?? "");
    if (this.panel) this.panel.refusal = "";
    this.panel?.draw();
    if (!this.line) return;
    if (this.line.wanted) this.line.again();
    else if (user || this.panel.isOpen) this.begin();
    if (this.panel.isOpen) this.line.start();
    this.questions();
  }

  hello() {
    const about = this.store.get("about");
    this.shown = this.store.token();
    this.saidHello = this.user;
    return {
      type: "hello",
      site: this.site,
      token: this.shown,
      cursor: this.talk.cursor,
      language: this.language,
      page: { ...this.page, url: location.href, title: document.title },
      about: about ? JSON.parse(about) : undefined,
      user: this.user ?? undefined,
    };
  }

  refused(sentence, code) {
    this.panel.refusal = code === 4401 ? this.words.signedOut : sentence || this.words.refused;
    this.panel.draw();
    // The site may give a new word for its user, by signIn().
    if (code === 4401) this.host.dispatchEvent(new CustomEvent("switchboard-signed-out", { bubbles: true }));
  }

  // ------------------------------------------------------------------------------------------------ the line

  state(open) {
    this.panel.online = open;
    this.told = "";
    if (open) this.sendAll();
    this.panel.draw();
    if (open) {
      this.seen();
      this.uploads.next();
    }
  }

  send(message) {
    const { id, text, value, files, before } = message;
    return this.line.send(value ? { type: "choice", id, value, label: text, before } : { type: "message", id, text, files, before });
  }

  sendAll() {
    this.talk.unsent().forEach((message) => message.failed || this.send(message));
  }

  // Tells the hub what was shown: in an open chat it is read, else delivered.
  seen() {
    const news = this.talk.unread();
    if (!news.length) return;
    const upto = news.at(-1).id;
    const read = this.panel.isOpen && document.visibilityState === "visible";
    const word = `${read} ${upto}`;
    if (word !== this.told && this.line.send({ type: read ? "read" : "delivered", upto })) this.told = word;
    if (read) this.talk.readUpTo = upto;
  }

  heard(frame) {
    const { panel, talk, store } = this;
    switch (frame.type) {
      case "welcome":
        // Two tabs were new at the same moment, and the other one was faster: be the same visitor.
        if (this.saidHello !== this.user || (!this.shown && store.token())) return this.line.again();
        store.set("token", frame.token);
        panel.refusal = "";
        talk.welcome(frame);
        if (frame.title && !this.own.title) this.named(frame.title);
        panel.presence(frame);
        this.questions();
        panel.draw();
        panel.toEnd();
        requestAnimationFrame(() => panel.thread.list.setAttribute("aria-live", "polite"));
        break;
      case "message":
        if (talk.take(frame)) {
          if (frame.from !== "you") panel.typing("");
          panel.announce(frame);
          if (frame.from !== "you" && !frame.read && (!panel.isOpen || document.visibilityState !== "visible")) this.ring();
          panel.draw();
          this.seen();
        }
        break;
      case "ack":
        panel.storing = false;
        talk.ack(frame);
        this.granted(frame);
        panel.draw();
        break;
      case "link":
        this.granted(frame);
        break;
      case "typing":
        panel.typing(frame.name || this.words.somebody);
        break;
      case "seen":
        talk.seenAt = frame.at;
        panel.draw();
        break;
      case "pong":
        if ("on_duty" in frame) panel.presence(frame);
        break;
      case "history": {
        const height = panel.log.scrollHeight;
        talk.older(frame);
        panel.draw();
        panel.log.scrollTop += panel.log.scrollHeight - height;
        break;
      }
      case "error":
        if (!frame.id) break;
        if (this.wishes.has(frame.id)) return this.denied(frame);
        if (frame.after) {
          panel.storing = true;
          setTimeout(() => this.sendAll(), frame.after * 1000 * (1 + Math.random()));
        } else talk.fails(frame.id, frame.sentence);
        panel.draw();
    }
  }

  ring() {
    if (this.store.get("sound", this.store.base) !== "off") chime();
  }
}

// A drawer of the store for each user; the name is told by nobody and proves nothing.
function drawer(user) {
  let name = user.id ?? "";
  try {
    if (user.token) name = JSON.parse(atob(user.token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub;
  } catch {}
  return encodeURIComponent(String(name)).slice(0, 200) || "user";
}
