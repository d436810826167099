// Pages of a PDF: drawn when they come into sight, with their text over them and marks between.
// Scripts, forms and links of the file are not run: only pages and text are taken from it.

import * as pdfjs from "../vendor/pdfjs/pdf.min.mjs";

import { PageText } from "./pdf_text.js";

const vendor = (name) => new URL(`../vendor/pdfjs/${name}`, import.meta.url).href;
pdfjs.GlobalWorkerOptions.workerSrc = vendor("pdf.worker.min.mjs");

const STEPS = [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4];
const LARGEST = 16_000_000; // points of a canvas
const KEPT = 3; // pages kept drawn beyond those in sight

/** Boxes of one line joined, so that no word is marked twice. */
function lines(rects) {
  const made = [];
  for (const { left, top, right, bottom } of rects) {
    if (right - left < 1) continue;
    const high = bottom - top;
    const line = made.find((each) => Math.abs(each.top - top) < high / 2 && Math.abs(each.bottom - bottom) < high / 2 &&
      left < each.right + high * 0.7 && right > each.left - high * 0.7);
    if (line) {
      Object.assign(line, {
        left: Math.min(line.left, left), right: Math.max(line.right, right),
        top: Math.min(line.top, top), bottom: Math.max(line.bottom, bottom),
      });
    } else made.push({ left, top, right, bottom });
  }
  return made.map((line) => ({ ...line, width: line.right - line.left, height: line.bottom - line.top }));
}

