// What the browser keeps between pages, shared by all tabs: the token, and each unsent message under a key of its own,
// so that two tabs never overwrite each other's. Without localStorage (blocked, full) it lasts as long as the page.
// A signed-in user has a drawer of their own; what was written before signing in is still sent, as who it was then.

class Store {
  constructor(name) {
    this.base = `switchboard:${name}:`;
    this.memory = new Map();
    this.user("");
  }

  // From now on it is this user's, or ("") the anonymous visitor's.
  user(id) {
    this.prefix = id ? `${this.base}u:${id}:` : this.base;
    this.signedIn = Boolean(id);
  }

  get(key, prefix = this.prefix) {
    try {
      const kept = localStorage.getItem(prefix + key);
      if (kept !== null) return kept;
    } catch {}
    return this.memory.get(prefix + key) ?? null;
  }

  set(key, value, prefix = this.prefix) {
    this.memory.set(prefix + key, value);
    try {
      localStorage.setItem(prefix + key, value);
    } catch {}
  }

  remove(key, prefix = this.prefix) {
    this.memory.delete(prefix + key);
    try {
      localStorage.removeItem(prefix + key);
    } catch {}
  }

  // The token to show: one's own, else that of who one was before signing in.
  token() {
    return this.get("token") ?? this.get("token", this.base);
  }

  keys() {
    const keys = new Set(this.memory.keys());
    try {
      for (let n = 0; n < localStorage.length; n++) keys.add(localStorage.key(n));
    } catch {}
    return [...keys].filter((key) => key.startsWith(this.base));
  }

  // The unsent messages, in the order they were written: {id, text, value?, files?, failed?, before?}.
  unsent() {
    const found = [];
    for (const key of this.keys()) {
      const before = this.signedIn && key.startsWith(`${this.base}unsent:`);
      if (!before && !key.startsWith(`${this.prefix}unsent:`)) continue;
      try {
        const message = JSON.parse(this.get(key, ""));
        if (message && typeof message.id === "string" && typeof message.text === "string") found.push(before ? { ...message, before } : message);
      } catch {}
    }
    return found.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  keep(message) {
    const { before, ...kept } = message;
    this.set(`unsent:${message.id}`, JSON.stringify(kept), before ? this.base : this.prefix);
  }

  sent(id) {
    this.remove(`unsent:${id}`);
    if (this.signedIn) this.remove(`unsent:${id}`, this.base);
  }

  // Nothing of anybody is left, but what they chose for this browser.
  forget() {
    for (const key of this.keys()) {
      if (!/:(sound|since|greeted:\d+)$/.test(key)) this.remove(key, "");
    }
    this.set("forgotten", String(Date.now()), this.base);
    this.user("");
  }

  // Calls `tell(key)` when another tab changed something.
  watch(tell) {
    addEventListener("storage", (event) => {
      if (event.key !== null && !event.key.startsWith(this.base)) return;
      if (event.key === null) this.memory.clear();
      else if (event.newValue === null) this.memory.delete(event.key);
      const own = event.key?.startsWith(this.prefix) ? event.key.slice(this.prefix.length) : "";
      tell(event.key === `${this.base}forgotten` ? "forgotten" : own || (event.key?.includes(":unsent:") ? "unsent:" : ""));
    });
  }
}

let newest = 0;

// Sorts by time, also of two in one millisecond and when the clock is put back, and nobody has had it before.
// (randomUUID is not there on plain http.)
function newId() {
  const noise = crypto.getRandomValues(new Uint8Array(10));
  newest = Math.max(Date.now(), newest + 1);
  const time = newest.toString(36).padStart(9, "0");
  return `${time}-${Array.from(noise, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
