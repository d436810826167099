// The text of a page: searching it, finding a quote again, and words from places.

const MARKS = /\p{M}/gu;
const SAME = { "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-" };

/**
 * Text as it is compared: small letters without marks, one blank for any, words that were parted at
 * the end of a line joined. `places[n]` is where the n-th letter stands in the text given.
 */
export function folded(text) {
  let made = "";
  const places = [];
  const put = (letters, at) => {
    for (const letter of letters) {
      made += letter;
      for (let unit = 0; unit < letter.length; unit += 1) places.push(at);
    }
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "\u00ad") continue;
    if ((sign === "-" || sign === "‐") && text[at + 1] === "\n" && /\p{Ll}/u.test(text[at + 2] ?? "")) {
      at += 1;
      continue;
    }
    if (/\s/.test(sign)) {
      if (made && !made.endsWith(" ")) put(" ", at);
      continue;
    }
    put((SAME[sign] ?? sign).normalize("NFKD").replace(MARKS, "").toLowerCase(), at);
  }
  return { text: made, places };
}

/** Words as a person would write them: lines joined, blanks single. */
export const plain = (text) =>
  text.replace(/[-‐]\n(?=\p{Ll})/gu, "").replace(/\s+/g, " ").trim();

/** The text of one page, as pdf.js gives its pieces. */
export class PageText {
  constructor(items) {
    this.pieces = items.filter((item) => item.str !== undefined);
    this.starts = [];
    let text = "";
    for (const piece of this.pieces) {
      this.starts.push(text.length);
      text += piece.str + (piece.hasEOL ? "\n" : "");
    }
    this.text = text;
  }

  get compared() {
    this.kept ??= folded(this.text);
    return this.kept;
  }

  /** Every place of some words, as {start, end}. */
  find(words) {
    const wanted = folded(words.trim()).text.trim();
    const found = [];
    if (!wanted) return found;
    const { text, places } = this.compared;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      found.push({ start: places[at], end: places[at + wanted.length - 1] + 1 });
    }
    return found;
  }

  /** Where a quote stands: the place nearest to the one that was noted; null if nowhere. */
  anchor(quote, start = 0) {
    let found = this.find(quote);
    if (!found.length && quote.length > 80) found = this.find(quote.slice(0, 60));
    if (!found.length) return null;
    return found.reduce((best, each) =>
      Math.abs(each.start - start) < Math.abs(best.start - start) ? each : best);
  }

  words(start, end) {
    return plain(this.text.slice(start, end));
  }

  /** The sentence around a place, for a quote without a mouse. */
  sentence({ start, end }) {
    const from = Math.max(0, start - 400);
    const before = this.text.slice(from, start + 1);
    const after = this.text.slice(end, end + 400);
    const first = Math.max(...[...before.matchAll(/[.!?]["')\]]*\s+(?=[\p{Lu}\d"'([])|\n\s*\n/gu)].map((made) => made.index + made[0].length), -1);
    const last = after.search(/[.!?](?=\s|$)/);
    return {
      start: from + Math.max(0, first),
      end: last >= 0 ? end + last + 1 : Math.min(this.text.length, end + after.length),
    };
  }

  /** The piece that a place stands in, and how far. */
  piece(at) {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return { number: low, offset: Math.min(at - this.starts[low], this.pieces[low]?.str.length ?? 0) };
  }
}
