// Signalling questions: saving each answer, which questions apply, what the answers make.

import { ask, Saver } from "./saving.js";

const root = document.getElementById("assessment");
if (root) start(JSON.parse(document.getElementById("sheet").textContent));

function start(sheet) {
  const questions = [...root.querySelectorAll("[data-question]")];
  const domains = [...root.querySelectorAll("[data-domain]")];
  const answerOf = (box) => box.querySelector("input[type=radio]:checked")?.value ?? "";
  const part = (box, name) => box.querySelector(`[data-part="${name}"]`);
  const common = { study: sheet.study, outcome: sheet.outcome, instrument: sheet.instrument };

  const saver = sheet.saves
    ? new Saver(`${sheet.review}.${sheet.person}.assessment`, {
        path: `${sheet.api}/answers`,
        versions: sheet.versions,
        about: (body) =>
          body.study === sheet.study && body.outcome === sheet.outcome && body.instrument === sheet.instrument
            ? body.question ?? body.domain
            : null,
        words: (value) => [value.answer ?? value.judgement, value.reason ?? value.quote].filter(Boolean).join(": ") || "–",
        fill: (key, body) => fill(key, body),
      })
    : null;
  saver?.guard(document.getElementById("finish"));

  function fill(key, body) {
    const box = questions.find((each) => each.dataset.question === key);
    if (box) {
      for (const radio of box.querySelectorAll("input[type=radio]")) radio.checked = radio.value === (body.answer ?? "");
      for (const name of ["report", "page", "quote", "note"]) if (part(box, name)) part(box, name).value = body[name] ?? "";
    }
    const domain = domains.find((each) => each.dataset.domain === key);
    if (domain) {
      part(domain, "judgement").value = body.judgement ?? "";
      part(domain, "reason").value = body.reason ?? "";
    }
    propose();
  }

  let turn = 0; // an answer that comes late must not overwrite a newer one
  async function propose() {
    const mine = (turn += 1);
    const answers = Object.fromEntries(questions.map((box) => [box.dataset.question, answerOf(box)]).filter(([, text]) => text));
    const final = Object.fromEntries(domains.map((box) => [box.dataset.domain, part(box, "judgement").value]).filter(([, text]) => text));
    let found;
    try {
      found = await ask(`${sheet.api}/propose`, { method: "POST", body: { instrument: sheet.instrument, answers, final } });
    } catch {
      return; // no network: answers are kept, the proposal comes later
    }
    if (mine !== turn) return;
    for (const box of questions) {
      const asked = found.asked[box.dataset.question];
      box.classList.toggle("not-asked", !asked);
      box.querySelector("[data-part=not-asked]").hidden = asked;
    }
    for (const each of found.domains) {
      const box = domains.find((made) => made.dataset.domain === each.domain);
      const chip = part(box, "proposed");
      chip.textContent = sheet.words[each.proposed];
      chip.className = `chip rob-${each.proposed.replaceAll(" ", "-")}`;
      const final = part(box, "final");
      final.textContent = sheet.words[each.final];
      final.className = `chip rob-${each.final.replaceAll(" ", "-")}`;
      part(box, "missing").textContent = each.missing.length ? `${sheet.words.missing} ${each.missing.join(", ")}` : "";
    }
  }

  for (const box of questions) {
    box.addEventListener("change", () => {
      saver?.put(box.dataset.question, {
        ...common, question: box.dataset.question, answer: answerOf(box),
        ...Object.fromEntries(["report", "page", "quote", "note"].map((name) => [name, part(box, name)?.value.trim() ?? ""])),
        place: box.dataset.place ?? "",
      });
      propose();
    });
    box.addEventListener("keydown", (event) => {
      if (event.target.type !== "radio" || event.ctrlKey || event.metaKey || event.altKey) return;
      const all = [...box.querySelectorAll("input[type=radio]")];
      const number = "123456".indexOf(event.key);
      if (number >= 0 && all[number]) {
        all[number].checked = true;
        all[number].focus();
        all[number].dispatchEvent(new Event("change", { bubbles: true }));
        event.preventDefault();
      }
    });
  }
  // What is marked in the viewer beside the questions comes as the quote of the question in hand.
  const reader = document.getElementById("reader");
  let held = null;
  root.addEventListener("focusin", (event) => {
    held = event.target.closest("[data-question]") ?? held;
  });
  const back = () => (held?.querySelector("input:checked") ?? held?.querySelector("input"))?.focus();
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== reader?.contentWindow || !held) return;
    if (event.data?.kind === "evisynth-back") back();
    if (event.data?.kind !== "evisynth-quote" || held.disabled) return;
    const { quote, page, position, record } = event.data;
    const given = { quote: String(quote ?? ""), page: String(page ?? ""), report: String(record ?? "") };
    for (const [name, text] of Object.entries(given)) part(held, name).value = text;
    held.dataset.place = String(position ?? "");
    part(held, "quote").closest("details").open = true;
    part(held, "quote").dispatchEvent(new Event("change", { bubbles: true }));
    back();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.key !== "r" || !reader) return;
    reader.contentWindow.document.getElementById("pdf-box")?.focus();
    event.preventDefault();
  });
  document.getElementById("reader-report")?.addEventListener("change", (event) => {
    reader.src = event.target.value;
  });
  for (const box of domains) {
    box.querySelector("[data-part=override]")?.addEventListener("change", () => {
      const judgement = part(box, "judgement").value;
      const reason = part(box, "reason").value.trim();
      if (saver && (!judgement || reason)) {
        saver.put(box.dataset.domain, { ...common, domain: box.dataset.domain, judgement, reason: judgement ? reason : "" }, `${sheet.api}/judgements`);
      }
      part(box, "why").hidden = !judgement || Boolean(reason);
      propose();
    });
  }
  propose();
}
