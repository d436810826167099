// One key presses a button or follows a link that names it in data-press-key; off in the settings.

import { typing } from "./common.js";

let on = true;
try {
  on = JSON.parse(localStorage.getItem("evisynth.keys") ?? "{}").on ?? true;
} catch {
  on = true;
}

for (const pressed of document.querySelectorAll("[data-press-key]")) {
  if (on) pressed.setAttribute("aria-keyshortcuts", pressed.dataset.pressKey);
  const shown = pressed.querySelector("kbd");
  if (shown) shown.hidden = !on;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event)) {
    event.target.blur();
    return;
  }
  if (!on || typing(event) || event.repeat) return;
  const wanted = document.querySelector(`[data-press-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  wanted.click();
});
