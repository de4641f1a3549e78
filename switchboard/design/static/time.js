// Times in the reader's own zone: tells the server the zone for the next page, and rewrites this one if it guessed wrong.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const language = document.documentElement.lang || undefined;
const FORMS = {
  clock: { timeStyle: "short" },
  date: { dateStyle: "medium" },
  full: { dateStyle: "long", timeStyle: "short" },
};
const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

function written(at, style) {
  if (style === "ago" || style === "since") {
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    if (style === "since") return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.max(0, Math.round(-seconds / size)));
    return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
  }
  const now = new Date();
  const thisYear = at.getFullYear() === now.getFullYear();
  if (style === "short")
    return at.toDateString() === now.toDateString()
      ? new Intl.DateTimeFormat(language, FORMS.clock).format(at)
      : new Intl.DateTimeFormat(language, { day: "numeric", month: "short", ...(thisYear ? {} : { year: "numeric" }) }).format(at);
  if (style === "day")
    return new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "long", ...(thisYear ? {} : { year: "numeric" }) }).format(at);
  return new Intl.DateTimeFormat(language, FORMS[style] ?? FORMS.full).format(at);
}

/** Writes every <time data-style> under `root` anew. */
export function refine(root = document, only = "time[data-style]") {
  for (const element of root.querySelectorAll(only)) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = written(at, element.dataset.style);
    if (element.textContent !== text) element.textContent = text;
    element.title = written(at, "full");
  }
}

if (zone && document.documentElement.dataset.zone !== zone) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${secure}`;
  refine();
}
setInterval(() => refine(document, 'time:is([data-style="ago"], [data-style="since"])'), 30000);
