// One conflict by keys: the same as on the card, j and k to the next and the one before.

import { typing } from "./common.js";

const DEFAULT_KEYS = { include: "i", exclude: "e", undo: "u", note: "n" };

function keys() {
  try {
    return { on: true, ...DEFAULT_KEYS, ...JSON.parse(localStorage.getItem("evisynth.keys") ?? "{}") };
  } catch {
    return { on: true, ...DEFAULT_KEYS };
  }
}

const mine = keys();
for (const shown of document.querySelectorAll("kbd[data-keyed]")) {
  if (shown.dataset.key) shown.textContent = mine[shown.dataset.key];
  shown.hidden = !mine.on;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event)) {
    event.target.blur();
    return;
  }
  const chooses = event.target instanceof HTMLInputElement && event.target.type === "radio";
  if (!mine.on || (typing(event) && !chooses)) return;
  const pressed = Object.keys(DEFAULT_KEYS).find((name) => mine[name] === event.key);
  const button =
    document.querySelector(`[data-number="${CSS.escape(event.key)}"]`) ??
    (pressed && document.querySelector(`[data-press="${pressed}"]`));
  const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  if (button) button.click();
  else if (pressed === "note") document.getElementById("note")?.focus();
  else if (link) link.click();
  else return;
  event.preventDefault();
});