export class PdfView {
  /** @param {HTMLElement} box  @param {{moved, zoomed, words}} told what to call, and words shown */
  constructor(box, told) {
    this.box = box;
    this.told = told;
    this.pages = [];
    this.texts = new Map();
    this.marks = [];
    this.scale = 1;
    this.fitted = true;
    this.current = 1;
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => {
      if (this.fitted && this.pages.length && this.width !== box.clientWidth) this.fit();
    }).observe(box);
    box.addEventListener("pointerdown", (event) => {
      event.target.closest?.(".textLayer")?.classList.add("selecting");
    });
    document.addEventListener("pointerup", () => {
      for (const layer of box.querySelectorAll(".selecting")) layer.classList.remove("selecting");
    });
  }

  async open(url) {
    await this.close();
    this.task = pdfjs.getDocument({
      url,
      cMapUrl: vendor("cmaps/"),
      cMapPacked: true,
      standardFontDataUrl: vendor("standard_fonts/"),
      wasmUrl: vendor("wasm/"),
      iccUrl: vendor("iccs/"),
      isEvalSupported: false,
      enableXfa: false,
      disableRange: true,
      disableStream: true,
    });
    this.file = await this.task.promise;
    const first = await this.file.getPage(1);
    this.size = first.getViewport({ scale: 1 });
    this.box.replaceChildren();
    this.pages = Array.from({ length: this.file.numPages }, (_, at) => this.made(at + 1));
    this.box.append(...this.pages.map((page) => page.element));
    this.watch = new IntersectionObserver((seen) => this.seen(seen), { root: this.box, rootMargin: "60% 0px" });
    this.fit();
    for (const page of this.pages) this.watch.observe(page.element);
    this.box.scrollTop = 0;
    this.scrolled();
    return this.file.numPages;
  }

  async close() {
    this.watch?.disconnect();
    for (const page of this.pages) this.drop(page);
    this.pages = [];
    this.texts.clear();
    this.marks = [];
    this.current = 1;
    await this.task?.destroy();
    this.task = null;
  }

  made(number) {
    const element = document.createElement("div");
    element.className = "pdf-page";
    element.dataset.page = number;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", this.told.words.page.replace("{n}", number));
    return { number, element, size: this.size, shown: false };
  }

  // Size -----------------------------------------------------------------------------------------

  fit() {
    this.width = this.box.clientWidth;
    this.fitted = true;
    this.zoom(Math.max(0.2, (this.width - 24) / this.size.width), true);
  }

  step(by) {
    const next = by > 0 ? STEPS.find((each) => each > this.scale + 0.01) : STEPS.findLast((each) => each < this.scale - 0.01);
    if (next) this.zoom(next);
  }

  zoom(scale, fitted = false) {
    const here = this.place();
    this.scale = scale;
    this.fitted = fitted;
    for (const page of this.pages) {
      this.sized(page);
      if (page.drawn) this.drop(page);
    }
    this.box.scrollTop = here.page.element.offsetTop + here.part * here.page.element.offsetHeight;
    for (const page of this.pages) if (page.shown) this.draw(page);
    this.told.zoomed(Math.round(scale * 100));
  }

  sized(page) {
    page.element.style.width = `${Math.floor(page.size.width * this.scale)}px`;
    page.element.style.height = `${Math.floor(page.size.height * this.scale)}px`;
    page.element.style.setProperty("--total-scale-factor", this.scale);
  }

  place() {
    const page = this.pages[this.current - 1] ?? this.pages[0];
    const { offsetTop, offsetHeight } = page.element;
    return { page, part: Math.max(0, this.box.scrollTop - offsetTop) / (offsetHeight || 1) };
  }

  scrolled() {
    const middle = this.box.scrollTop + this.box.clientHeight / 3;
    let number = 1;
    for (const page of this.pages) if (page.element.offsetTop <= middle) number = page.number;
    if (number === this.current && this.told.at === number) return;
    this.current = number;
    this.told.at = number;
    this.told.moved(number);
  }

  go(number) {
    const page = this.pages[Math.min(Math.max(number, 1), this.pages.length) - 1];
    if (page) this.box.scrollTop = page.element.offsetTop - 8;
  }

  // Drawing --------------------------------------------------------------------------------------

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const page = this.pages[Number(target.dataset.page) - 1];
      if (!page) continue;
      page.shown = isIntersecting;
      if (isIntersecting) this.draw(page);
    }
    for (const page of this.pages) {
      if (page.drawn && !page.shown && Math.abs(page.number - this.current) > KEPT) this.drop(page);
    }
  }

  drop(page) {
    page.drawing?.cancel();
    page.layer?.cancel();
    page.drawn = null;
    page.divs = null;
    page.drawing = page.layer = null;
    page.element.replaceChildren();
  }

  /** Draw a page once; the promise tells when its text can be marked. */
  draw(page) {
    page.drawn ??= this.drawing(page).catch((error) => {
      if (!/cancel/i.test(error?.name ?? "")) console.warn(error);
      page.drawn = null;
    });
    return page.drawn;
  }

  async drawing(page) {
    const [source, text] = [await this.file.getPage(page.number), await this.text(page.number)];
    const scale = this.scale;
    page.size = source.getViewport({ scale: 1 });
    this.sized(page);
    const viewport = source.getViewport({ scale });
    const sharp = Math.min(window.devicePixelRatio || 1, Math.sqrt(LARGEST / (viewport.width * viewport.height)));
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width * sharp);
    canvas.height = Math.floor(viewport.height * sharp);
    canvas.setAttribute("aria-hidden", "true");
    const marks = document.createElement("div");
    marks.className = "pdf-marks";
    const letters = document.createElement("div");
    letters.className = "textLayer";
    page.element.replaceChildren(canvas, marks, letters);
    page.drawing = source.render({
      canvas,
      viewport,
      transform: sharp === 1 ? null : [sharp, 0, 0, sharp, 0, 0],
    });
    page.layer = new pdfjs.TextLayer({ textContentSource: text.source, container: letters, viewport });
    await page.layer.render();
    page.divs = page.layer.textDivs;
    const end = document.createElement("div");
    end.className = "endOfContent";
    letters.append(end);
    this.mark(page);
    await page.drawing.promise;
  }

  /** The text of a page; read once. */
  text(number) {
    if (!this.texts.has(number)) {
      const read = async () => {
        const page = await this.file.getPage(number);
        const source = await page.getTextContent({ disableNormalization: true });
        return Object.assign(new PageText(source.items), { source });
      };
      this.texts.set(number, read());
    }
    return this.texts.get(number);
  }

  // Marks ----------------------------------------------------------------------------------------

  /** Show places marked: [{page, start, end, kind, id, title}]. */
  show(marks) {
    this.marks = marks;
    for (const page of this.pages) if (page.divs) this.mark(page);
  }

  range(page, text, start, end) {
    const range = document.createRange();
    const from = text.piece(start);
    const to = text.piece(Math.max(start, end - 1));
    const [first, last] = [page.divs[from.number]?.firstChild, page.divs[to.number]?.firstChild];
    if (!first || !last) return null;
    range.setStart(first, Math.min(from.offset, first.length));
    range.setEnd(last, Math.min(to.offset + 1, last.length));
    return range;
  }

  async mark(page) {
    const layer = page.element.querySelector(".pdf-marks");
    const text = await this.text(page.number);
    if (!layer || !page.divs) return;
    const whole = page.element.getBoundingClientRect();
    const made = [];
    for (const mark of this.marks.filter((each) => each.page === page.number)) {
      const range = this.range(page, text, mark.start, mark.end);
      for (const rect of lines(range?.getClientRects() ?? [])) {
        const box = document.createElement("i");
        box.className = `pdf-mark ${mark.kind}`;
        if (mark.id) box.dataset.note = mark.id;
        box.style.left = `${(100 * (rect.left - whole.left)) / whole.width}%`;
        box.style.top = `${(100 * (rect.top - whole.top)) / whole.height}%`;
        box.style.width = `${(100 * rect.width) / whole.width}%`;
        box.style.height = `${(100 * rect.height) / whole.height}%`;
        made.push(box);
      }
    }
    layer.replaceChildren(...made);
  }

  /** Bring a place into sight. */
  async reveal({ page: number, start, end }) {
    const page = this.pages[number - 1];
    if (!page) return;
    this.go(number);
    page.shown = true;
    await this.draw(page);
    const text = await this.text(number);
    const rect = page.divs && this.range(page, text, start, end)?.getBoundingClientRect();
    if (!rect) return;
    const box = this.box.getBoundingClientRect();
    this.box.scrollTop += rect.top - box.top - box.height / 3;
    if (rect.left < box.left || rect.right > box.right) this.box.scrollLeft += rect.left - box.left - 40;
  }

  /** What is marked by the person: {page, start, end, quote}; null if nothing is. */
  async selected() {
    const selection = window.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const page = this.pages.find((each) => each.divs && range.intersectsNode(each.element) &&
      each.divs.some((div) => range.intersectsNode(div)));
    if (!page) return null;
    const text = await this.text(page.number);
    let start = -1;
    let end = -1;
    page.divs.forEach((div, number) => {
      if (!div.firstChild || !range.intersectsNode(div)) return;
      const from = div.contains(range.startContainer) ? Math.min(range.startOffset, div.textContent.length) : 0;
      const to = div.contains(range.endContainer) && range.endContainer !== div ? range.endOffset : div.textContent.length;
      if (from >= to) return;
      if (start < 0) start = text.starts[number] + from;
      end = text.starts[number] + to;
    });
    if (start < 0 || end <= start) return null;
    const whole = range.toString().length > end - start + 200;
    return { page: page.number, start, end, quote: text.words(start, end) + (whole ? " …" : "") };
  }
}
