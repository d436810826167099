// The screening card: the next records are here before they are asked for, a decision shows the
// next card at once and is sent behind it.

import { ask, requestId, say, typing } from "./common.js";
import { fill } from "./highlight.js";
import { Outbox } from "./outbox.js";

const AHEAD = 20;
const desk = document.getElementById("desk");
const words = JSON.parse(document.getElementById("words").textContent);
const text = (key, values = {}) =>
  Object.entries(values).reduce((line, [name, value]) => line.replace(`{${name}}`, value), words[key]);
const byId = (id) => document.getElementById(id);
const api = desk.dataset.api;
const keysName = "evisynth.keys";
const DEFAULT_KEYS = { include: "i", exclude: "e", maybe: "m", undo: "u", note: "n", tag: "t", help: "?", skip: "s" };

let queue = []; // records that wait, the first is on the card
const done = []; // records decided here, newest last, for undo
let counts = { decided: 0, all: 0 };
let fetching = null;
let keptMinutes = 0; // above 0 where a record is kept for one person so long
let exhausted = false;
let marks = { include: [], exclude: [] };
let own = { include: [], exclude: [] };

// Keys ------------------------------------------------------------------------------------------

function keys() {
  try {
    return { on: true, ...DEFAULT_KEYS, ...JSON.parse(localStorage.getItem(keysName) ?? "{}") };
  } catch {
    return { on: true, ...DEFAULT_KEYS };
  }
}

function showKeys() {
  const mine = keys();
  for (const shown of document.querySelectorAll("kbd[data-key]")) {
    shown.textContent = mine[shown.dataset.key];
    shown.hidden = !mine.on;
  }
}

// Cards -----------------------------------------------------------------------------------------

function show() {
  const record = queue[0];
  byId("card").hidden = !record;
  byId("decide").hidden = !record;
  byId("nothing").hidden = Boolean(record) || Boolean(fetching) || !exhausted;
  byId("loading").hidden = Boolean(record) || (exhausted && !fetching);
  byId("undo").disabled = !done.length;
  showProgress();
  if (!record) return;
  const all = { include: [...marks.include, ...own.include], exclude: [...marks.exclude, ...own.exclude] };
  fill(byId("title"), record.title || text("no_title"), all);
  fill(byId("abstract"), record.abstract || "", all);
  byId("no-abstract").hidden = Boolean(record.abstract);
  byId("where").textContent = [record.authors, record.journal, record.year].filter(Boolean).join(" · ");
  const keywords = record.keywords?.join("; ") ?? "";
  fill(byId("keywords"), keywords, all);
  byId("keywords").hidden = !keywords;
  const links = byId("links");
  links.replaceChildren();
  for (const [label, url] of record.links ?? []) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, textContent: label, target: "_blank", rel: "noopener noreferrer" });
    links.append(link, " ");
  }
  const ident = document.createElement("span");
  ident.className = "id soft";
  ident.textContent = record.id;
  links.append(ident);
  byId("note").value = record.mine?.note ?? "";
  byId("tags").value = (record.mine?.tags ?? []).join(", ");
  byId("note-box").hidden = !byId("note").value && !byId("tags").value;
  for (const button of desk.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(record.mine?.verdict === button.dataset.verdict &&
      (button.dataset.reason ?? "") === (record.mine?.reason ?? "")));
  }
  byId("card").classList.remove("leaving");
  window.scrollTo({ top: 0 });
}

function showProgress() {
  byId("progress").max = Math.max(counts.all, 1);
  byId("progress").value = counts.decided;
  byId("counts").textContent = text("counts", { decided: counts.decided, all: counts.all });
}

async function fetchMore() {
  if (fetching || exhausted || queue.length > AHEAD / 2) return;
  const known = queue.map((record) => record.id);
  fetching = ask(`${api}/queue?limit=${AHEAD}&known=${encodeURIComponent(known.join("\u001f"))}`);
  try {
    const answer = await fetching;
    fetching = null;
    const waiting = new Set(outbox.waiting().map(([, act]) => act.body.record));
    const here = new Set([...queue.map((record) => record.id), ...waiting]);
    const fresh = answer.records.filter((record) => !here.has(record.id));
    const first = !queue.length;
    queue.push(...fresh);
    exhausted = answer.records.length < AHEAD && !fresh.length;
    counts = { decided: answer.decided + waiting.size, all: answer.all };
    keptMinutes = answer.kept_minutes;
    byId("offline").hidden = true;
    if (first) show(); else showProgress();
  } catch (error) {
    fetching = null;
    if (error.status === 401 || error.status === 403) {
      byId("problem").textContent = error.message;
      byId("problem").hidden = false;
    } else {
      byId("offline").hidden = false;
      setTimeout(fetchMore, 3000);
    }
    show();
  }
}

// Decisions -------------------------------------------------------------------------------------

