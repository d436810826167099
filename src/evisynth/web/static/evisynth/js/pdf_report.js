// The report: viewer, search, notes, quotes for the form beside it, and every key.

import { say, typing } from "./common.js";
import { Notes } from "./pdf_notes.js";
import { PdfSearch } from "./pdf_search.js";
import { PdfView } from "./pdf_view.js";

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const words = data.words;
const text = (name, values = {}) =>
  Object.entries(values).reduce((line, [key, value]) => line.replace(`{${key}}`, value), words[name]);
const DEFAULT_KEYS = { include: "i", exclude: "e", maybe: "m", undo: "u", note: "n", help: "?" };

function keys() {
  try {
    return { on: true, ...DEFAULT_KEYS, ...JSON.parse(localStorage.getItem("evisynth.keys") ?? "{}") };
  } catch {
    return { on: true, ...DEFAULT_KEYS };
  }
}

const mine = keys();
for (const shown of document.querySelectorAll("kbd[data-key], kbd[data-keyed]")) {
  if (shown.dataset.key) shown.textContent = mine[shown.dataset.key];
  shown.hidden = !mine.on;
}

const box = byId("pdf-box");
const viewer = box && data.files.length ? start() : null;

function start() {
  let file = data.files[0];
  let shown = null; // a quote that the form beside asked for
  const view = new PdfView(box, {
    words,
    moved: (number) => {
      if (document.activeElement !== byId("pdf-page")) byId("pdf-page").value = number;
    },
    zoomed: (percent) => { byId("pdf-zoom").textContent = text("zoom", { n: percent }); },
  });
  const search = new PdfSearch(view, (state, { hits, at }) => {
    byId("pdf-hits").textContent =
      state === "found" ? text("hits", { n: at + 1, all: hits.length })
      : state === "none" ? words.none : state === "searching" ? words.searching : "";
    mark();
  });
  const notes = new Notes(view, data, mark);

  function mark() {
    const hits = search.hits.map((hit) => ({ ...hit, kind: hit === search.hit ? "hit here" : "hit" }));
    view.show([...notes.marks(), ...hits, ...(shown ? [{ ...shown, kind: "quote" }] : [])]);
  }

  async function open(next) {
    file = next;
    shown = null;
    const problem = byId("pdf-problem");
    problem.hidden = true;
    try {
      byId("pdf-pages").textContent = await view.open(file.url);
    } catch (error) {
      problem.textContent = text("damaged", { why: error.message });
      problem.hidden = false;
      box.replaceChildren();
      return;
    }
    box.dataset.ready = file.sha256;
    search.clear();
    await notes.place(file.sha256);
    const first = await view.text(1);
    if (!first.text.trim()) say(words.scan);
  }

  /** What a note or quote is about: what is marked, else the sentence of the hit in hand. */
  async function place() {
    const selected = await view.selected();
    if (selected || !search.hit) return selected;
    const page = await view.text(search.hit.page);
    const whole = page.sentence(search.hit);
    return { page: search.hit.page, ...whole, quote: page.words(whole.start, whole.end) };
  }

  async function quote() {
    const found = await place();
    if (!found) return say(words.nothing);
    window.parent.postMessage({
      kind: "evisynth-quote", quote: found.quote, page: String(found.page), record: data.record,
      position: `${file.sha256.slice(0, 12)} ${found.start}-${found.end}`,
    }, location.origin);
    shown = found;
    mark();
    return say(words.taken);
  }

  /** Show where a value of the form beside came from. */
  async function show({ quote: wanted, page, position }) {
    const number = Number(page) || 0;
    const start = Number(String(position ?? "").split(" ")[1]?.split("-")[0] ?? 0);
    const order = [number, ...view.pages.map((each) => each.number)].filter((each) => each >= 1 && each <= view.pages.length);
    shown = null;
    for (const each of wanted ? new Set(order) : []) {
      const found = (await view.text(each)).anchor(wanted.replace(/ …$/, ""), each === number ? start : 0);
      if (found) {
        shown = { page: each, ...found };
        break;
      }
    }
    mark();
    if (shown) {
      await view.reveal(shown);
      say(text("quote_found", { n: shown.page }));
    } else if (number) {
      view.go(number);
      if (wanted) say(words.quote_gone);
    }
  }

  const acts = {
    before: () => view.go(view.current - 1),
    after: () => view.go(view.current + 1),
    smaller: () => view.step(-1),
    larger: () => view.step(1),
    fit: () => view.fit(),
    "hit-before": () => search.step(-1),
    "hit-after": () => search.step(1),
    note: async () => notes.open((await place()) ?? { page: view.current }),
    "note-off": () => notes.off(),
    quote,
    back: () => {
      box.focus({ preventScroll: true });
      if (data.frame) window.parent.postMessage({ kind: "evisynth-back" }, location.origin);
    },
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pdf]");
    if (button) acts[button.dataset.pdf]?.();
  });
  // the words marked stay marked when a button is pressed
  document.querySelector(".pdf-bar")?.addEventListener("mousedown", (event) => {
    if (event.target.closest("button")) event.preventDefault();
  });
  byId("pdf-file")?.addEventListener("change", (event) => {
    open(data.files.find((each) => each.sha256 === event.target.value));
  });
  byId("pdf-page").addEventListener("change", (event) => {
    const number = Number.parseInt(event.target.value, 10);
    if (number) view.go(number);
    event.target.value = view.current;
  });
  byId("pdf-page").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.target.dispatchEvent(new Event("change"));
    box.focus({ preventScroll: true });
  });
  let timer = 0;
  byId("pdf-words").addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => search.search(event.target.value), 250);
  });
  byId("pdf-words").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(timer);
    if (search.words === event.target.value) search.step(event.shiftKey ? -1 : 1);
    else search.search(event.target.value);
  });
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== window.parent) return;
    if (event.data?.kind === "evisynth-show") ready.then(() => show(event.data));
  });
  const ready = open(file).then(() => {
    if (!data.frame && document.activeElement === document.body) box.focus({ preventScroll: true });
  });
  return { acts, search };
}

const KEYS = {
  j: "after", k: "before", "+": "larger", "=": "larger", "-": "smaller", 0: "fit", q: "quote",
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (typing(event) && event.target.id !== "note-text") event.target.blur();
    if (event.target.id !== "note-text") viewer?.acts.back();
    return;
  }
  if (!mine.on || typing(event) || document.querySelector("dialog[open]")) return;
  const pressed = Object.keys(DEFAULT_KEYS).find((name) => mine[name] === event.key);
  const decision =
    document.querySelector(`[data-number="${CSS.escape(event.key)}"]`) ??
    (pressed && document.querySelector(`[data-press="${pressed}"]`));
  const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  if (decision) decision.click();
  else if (pressed === "exclude") byId("reasons")?.querySelector("button")?.focus();
  else if (pressed === "help") byId("help")?.showModal();
  else if (pressed === "note" && viewer) viewer.acts.note();
  else if (link) link.click();
  else if (viewer && event.key === "/") byId("pdf-words").focus();
  else if (viewer && event.key === "g") byId("pdf-page").select();
  else if (viewer && event.key === "Enter" && document.activeElement === box) viewer.search.step(event.shiftKey ? -1 : 1);
  else if (viewer && KEYS[event.key] && (event.key !== "q" || data.frame)) viewer.acts[KEYS[event.key]]();
  else return;
  event.preventDefault();
});
