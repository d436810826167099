// Notes on a report: the list beside it, a form, and where each is anchored.

import { ask, requestId, say } from "./common.js";

const byId = (id) => document.getElementById(id);

export class Notes {
  /** @param view the pages  @param data of the page  @param changed called when marks changed */
  constructor(view, data, changed) {
    Object.assign(this, { view, data, changed });
    this.notes = data.notes;
    this.anchors = new Map();
    this.list = byId("notes");
    this.form = byId("note-form");
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.form?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
      if (event.key === "Escape") this.off();
    });
  }

  text(name, n) {
    return this.data.words[name].replace("{n}", n);
  }

  /** Find every note's place in the file that is open. */
  async place(sha256) {
    this.sha256 = sha256;
    this.anchors.clear();
    for (const note of this.notes) {
      const [file, letters] = note.place.split(" ");
      if (!note.quote || (file && !sha256.startsWith(file)) || note.page > this.view.pages.length || note.page < 1) continue;
      const text = await this.view.text(note.page);
      const found = text.anchor(note.quote.replace(/ …$/, ""), Number(letters?.split("-")[0] ?? 0));
      if (found) this.anchors.set(note, { page: note.page, ...found });
    }
    this.show();
    this.changed();
  }

  marks() {
    return [...this.anchors].map(([note, place]) => ({ ...place, kind: note.own ? "own" : "other", id: note.id || "other" }));
  }

  show() {
    if (!this.list) return;
    const lines = this.notes.map((note) => this.line(note));
    if (!lines.length) {
      const none = document.createElement("li");
      none.className = "soft small";
      none.textContent = this.data.words.no_notes;
      lines.push(none);
    }
    this.list.replaceChildren(...lines);
  }

  line(note) {
    const line = document.createElement("li");
    line.className = `note ${note.own ? "own" : "other"}`;
    const make = (tag, text, kind = "") => {
      const made = document.createElement(tag);
      made.textContent = text;
      if (kind) made.className = kind;
      return made;
    };
    const button = (text, act, kind = "plain small") => {
      const made = make("button", text, kind);
      made.type = "button";
      made.addEventListener("click", act);
      return made;
    };
    const head = make("p", "", "small soft");
    if (note.page) {
      const go = button(this.text("page", note.page), () => this.go(note), "plain small");
      go.setAttribute("aria-label", this.text("go", note.page));
      head.append(go);
    } else head.append(make("span", this.data.words.whole));
    head.append(make("span", note.own ? this.data.words.you : note.who));
    const [file] = note.place.split(" ");
    if (file && this.sha256 && !this.sha256.startsWith(file)) head.append(make("span", this.data.words.other_file));
    line.append(head);
    if (note.quote) line.append(make("blockquote", note.quote, "small"));
    if (note.text) line.append(make("p", note.text, "keep-lines"));
    if (note.own && this.form) {
      const acts = make("p", "", "row");
      acts.append(button(this.data.words.edit, () => this.edit(note)), button(this.data.words.remove, () => this.remove(note)));
      line.append(acts);
    }
    return line;
  }

  go(note) {
    const place = this.anchors.get(note);
    if (place) this.view.reveal(place);
    else this.view.go(note.page);
    this.view.box.focus({ preventScroll: true });
  }

  // Writing --------------------------------------------------------------------------------------

  /** Open the form for a place: {page, start, end, quote}, or a page alone. */
  open(place, note = null) {
    if (!this.form) return;
    this.draft = { place, note, id: requestId() };
    this.form.hidden = false;
    byId("note-at").textContent = this.text("page", place.page);
    byId("note-quote").textContent = place.quote ?? "";
    byId("note-quote").hidden = !place.quote;
    byId("note-text").value = note?.text ?? "";
    byId("note-text").focus();
  }

  edit(note) {
    this.open({ page: note.page, quote: note.quote }, note);
  }

  off() {
    this.form.hidden = true;
    this.view.box.focus({ preventScroll: true });
  }

  async save() {
    const { place, note, id } = this.draft;
    const text = byId("note-text").value.trim();
    const problem = byId("pdf-problem");
    try {
      let saved;
      if (note) {
        saved = await ask(`${this.data.api}/notes/change`, {
          method: "POST",
          body: { record: this.data.record, note: note.id, text, version: note.version, request_id: id },
        });
      } else {
        saved = await ask(`${this.data.api}/notes`, {
          method: "POST",
          body: {
            record: this.data.record, text, quote: place.quote ?? "", page: place.page, request_id: id,
            place: place.quote ? `${this.sha256.slice(0, 12)} ${place.start}-${place.end}` : "",
          },
        });
      }
      this.notes = this.notes.filter((each) => each !== note && each.id !== saved.id);
      this.notes.push(saved);
      this.sort();
      problem.hidden = true;
      say(this.data.words.saved);
      this.off();
    } catch (error) {
      const theirs = error.problem?.conflicts?.[0];
      problem.textContent = theirs ? this.data.words.changed : error.message;
      problem.hidden = false;
      if (theirs && note) {
        Object.assign(note, { text: theirs.theirs?.text ?? "", version: theirs.version });
        const mine = byId("note-text").value;
        byId("note-text").value = note.text === mine ? mine : `${note.text}\n${mine}`;
      }
    }
    await this.place(this.sha256);
  }

  sort() {
    this.notes.sort((one, two) => one.page - two.page || one.place.localeCompare(two.place, "en", { numeric: true }));
  }

  async remove(note) {
    try {
      await ask(`${this.data.api}/notes/remove`, { method: "POST", body: { record: this.data.record, note: note.id } });
      this.notes = this.notes.filter((each) => each !== note);
      say(this.data.words.removed);
    } catch (error) {
      byId("pdf-problem").textContent = error.message;
      byId("pdf-problem").hidden = false;
    }
    await this.place(this.sha256);
  }
}
