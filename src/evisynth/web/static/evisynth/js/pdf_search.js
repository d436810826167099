// Search in a report: every page is read once, hits are shown in their order.

export class PdfSearch {
  constructor(view, told) {
    Object.assign(this, { view, told, words: "", hits: [], at: -1, turn: 0 });
  }

  clear() {
    this.turn += 1;
    Object.assign(this, { words: "", hits: [], at: -1 });
    this.told("", this);
  }

  get hit() {
    return this.hits[this.at] ?? null;
  }

  /** Search anew, from the page in sight on. */
  async search(words) {
    const turn = (this.turn += 1);
    const from = this.view.current;
    Object.assign(this, { words, hits: [], at: -1 });
    if (!words.trim()) return this.clear();
    this.told("searching", this);
    for (let number = 1; number <= this.view.pages.length; number += 1) {
      const text = await this.view.text(number);
      if (turn !== this.turn) return undefined;
      for (const place of text.find(words)) this.hits.push({ page: number, ...place });
    }
    this.at = Math.max(0, this.hits.findIndex((hit) => hit.page >= from));
    return this.show();
  }

  step(by) {
    if (!this.hits.length) return undefined;
    this.at = (this.at + by + this.hits.length) % this.hits.length;
    return this.show();
  }

  async show() {
    this.told(this.hits.length ? "found" : "none", this);
    if (this.hit) await this.view.reveal(this.hit);
  }
}
