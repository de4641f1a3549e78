// What is said: entries of the log by id, and what the visitor wrote that is not in the log yet. Knows no page.

class Talk {
  constructor(store) {
    this.store = store;
    this.entries = new Map();
    this.acked = new Set();
    this.cursor = null;
    this.more = false;
    this.readUpTo = "";
    this.seenAt = "";
  }

  // Somebody else is here now.
  reset() {
    this.entries.clear();
    this.acked.clear();
    this.cursor = this.token = null;
    this.more = false;
    this.readUpTo = this.seenAt = "";
  }

  // Whether people have looked since the visitor wrote this.
  wasSeen(entry) {
    return entry.at <= this.seenAt;
  }

  // Takes a frame of the log; true when something is different now.
  take(entry) {
    if (entry.client) {
      this.store.sent(entry.client);
      this.acked.add(entry.client);
    }
    const known = this.entries.get(entry.id);
    if (known && known.text === entry.text && known.read === entry.read && known.files?.length === entry.files?.length) {
      return false;
    }
    this.entries.set(entry.id, entry);
    if (!this.cursor || entry.id > this.cursor) this.cursor = entry.id;
    return true;
  }

  welcome(frame) {
    if (!frame.whole) this.entries.clear();
    // With a new token it is somebody else's history, or none.
    if (this.token && this.token !== frame.token && !frame.history.length) this.entries.clear();
    this.token = frame.token;
    this.seenAt = frame.seen ?? "";
    if (!this.entries.size || frame.history[0]?.id <= this.all()[0].id) this.more = frame.more;
    frame.history.forEach((entry) => this.take(entry));
  }

  older(frame) {
    frame.history.forEach((entry) => this.take(entry));
    this.more = frame.more;
  }

  ack(frame) {
    const message = this.unsent().find((one) => one.id === frame.id);
    this.store.sent(frame.id);
    this.acked.add(frame.id);
    if (message && frame.entry && !this.entries.has(frame.entry)) {
      this.take({ id: frame.entry, client: message.id, from: "you", text: message.text || message.label, at: frame.at });
    }
  }

  all() {
    return [...this.entries.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  unsent() {
    return this.store.unsent().filter((message) => !this.acked.has(message.id));
  }

  fails(id, sentence) {
    const message = this.unsent().find((one) => one.id === id);
    if (message) this.store.keep({ ...message, failed: sentence });
  }

  unread() {
    return this.all().filter((entry) => entry.from !== "you" && !entry.read && entry.id > this.readUpTo);
  }

  // The choices still open: those of the last thing said, if it was said to the visitor.
  choices() {
    const last = this.all().at(-1);
    return last && last.from !== "you" && !this.unsent().length ? (last.buttons ?? []) : [];
  }
}
