// Saving field by field: versions, what waits for the network, and two values for one field.

import { ask, requestId, say } from "./common.js";
import { Outbox } from "./outbox.js";

export { ask };

/**
 * @param {object} told
 *   path of the API, about(body): the key of a field, fill(key, body): put a value into the page,
 *   words(value): a value in words; versions: version by key
 */
export class Saver {
  constructor(name, { path, about, fill, words, versions }) {
    Object.assign(this, { path, about, fill, words, versions });
    this.place = document.getElementById("saving");
    this.dialog = document.getElementById("merge");
    this.outbox = new Outbox(name, {
      changed: (waiting, offline) => this.tell(waiting, offline),
      sent: (act, answer) => this.sent(act, answer),
      refused: (act, error) => this.refused(act, error),
    });
    for (const [, act] of this.outbox.waiting()) {
      const key = this.about(act.body, act.path);
      if (key === null) continue;
      this.versions[key] = Math.max(this.versions[key] ?? 0, act.body.version + 1);
      this.fill(key, act.body);
    }
    this.outbox.send();
  }

  put(key, body, path = this.path) {
    const version = this.versions[key] ?? 0;
    this.versions[key] = version + 1;
    this.outbox.put({ path, method: "POST", body: { ...body, version, request_id: requestId() } });
    this.tell(1, false);
  }

  waits(key) {
    return this.outbox.waiting().some(([, act]) => this.about(act.body, act.path) === key);
  }

  sent(act, answer) {
    const key = this.about(act.body, act.path);
    if (key !== null && !this.waits(key)) this.versions[key] = answer.version;
  }

  tell(waiting, offline) {
    if (!this.place) return;
    const words = this.place.dataset;
    this.place.textContent = offline ? words.offline : waiting ? words.waiting : words.saved;
    this.place.classList.toggle("waiting", offline);
  }

  refused(act, error) {
    const key = this.about(act.body, act.path);
    const found = error.problem?.conflicts?.[0];
    if (found && key !== null) {
      this.merge(key, act, found);
      return;
    }
    if (key !== null) this.versions[key] = act.body.version;
    const problem = document.getElementById("problem");
    problem.textContent = error.message;
    problem.hidden = false;
    say(error.message);
  }

  merge(key, act, found) {
    for (const part of ["base", "mine", "theirs"]) {
      this.dialog.querySelector(`[data-part="${part}"]`).textContent = this.words(found[part] ?? {});
    }
    this.versions[key] = found.version;
    this.dialog.onclose = () => {
      if (this.dialog.returnValue === "mine") this.put(key, act.body, act.path);
      else this.fill(key, found.theirs ?? {}, true);
    };
    this.dialog.returnValue = "";
    this.dialog.showModal();
  }

  /** Wait until everything is sent; false if the network is not there. */
  async done() {
    for (let turn = 0; turn < 50 && this.outbox.waiting().length; turn += 1) {
      await new Promise((go) => setTimeout(go, 100));
    }
    return this.outbox.waiting().length === 0;
  }

  /** Let a form go only when everything is sent. */
  guard(form) {
    form?.addEventListener("submit", async (event) => {
      if (!this.outbox.waiting().length) return;
      event.preventDefault();
      if (await this.done()) form.requestSubmit(event.submitter);
    });
  }
}
