// Words marked in a text. "randomi*" also finds "randomised"; marks differ by colour and line.

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern(words) {
  const parts = words
    .map((word) => word.trim())
    .filter(Boolean)
    .sort((a, b) => b.length - a.length)
    .map((word) => escaped(word).replace(/\\\*/g, "[\\p{L}\\p{N}]*").replace(/\s+/g, "\\s+"));
  return parts.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${parts.join("|")})(?![\\p{L}\\p{N}])`, "giu") : null;
}

/** Fill an element with a text, its words marked; only text nodes and <mark> are made. */
export function fill(element, text, { include = [], exclude = [] }) {
  element.replaceChildren();
  const kinds = [["include", pattern(include)], ["exclude", pattern(exclude)]];
  const found = [];
  for (const [kind, regex] of kinds) {
    if (!regex) continue;
    for (const match of text.matchAll(regex)) {
      if (match[0]) found.push({ kind, start: match.index, end: match.index + match[0].length });
    }
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let at = 0;
  for (const { kind, start, end } of found) {
    if (start < at) continue;
    element.append(text.slice(at, start));
    const mark = document.createElement("mark");
    mark.className = kind;
    mark.textContent = text.slice(start, end);
    element.append(mark);
    at = end;
  }
  element.append(text.slice(at));
}
