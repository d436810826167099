// What every page needs: asking the server, telling a screen reader, own keys.

const cookie = (name) =>
  document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

/** A request id that names one act of a person, so that a repeated post changes nothing. */
export function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Ask the API. Throws {status, problem} for an answer that is not 2xx, {status: 0} without network. */
export async function ask(path, { method = "GET", body, signal, keepalive = false } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      keepalive,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(method === "GET" ? {} : { "X-CSRFToken": cookie("csrftoken") }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Object.assign(new Error("no connection"), { status: 0 });
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw Object.assign(new Error("the answer cannot be read"), { status: answer.status || 0 });
  }
  if (!answer.ok) {
    throw Object.assign(new Error(value?.message ?? answer.statusText), { status: answer.status, problem: value });
  }
  return value;
}

/** Say something to a screen reader without moving the focus. */
export function say(text) {
  const place = document.getElementById("status");
  if (place) place.textContent = text;
}

/** Whether a key press belongs to a field, not to a shortcut. */
export function typing(event) {
  const target = event.target;
  return (
    event.ctrlKey || event.metaKey || event.altKey || event.isComposing ||
    (target instanceof HTMLElement &&
      (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)))
  );
}

// htmx posts carry the token; forms that need a confirmation name it in data-confirm.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = cookie("csrftoken");
});
document.addEventListener("submit", (event) => {
  const asked = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (asked && !window.confirm(asked)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
});

// What scrolls sideways is reached by the keyboard, also where nothing in it is.
function reachable() {
  for (const each of document.querySelectorAll(".scroll")) {
    if (each.scrollWidth > each.clientWidth && !each.querySelector("a, button, input, select"))
      each.tabIndex = 0;
    else each.removeAttribute("tabindex");
  }
}
reachable();
window.addEventListener("resize", reachable);
