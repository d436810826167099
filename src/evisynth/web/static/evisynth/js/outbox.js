// Acts that wait to be sent. They survive a closed window and a lost network; each has a request
// id, so that sending one twice changes nothing.

import { ask } from "./common.js";

const WAIT = [500, 1000, 2000, 5000, 10000, 30000];
const HOLD = 6000; // the newest act stays here so long, so that undoing a slip leaves no trace

export class Outbox {
  /**
   * @param {string} name of the store; one a review and person, so that two people on one
   *   machine do not send each other's acts
   * @param {{changed: (waiting: number, offline: boolean) => void,
   *   sent: (act: object, answer: object) => void, refused: (act: object, error: Error) => void}} told
   */
  constructor(name, told) {
    this.prefix = `evisynth.outbox.${name}.`;
    this.told = told;
    this.failed = 0;
    this.sending = false;
    this.timer = 0;
    this.held = "";
    window.addEventListener("online", () => this.send());
    window.addEventListener("pagehide", () => this.release(true));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.send();
      else this.release(true);
    });
  }

  // One entry an act, so that two windows of the same person do not overwrite each other's.
  waiting() {
    const found = [];
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      if (key.startsWith(this.prefix)) found.push([key, JSON.parse(localStorage.getItem(key))]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  put(act, { hold = false } = {}) {
    const order = String(Date.now()).padStart(15, "0") + String((this.count = (this.count ?? 0) + 1)).padStart(6, "0");
    const key = `${this.prefix}${order}.${act.body.request_id}`;
    localStorage.setItem(key, JSON.stringify(act));
    clearTimeout(this.holding);
    this.held = hold ? key : "";
    if (hold) this.holding = setTimeout(() => this.release(), HOLD);
    this.send();
  }

  /** Take the newest act back if it is still here; false if it is on its way. */
  takeBack(record) {
    const act = this.held && localStorage.getItem(this.held);
    if (!act || JSON.parse(act).body.record !== record) return false;
    clearTimeout(this.holding);
    localStorage.removeItem(this.held);
    this.held = "";
    return true;
  }

  /** Let the newest act go too; when the page goes away it is sent without waiting for the answer. */
  release(leaving = false) {
    clearTimeout(this.holding);
    const key = this.held;
    this.held = "";
    if (key && leaving && navigator.onLine) {
      const act = JSON.parse(localStorage.getItem(key) ?? "null");
      // It stays in the store until the answer is known; sending it again changes nothing.
      if (act) ask(act.path, { method: act.method, body: act.body, keepalive: true }).then(
        () => localStorage.removeItem(key), () => {});
    } else {
      this.send();
    }
  }

  /** Send all, oldest first; after a failure wait longer each time. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      let acts;
      while ((acts = this.waiting().filter(([key]) => key !== this.held)).length) {
        const [key, act] = acts[0];
        try {
          const answer = await ask(act.path, { method: act.method, body: act.body });
          localStorage.removeItem(key);
          this.failed = 0;
          this.told.sent(act, answer);
        } catch (error) {
          if (error.status >= 400 && error.status < 500 && ![401, 403, 408, 429].includes(error.status)) {
            localStorage.removeItem(key);
            this.told.refused(act, error);
          } else {
            this.told.changed(acts.length, true);
            this.timer = setTimeout(() => this.send(), WAIT[Math.min(this.failed, WAIT.length - 1)]);
            this.failed += 1;
            return;
          }
        }
        this.told.changed(acts.length - 1, false);
      }
      this.told.changed(0, false);
    } finally {
      this.sending = false;
    }
  }
}
