// The masks of core/forms/mask.py, matched the same way: a set of places one may be in, so nothing runs away.

function pieces(mask) {
  const found = [[]];
  let opened = -1;
  for (let i = 0; i < mask.length; i++) {
    const here = found.at(-1), character = String.fromCodePoint(mask.codePointAt(i));
    if (character.length > 1) i++;
    if (character === "[") opened = here.length;
    else if (character === "]") here[opened].jump = here.length - opened;
    else if (character === "|") found.push([]);
    else if (character === "\\") here.push({ character: mask[++i] });
    else here.push({ character, kind: "9A*".includes(character) });
  }
  return found;
}

const fits = ({ character, kind }, given) =>
  !kind ? character.toLowerCase() === given.toLowerCase()
  : character === "9" ? /^[0-9]$/.test(given)
  : character === "A" ? /^\p{L}$/u.test(given) : /^[\p{L}0-9]$/u.test(given);

/** Whether all of `text` looks like `mask`. */
export function matches(mask, text) {
  return pieces(mask).some((row) => {
    const reach = (at) => {
      row.forEach((piece, n) => at.has(n) && piece.jump && at.add(n + piece.jump));
      return at;
    };
    let at = reach(new Set([0]));
    for (const given of text) at = reach(new Set([...at].filter((n) => n < row.length && fits(row[n], given)).map((n) => n + 1)));
    return at.has(row.length);
  });
}
