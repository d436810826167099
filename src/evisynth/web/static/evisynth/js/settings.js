// Keys of the screening card, kept in this browser.

import { say } from "./common.js";

const DEFAULT_KEYS = { include: "i", exclude: "e", maybe: "m", undo: "u", note: "n", tag: "t", help: "?", skip: "s" };
const name = "evisynth.keys";
const form = document.getElementById("keys");
const fields = [...form.querySelectorAll("[data-key]")];

function show() {
  const kept = { on: true, ...DEFAULT_KEYS, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
  document.getElementById("keys-on").checked = kept.on;
  for (const field of fields) field.value = kept[field.dataset.key];
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const keys = Object.fromEntries(fields.map((field) => [field.dataset.key, field.value]));
  const given = Object.values(keys);
  const bad = given.some((key) => !key || /\d/.test(key)) || new Set([...given, "?"]).size <= given.length;
  document.getElementById("keys-problem").hidden = !bad;
  if (bad) return;
  localStorage.setItem(name, JSON.stringify({ on: document.getElementById("keys-on").checked, ...keys }));
  say(form.querySelector("h2").textContent);
});
document.getElementById("keys-reset").addEventListener("click", () => {
  localStorage.removeItem(name);
  show();
});
show();
