// Greetings: words the company says first, to whom a rule fits, and not more often than it says.

class Greetings {
  // `on` is {free(): whether a greeting may come now, say(text)}.
  constructor(store, rules, facts, on) {
    this.store = store;
    this.rules = rules;
    this.facts = facts;
    this.on = on;
    this.path = location.pathname;
    this.since = performance.now();
    this.told = new Set();
    if (rules.length) this.timer = setInterval(() => this.look(), 500);
  }

  look() {
    if (document.visibilityState !== "visible") return;
    if (location.pathname !== this.path) {
      this.path = location.pathname;
      this.since = performance.now();
    }
    if (!this.on.free()) return;
    const rule = this.rules.find((one) => this.fits(one) && !this.said(one));
    if (!rule) return;
    this.mark(rule);
    this.on.say(rule.text);
  }

  fits(rule) {
    const { open, language, returning } = this.facts;
    if (rule.page && !glob(rule.page).test(this.path)) return false;
    if (performance.now() - this.since < (Number(rule.after) || 0) * 1000) return false;
    if (rule.visitor && (rule.visitor === "returning") !== returning) return false;
    if (rule.hours && (rule.hours === "open") !== open) return false;
    return !rule.language || rule.language === language;
  }

  key(rule) {
    let sum = 0;
    for (const sign of rule.text) sum = (sum * 31 + sign.codePointAt(0)) | 0;
    return `greeted:${sum >>> 0}`;
  }

  said(rule) {
    const key = this.key(rule);
    switch (rule.repeat) {
      case "page": return this.told.has(`${key} ${this.path}`);
      case "visit": return visit(key) !== null;
      case "day": return this.store.get(key) === new Date().toDateString();
      default: return this.store.get(key) !== null;
    }
  }

  mark(rule) {
    const key = this.key(rule);
    this.told.add(`${key} ${this.path}`);
    visit(key, "1");
    this.store.set(key, new Date().toDateString());
  }
}

const glob = (pattern) => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);

// What is kept as long as the tab is open.
function visit(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(`switchboard:${key}`);
    sessionStorage.setItem(`switchboard:${key}`, value);
  } catch {}
  return null;
}

// Where somebody is, and how they came to the site: the first page of the visit tells referrer and campaign.
function whereabouts() {
  let first = {};
  try {
    first = JSON.parse(visit("arrived") ?? "null") ?? {};
  } catch {}
  if (!first.landing) {
    first = { landing: location.href, referrer: document.referrer };
    for (const [key, value] of new URLSearchParams(location.search)) {
      if (/^(utm_\w+|gclid|fbclid|msclkid|ref)$/.test(key)) first[key] = value.slice(0, 300);
    }
    visit("arrived", JSON.stringify(first));
  }
  return { ...first, url: location.href, title: document.title };
}
