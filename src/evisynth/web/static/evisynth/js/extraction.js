// The form beside the report: saving, checks while typing, conversions, where a value came from.

import { ask, Saver } from "./saving.js";

const root = document.getElementById("extraction");
if (root) start(JSON.parse(document.getElementById("sheet").textContent));

function start(sheet) {
  const inputs = new Map([...root.querySelectorAll("[data-cell]")].map((each) => [each.dataset.cell, each]));
  const units = new Map([...root.querySelectorAll("[data-unit-of]")].map((each) => [each.dataset.unitOf, each]));
  const entries = sheet.entries;
  const source = document.getElementById("source");
  const parts = ["report", "page", "quote", "note"];
  const place = (name) => document.getElementById(`source-${name}`);
  let current = "";
  let timer = 0;

  const read = (input) =>
    input.dataset.kind === "several"
      ? [...input.querySelectorAll("input:checked")].map((box) => box.value).join(";")
      : input.value;
  const write = (input, text) => {
    if (input.dataset.kind === "several") {
      const chosen = (text ?? "").split(";");
      for (const box of input.querySelectorAll("input")) box.checked = chosen.includes(box.value);
    } else input.value = text ?? "";
  };
  const entry = (cell) => (entries[cell] ??= {});

  const saver = new Saver(`${sheet.review}.${sheet.person}.extraction`, {
    path: `${sheet.api}/values`,
    versions: sheet.versions,
    about: (body, path) =>
      path === `${sheet.api}/values` && body.study === sheet.study && body.row === sheet.row ? body.cell : null,
    words: (value) => [value.value, value.unit].filter(Boolean).join(" ") || "–",
    fill: (cell, body, theirs = false) => {
      const value = theirs ? body : body.entry;
      entries[cell] = { ...value };
      const input = inputs.get(cell);
      if (input) write(input, value.value);
      if (units.has(cell)) units.get(cell).value = value.unit ?? "";
      mark(cell);
    },
  });
  saver.guard(document.getElementById("finish"));

  function mark(cell) {
    const input = inputs.get(cell);
    const made = entries[cell] ?? {};
    const shown = root.querySelector(`[data-mark="${CSS.escape(cell)}"]`);
    if (shown) shown.hidden = !(made.quote || made.page || made.note || made.how);
    input?.classList.toggle("computed", Boolean(made.how));
  }

  function save(cell) {
    const made = entry(cell);
    const text = read(inputs.get(cell)).trim();
    const unit = units.get(cell)?.value ?? "";
    if ((made.value ?? "") !== text) made.how = made.taken === text ? made.how : "";
    made.value = text;
    made.unit = text ? unit : "";
    if (text && !made.report) made.report = sheet.report;
    const body = Object.fromEntries(["value", "unit", "report", "page", "quote", "place", "note", "how"].map((name) => [name, made[name] ?? ""]));
    if (!text && !body.note && !body.quote && !body.page) for (const name in body) body[name] = "";
    if (JSON.stringify(body) === made.saved) return;
    made.saved = JSON.stringify(body);
    saver.put(cell, { study: sheet.study, row: sheet.row, cell, entry: body });
    mark(cell);
  }
  for (const [cell, made] of Object.entries(entries)) {
    made.saved = JSON.stringify(Object.fromEntries(["value", "unit", "report", "page", "quote", "place", "note", "how"].map((name) => [name, made[name] ?? ""])));
    mark(cell);
  }

  let turn = 0; // an answer that comes late must not overwrite a newer one
  async function check() {
    if (!document.getElementById("findings")) return; // no row is chosen yet
    const mine = (turn += 1);
    const values = Object.fromEntries([...inputs].map(([cell, input]) => [cell, read(input)]));
    let found;
    try {
      found = await ask(`${sheet.api}/check`, { method: "POST", body: { study: sheet.study, row: sheet.row, values } });
    } catch {
      return; // no network: the checks come back with it
    }
    if (mine !== turn) return;
    const list = document.getElementById("findings");
    for (const input of inputs.values()) {
      input.removeAttribute("aria-invalid");
      input.classList.remove("doubt");
    }
    list.replaceChildren(
      ...found.findings.map((each) => {
        const line = document.createElement("li");
        line.className = each.level;
        const link = document.createElement("button");
        link.type = "button";
        link.className = "plain";
        link.textContent = `${label(each.cells[0])}: ${each.message}`;
        link.addEventListener("click", () => focusOn(each.cells[0]));
        line.append(link);
        const input = inputs.get(each.cells[0]);
        if (each.level === "error") input?.setAttribute("aria-invalid", "true");
        else input?.classList.add("doubt");
        return line;
      }),
    );
    const offers = document.getElementById("offers");
    offers.replaceChildren(
      ...(sheet.may_edit ? found.offers : []).map((each) => {
        const line = document.createElement("li");
        const take = document.createElement("button");
        take.type = "button";
        take.textContent = Object.entries(each.values).map(([cell, text]) => `${label(cell)} = ${text}`).join(", ");
        const words = document.createElement("span");
        words.className = "small soft";
        words.textContent = `${each.title}. ${each.formula} (${each.source})${each.note ? `. ${each.note}` : ""}`;
        take.addEventListener("click", () => {
          for (const [cell, text] of Object.entries(each.values)) {
            write(inputs.get(cell), text);
            Object.assign(entry(cell), { how: each.how, taken: text });
            save(cell);
          }
          focusOn(Object.keys(each.values)[0]);
          check();
        });
        line.append(take, " ", words);
        return line;
      }),
    );
    document.getElementById("no-findings").hidden = found.findings.length > 0;
    document.getElementById("offers-box").hidden = offers.children.length === 0;
  }

  const label = (cell) => inputs.get(cell)?.dataset.label ?? cell;
  function focusOn(cell) {
    const input = inputs.get(cell);
    (input?.matches("fieldset") ? input.querySelector("input") : input)?.focus();
  }

  function look(cell) {
    current = cell;
    const made = entries[cell] ?? {};
    source.hidden = false;
    document.getElementById("source-of").textContent = label(cell);
    for (const name of parts) place(name).value = made[name] ?? (name === "report" ? sheet.report : "");
    const how = document.getElementById("source-how");
    how.hidden = !made.how;
    if (made.how) {
      const told = JSON.parse(made.how);
      how.textContent = `${told.formula} (${told.source}): ${Object.entries(told.inputs).map(([name, number]) => `${name} = ${number}`).join(", ")}`;
    }
  }

  for (const [cell, input] of inputs) {
    input.addEventListener("focusin", () => {
      look(cell);
      showPlace();
    });
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(check, 350);
    });
    input.addEventListener("change", () => {
      save(cell);
      look(cell);
    });
  }
  for (const [cell, select] of units) select.addEventListener("change", () => save(cell));
  for (const name of parts) {
    place(name).addEventListener("change", () => {
      if (!current) return;
      entry(current)[name] = place(name).value.trim();
      save(current);
    });
  }
  // What is marked in the viewer beside the form comes as the quote of the field in hand.
  const reader = document.getElementById("reader");
  const reports = document.getElementById("reader-report");
  /** Let the viewer show where the value in hand came from. */
  function showPlace() {
    const made = entries[current] ?? {};
    if (!reader || !(made.quote || made.page)) return;
    const option = [...(reports?.options ?? [])].find((each) => each.dataset.record === made.report);
    if (reports && (!option || reports.value !== option.value)) return;
    reader.contentWindow?.postMessage({ kind: "evisynth-show", quote: made.quote, page: made.page, position: made.place }, location.origin);
  }
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== reader?.contentWindow || !current) return;
    if (event.data?.kind === "evisynth-back") focusOn(current);
    if (event.data?.kind !== "evisynth-quote" || !sheet.may_edit) return;
    const { quote, page, position, record } = event.data;
    Object.assign(entry(current), { quote: String(quote ?? ""), page: String(page ?? ""), place: String(position ?? ""), report: String(record ?? sheet.report) });
    save(current);
    look(current);
    focusOn(current);
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.key === "r" && reader) {
      reader.contentWindow.document.getElementById("pdf-box")?.focus();
      event.preventDefault();
    } else if (event.altKey && event.key === "q" && current) {
      place("quote").focus();
      event.preventDefault();
    } else if (event.key === "Escape" && source.contains(document.activeElement)) {
      focusOn(current);
      event.preventDefault();
    }
  });
  reports?.addEventListener("change", () => {
    reader.src = reports.value;
  });
  check();
}
