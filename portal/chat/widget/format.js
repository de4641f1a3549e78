// Text as it is meant: links, and formatting either as the hub marks it or as people type it (*bold*, _italic_, `code`).

const STYLES = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code", quote: "q", spoiler: "span" };
const TYPED = [
  [/(^|[\s(])\*{1,2}(?=\S)([^*\n]{1,400}?\S?)\*{1,2}(?=[\s).,!?:;]|$)/, "b"],
  [/(^|[\s(])_(?=\S)([^_\n]{1,400}?\S?)_(?=[\s).,!?:;]|$)/, "i"],
  [/(^|[\s(])~(?=\S)([^~\n]{1,400}?\S?)~(?=[\s).,!?:;]|$)/, "s"],
  [/(^|[\s(])`([^`\n]{1,400})`(?=[\s).,!?:;]|$)/, "code"],
];

const safe = (url) => /^(https?:\/\/|mailto:|tel:)/i.test(url);
const linked = (url, ...words) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, ...words);

// Plain text with web addresses as links that tell the other side nothing.
function withLinks(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"]+/g)) {
    const url = found[0].replace(/[.,;:!?)\]»'’”]+$/, "");
    parts.push(text.slice(at, found.index), linked(url, url));
    at = found.index + url.length;
  }
  parts.push(text.slice(at));
  return parts;
}

function typed(text) {
  const first = TYPED.map(([pattern, tag]) => [pattern.exec(text), tag])
    .filter(([found]) => found)
    .sort(([one], [other]) => one.index - other.index)[0];
  const link = /https?:\/\//.exec(text);
  // What stands in an address is no formatting.
  if (!first || (link && link.index <= first[0].index)) {
    if (!first) return withLinks(text);
    const end = /\s|$/.exec(text.slice(link.index)).index + link.index;
    return [...withLinks(text.slice(0, end)), ...(end < text.length ? typed(text.slice(end)) : [])];
  }
  const [found, tag] = first;
  const inner = tag === "code" ? [found[2]] : typed(found[2]);
  const rest = text.slice(found.index + found[0].length);
  return [...withLinks(text.slice(0, found.index) + found[1]), h(tag, {}, ...inner), ...(rest ? typed(rest) : [])];
}

// `marks` are [kind, start, length, value], counted in code points; they may lie within each other.
function marked(text, marks) {
  const signs = Array.from(text);
  const cut = (from, to, within) => {
    const parts = [];
    let at = from;
    for (const [n, mark] of within.entries()) {
      const [kind, start, length, value] = mark;
      const end = Math.min(to, start + length);
      if (start < at || end <= start) continue;
      parts.push(...withLinks(signs.slice(at, start).join("")));
      const inner = within.slice(n + 1).filter((one) => one[1] >= start && one[1] + one[2] <= end);
      const words = cut(start, end, inner);
      if (kind === "link" && safe(value)) parts.push(linked(value, signs.slice(start, end).join("")));
      else parts.push(h(STYLES[kind] ?? "span", {}, ...words));
      at = end;
    }
    parts.push(...withLinks(signs.slice(at, to).join("")));
    return parts;
  };
  return cut(0, signs.length, [...marks].sort((one, other) => one[1] - other[1] || other[2] - one[2]));
}

const formatted = (entry) => (entry.marks ? marked(entry.text, entry.marks) : typed(entry.text));
