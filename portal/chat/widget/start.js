// Puts it together: <script async src="…/chat/widget.js" data-site="NAME" data-language="uk" data-starters="A|B"
// data-theme="dark" data-texts='{"title": "Ask us"}'>.

const MOST = 8000;
const SCRIPT = document.currentScript ?? document.querySelector('script[data-site][src*="/chat/widget.js"]');
const BASE = new URL("..", SCRIPT.src);

class SwitchboardChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const options = SCRIPT.dataset;
    const wish = (options.language || document.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase();
    const language = wish in TEXTS ? wish : "en";
    let own = {};
    try {
      own = JSON.parse(options.texts ?? "{}");
    } catch {}
    const site = options.site;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    if (options.theme) this.setAttribute("theme", options.theme);

    const store = new Store(`${BASE.host}:${site}`);
    const talk = new Talk(store);
    const words = { ...TEXTS[language], ...own };
    const panel = new Panel(root, talk, words, language, {
      say: (text, value) => {
        const message = value ? { id: newId(), text, value } : { id: newId(), text };
        store.keep(message);
        store.set("talked", "1");
        line.start();
        send(message);
        panel.draw();
      },
      retry: (message) => {
        const again = { ...message, id: newId() };
        delete again.failed;
        store.sent(message.id);
        store.keep(again);
        send(again);
        panel.draw();
      },
      bring: (files) => {
        store.set("talked", "1");
        line.start();
        uploads.add(files);
      },
      again: (id) => uploads.retry(id),
      leave: (id) => uploads.drop(id),
      drop: (message) => {
        store.sent(message.id);
        panel.draw();
      },
      older: () => line.send({ type: "older", before: talk.all()[0].id }),
      opened: () => {
        line.start();
        seen();
      },
      draft: (text) => (text ? store.set("draft", text) : store.remove("draft")),
    });
    panel.starters = (options.starters ?? "").split("|").filter(Boolean);
    if (store.get("draft")) panel.write(store.get("draft"));

    const send = (message) =>
      line.send(
        message.value
          ? { type: "choice", id: message.id, value: message.value, label: message.text }
          : { type: "message", id: message.id, text: message.text, files: message.files },
      );
    const sendAll = () => talk.unsent().forEach((message) => message.failed || send(message));
    const uploads = new Uploads(new URL("chat/files", BASE).href, {
      site,
      token: () => line.open && store.get("token"),
      changed: () => panel.draw(),
      done: (id, upload, receipt) => {
        const message = { id, text: "", label: upload.file.name, files: [receipt] };
        store.keep(message);
        send(message);
      },
    });
    panel.uploads = uploads.all;
    let told = "";
    // Tells the hub what was shown: in an open chat it is read, else delivered.
    const seen = () => {
      const news = talk.unread();
      if (!news.length) return;
      const upto = news.at(-1).id;
      const read = panel.isOpen && document.visibilityState === "visible";
      const word = `${read} ${upto}`;
      if (word !== told && line.send({ type: read ? "read" : "delivered", upto })) told = word;
      if (read) talk.readUpTo = upto;
    };

    let shown = null;
    const url = new URL("chat/socket", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    const line = new Line(url.href, {
      hello: () => ({
        type: "hello",
        site,
        token: (shown = store.get("token")),
        cursor: talk.cursor,
        language,
        page: { url: location.href, title: document.title, referrer: document.referrer },
      }),
      state: (open) => {
        panel.online = open;
        told = "";
        if (open) sendAll();
        panel.draw();
        if (open) {
          seen();
          uploads.next();
        }
      },
      refused: (sentence) => {
        panel.refusal = sentence || words.refused;
        panel.draw();
      },
      frame: (frame) => {
        switch (frame.type) {
          case "welcome":
            // Two tabs were new at the same moment, and the other one was faster: be the same visitor.
            if (!shown && store.get("token")) return line.again();
            store.set("token", frame.token);
            panel.refusal = "";
            talk.welcome(frame);
            if (frame.title && !own.title) panel.title.textContent = frame.title;
            panel.duty.textContent = frame.on_duty ? words.here : words.away;
            panel.duty.classList.toggle("here", frame.on_duty);
            panel.draw();
            panel.toEnd();
            requestAnimationFrame(() => panel.list.setAttribute("aria-live", "polite"));
            break;
          case "message":
            if (talk.take(frame)) {
              panel.announce(frame);
              panel.draw();
              seen();
            }
            break;
          case "ack":
            panel.storing = false;
            talk.ack(frame);
            panel.draw();
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
            if (frame.after) {
              panel.storing = true;
              setTimeout(sendAll, frame.after * 1000 * (1 + Math.random()));
            } else talk.fails(frame.id, frame.sentence);
            panel.draw();
        }
      },
    });

    document.addEventListener("visibilitychange", () => seen());
    store.watch((key) => {
      if (key === "talked") line.start();
      if (key.startsWith("unsent:")) panel.draw();
    });
    // Whoever talked to us before may have got an answer meanwhile; nobody else costs a connection.
    if (store.get("talked") || talk.unsent().length) line.start();
    if ("open" in options) panel.toggle(true);

    // For the page: document.querySelector("switchboard-chat").ask("Where is my order?")
    this.ask = (text) => {
      panel.toggle(true);
      if (text && !panel.input.value) panel.write(String(text));
    };
  }
}

if (SCRIPT && !customElements.get("switchboard-chat")) {
  customElements.define("switchboard-chat", SwitchboardChat);
  const show = () => document.body.append(document.createElement("switchboard-chat"));
  if (document.body) show();
  else addEventListener("DOMContentLoaded", show);
}
