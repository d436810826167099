// Consensus by keys: 1, 2 ... take that person's value, e types a third, j and k go on and back.

import { typing } from "./common.js";

const lines = () => [...document.querySelectorAll("[data-line]")];
const here = () => document.activeElement?.closest("[data-line]") ?? document.querySelector("[data-line][data-next]");

document.querySelector("[data-line][data-next]")?.focus();
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event)) {
    event.target.closest("[data-line]")?.focus();
    return;
  }
  if (typing(event)) return;
  const line = here();
  if (!line) return;
  const take = line.querySelector(`[data-take="${CSS.escape(event.key)}"]`);
  const step = { j: 1, k: -1 }[event.key];
  if (take) take.click();
  else if (event.key === "e") line.querySelector("[data-third]")?.focus();
  else if (step) lines()[lines().indexOf(line) + step]?.focus();
  else return;
  event.preventDefault();
});