const outbox = new Outbox(`${document.body.dataset.review}.${document.body.dataset.person}.${desk.dataset.stage}`, {
  changed(waiting, offline) {
    byId("waiting").hidden = !waiting;
    byId("waiting").textContent = text("waiting", { n: waiting });
    byId("offline").hidden = !offline;
  },
  sent(act, answer) {
    if (answer?.all !== undefined) counts = { decided: answer.decided + outbox.waiting().length, all: answer.all };
    const kept = done.find((record) => record.id === act.body.record);
    if (kept && answer?.version !== undefined) kept.version = answer.version;
    showProgress();
  },
  refused(act, error) {
    byId("problem").textContent = text("refused", { record: act.body.record, why: error.message });
    byId("problem").hidden = false;
    say(byId("problem").textContent);
  },
});

function decide(verdict, reason = "") {
  const record = queue[0];
  if (!record) return;
  if (verdict === "exclude" && !reason && desk.dataset.reason === "required") {
    say(text("give_reason"));
    byId("reasons").querySelector("button")?.focus();
    return;
  }
  queue.shift();
  const again = Boolean(record.mine?.verdict);
  record.before = again ? record.mine : null;
  record.mine = {
    verdict, reason, note: byId("note").value.trim(),
    tags: byId("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean),
  };
  done.push(record);
  if (!again) counts.decided += 1;
  outbox.put({
    path: `${api}/decisions`, method: "POST",
    body: { record: record.id, ...record.mine, request_id: requestId() },
  }, { hold: true });
  show();
  const next = queue[0]?.title ?? "";
  say(text("saved", { verdict: words[`did_${verdict}`], next }));
  fetchMore();
}

function undo() {
  const record = done.pop();
  if (!record) return;
  const { before } = record;
  if (!outbox.takeBack(record.id)) {
    outbox.put({
      path: before ? `${api}/decisions` : `${api}/decisions/withdraw`, method: "POST",
      body: { record: record.id, ...(before ?? {}), request_id: requestId() },
    });
  }
  record.mine = before ?? { ...record.mine, verdict: "", reason: "" };
  if (!before) counts.decided -= 1;
  queue.unshift(record);
  show();
  say(text("undone", { title: record.title }));
}

function openNote(field) {
  byId("note-box").hidden = false;
  byId(field).focus();
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.verdict) decide(button.dataset.verdict, button.dataset.reason ?? "");
  else if (button.id === "undo") undo();
  else if (button.id === "open-note") openNote("note");
  else if (button.id === "skip") skip();
});

function skip() {
  if (queue.length < 2) return;
  queue.push(queue.shift());
  show();
  say(queue[0].title);
}

document.addEventListener("keydown", (event) => {
  const mine = keys();
  if (event.key === "Escape" && typing(event)) {
    event.target.blur();
    byId("card").focus();
    return;
  }
  if (!mine.on || typing(event) || document.querySelector("dialog[open]")) return;
  const reason = desk.querySelector(`[data-number="${event.key}"]`);
  if (reason) decide("exclude", reason.dataset.reason);
  else if (event.key === mine.include) decide("include");
  else if (event.key === mine.exclude) decide("exclude");
  else if (event.key === mine.maybe && byId("maybe")) decide("maybe");
  else if (event.key === mine.undo) undo();
  else if (event.key === mine.note) openNote("note");
  else if (event.key === mine.tag) openNote("tags");
  else if (event.key === mine.skip) skip();
  else if (event.key === mine.help) byId("help").showModal();
  else return;
  event.preventDefault();
});

// Own words ------------------------------------------------------------------------------------

const list = (value) => value.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean);

byId("own-words").addEventListener("submit", (event) => {
  event.preventDefault();
  own = { include: list(byId("own-include").value), exclude: list(byId("own-exclude").value) };
  ask(`${api}/words`, { method: "POST", body: { ...own, request_id: requestId() } })
    .then(() => say(text("words_saved")))
    .catch((error) => { byId("problem").textContent = error.message; byId("problem").hidden = false; });
  show();
});

async function start() {
  showKeys();
  show();
  outbox.send();
  try {
    const given = await ask(`${api}/words`);
    marks = given.review;
    own = given.own;
    byId("own-include").value = own.include.join(", ");
    byId("own-exclude").value = own.exclude.join(", ");
  } catch (error) {
    byId("offline").hidden = error.status !== 0;
  }
  await fetchWanted();
  await fetchMore();
  show();
}

/** The record that the address names, as from the list of one's own decisions. */
async function fetchWanted() {
  const wanted = new URLSearchParams(location.search).get("record");
  if (!wanted) return;
  history.replaceState(null, "", location.pathname);
  try {
    queue.unshift(await ask(`${api}/card?record=${encodeURIComponent(wanted)}`));
    show();
  } catch (error) {
    byId("problem").textContent = error.message;
    byId("problem").hidden = false;
  }
}

// Records on the screen stay this person's while the page is looked at.
setInterval(() => {
  if (!keptMinutes || !queue.length || document.visibilityState !== "visible") return;
  ask(`${api}/hold`, { method: "POST", body: { records: queue.map((record) => record.id) } })
    .then((answer) => {
      const kept = new Set(answer.records);
      queue = queue.filter((record, place) => place === 0 || kept.has(record.id));
    })
    .catch(() => {});
}, 4 * 60 * 1000);

start();
