// Puts it together: <script async src="…/chat/widget.js" data-site="NAME" data-language="uk" data-starters="A|B"
// data-theme="dark" data-dir="rtl" data-texts='{"title": "Ask us"}' data-user-token="JWT">. docs/chat.md tells each.

const MOST = 8000;
const SCRIPT = document.currentScript ?? document.querySelector('script[data-site][src*="/chat/widget.js"]');
const BASE = new URL("..", SCRIPT.src);

class SwitchboardChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const options = SCRIPT.dataset;
    const wish = (options.language || document.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase();
    let own = {};
    try {
      own = JSON.parse(options.texts ?? "{}");
    } catch {}
    const spoken = wish in TEXTS ? wish : "en";
    // A language we do not speak is the page's own to word; dates and numbers are written as it does.
    const language = options.texts ? wish : spoken;
    const dir = options.dir ?? getComputedStyle(document.documentElement).direction;
    const root = this.attachShadow({ mode: "open" });
    const sheet_ = new CSSStyleSheet();
    sheet_.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet_];
    if (options.theme) this.setAttribute("theme", options.theme);
    const words = { ...TEXTS[spoken], ...own };
    this.chat = new Chat(this, root, words, language, dir, options, own);
  }

  // For the page: document.querySelector("switchboard-chat").ask("Where is my order?")
  ask(text) {
    this.chat.ask(text);
  }

  open() {
    this.chat.panel.toggle(true);
  }

  // The site's word for who this is: {token} or {id, expires, hash}. Never believed unless it is signed.
  signIn(user) {
    this.chat.signIn(user);
  }

  // Forget everything of whoever was here: for the site's own sign-out.
  signOut() {
    this.chat.signOut();
  }
}

if (SCRIPT && !customElements.get("switchboard-chat")) {
  customElements.define("switchboard-chat", SwitchboardChat);
  const show = () => document.body.append(document.createElement("switchboard-chat"));
  if (document.body) show();
  else addEventListener("DOMContentLoaded", show);
}
