// What the browser keeps between pages, shared by all tabs: the token, and each unsent message under a key of its own,
// so that two tabs never overwrite each other's. Without localStorage (blocked, full) it lasts as long as the page.

class Store {
  constructor(name) {
    this.prefix = `switchboard:${name}:`;
    this.memory = new Map();
  }

  get(key) {
    try {
      const kept = localStorage.getItem(this.prefix + key);
      if (kept !== null) return kept;
    } catch {}
    return this.memory.get(key) ?? null;
  }

  set(key, value) {
    this.memory.set(key, value);
    try {
      localStorage.setItem(this.prefix + key, value);
    } catch {}
  }

  remove(key) {
    this.memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {}
  }

  // The unsent messages, in the order they were written: {id, text, value?, failed?}.
  unsent() {
    const keys = new Set(this.memory.keys());
    try {
      for (let n = 0; n < localStorage.length; n++) {
        const key = localStorage.key(n);
        if (key.startsWith(this.prefix)) keys.add(key.slice(this.prefix.length));
      }
    } catch {}
    const found = [];
    for (const key of keys) {
      if (!key.startsWith("unsent:")) continue;
      try {
        const message = JSON.parse(this.get(key));
        if (message && typeof message.id === "string" && typeof message.text === "string") found.push(message);
      } catch {}
    }
    return found.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  keep(message) {
    this.set(`unsent:${message.id}`, JSON.stringify(message));
  }

  sent(id) {
    this.remove(`unsent:${id}`);
  }

  // Calls `tell(key)` when another tab changed something.
  watch(tell) {
    addEventListener("storage", (event) => {
      if (event.key === null || event.key.startsWith(this.prefix)) {
        const key = event.key === null ? "" : event.key.slice(this.prefix.length);
        if (event.newValue === null) this.memory.delete(key);
        tell(key);
      }
    });
  }
}

// Sorts by time, and nobody has had it before. (randomUUID is not there on plain http.)
function newId() {
  const noise = crypto.getRandomValues(new Uint8Array(10));
  const time = Date.now().toString(36).padStart(9, "0");
  return `${time}-${Array.from(noise, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
