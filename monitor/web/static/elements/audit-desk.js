/** `/audit`: recordings in, progress, report. Which audit is open stands in the address (`?id=`). */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { dateTime, percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "audit-desk.css");
const POLL_MS = 1_000;
const SOUND = ".wav,.flac,.mp3,.m4a,.ogg,.opus,.aac,.wma,.amr,.webm,audio/*";

export class AuditDesk extends View {
  static sheets = [css];

  #id = new URLSearchParams(location.search).get("id") ?? "";
  #audit = null;
  #past = [];
  #timer = null;

  build() {
    this.input = h("input", { class: "unseen", type: "file", id: "files", multiple: true, accept: SOUND });
    this.drop = h(
      "label",
      { class: "drop", for: "files" },
      icon("upload"),
      h("b", { text: t("audit.drop") }),
      h("span", { text: t("audit.formats") }),
      this.input,
    );
    this.layout = h(
      "select",
      { class: "field" },
      h("option", { value: "agent,customer", text: t("audit.layout.agent") }),
      h("option", { value: "customer,agent", text: t("audit.layout.customer") }),
    );
    this.side = h(
      "select",
      { class: "field" },
      h("option", { value: "", text: t("audit.side.unknown") }),
      h("option", { value: "agent", text: t("side.agent") }),
      h("option", { value: "customer", text: t("side.customer") }),
    );
    this.bar = h("progress", { max: 1, "aria-label": t("audit.sending") });
    this.sending = h("div", { class: "sending", hidden: true }, h("span", { text: t("audit.sending") }), this.bar);
    this.trouble = troubleLine();
    this.list = h("nav", { class: "past", "aria-label": t("audit.past") });
    this.none = h("p", { text: t("audit.none") });
    this.view = document.createElement("cm-audit-view");
    this.shadowRoot.append(
      h(
        "div",
        { class: "left" },
        h(
          "form",
          {},
          h("h1", { text: t("audit.new") }),
          this.drop,
          h("label", { class: "row" }, h("span", { text: t("audit.layout") }), this.layout),
          h("label", { class: "row" }, h("span", { text: t("audit.side") }), this.side),
          this.sending,
          this.trouble,
        ),
        h("section", {}, h("h2", { text: t("audit.past") }), this.list),
      ),
      this.view,
    );
    this.input.addEventListener("change", () => this.#send([...this.input.files]));
    this.#droppable();
  }

  rebuilt() {
    this.update();
  }

  start() {
    addEventListener("popstate", () => this.#go(new URLSearchParams(location.search).get("id") ?? "", false), {
      signal: this.signal,
    });
    this.addEventListener("cm-audit-removed", () => this.#go(""), { signal: this.signal });
    this.update();
    this.#refresh();
    if (this.#id) this.#go(this.#id, false);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #droppable() {
    const over = (on) => setAttribute(this.drop, "data-over", on);
    this.drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      over(true);
    });
    this.drop.addEventListener("dragleave", () => over(false));
    this.drop.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.#send([...event.dataTransfer.files]);
    });
  }

  async #send(files) {
    if (!files.length) return;
    const form = new FormData();
    form.append("layout", this.layout.value);
    form.append("side", this.side.value);
    for (const file of files) form.append("files", file, file.name);
    this.trouble.hidden = true;
    this.sending.hidden = false;
    this.input.disabled = true;
    this.bar.value = 0;
    try {
      const { audit_id } = await this.api.upload("/v1/audits", form, (share) => (this.bar.value = share));
      await this.#refresh();
      await this.#go(audit_id);
    } catch (error) {
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
    } finally {
      this.sending.hidden = true;
      this.input.disabled = false;
      this.input.value = "";
    }
  }

  async #go(id, push = true) {
    this.#id = id;
    if (push) history.pushState(null, "", id ? `?id=${encodeURIComponent(id)}` : location.pathname);
    clearTimeout(this.#timer);
    this.#audit = null;
    if (!id) await this.#refresh();
    await this.#poll();
  }

  /** Asks again each second while the audit runs. */
  async #poll() {
    const id = this.#id;
    if (!id) return this.update();
    try {
      const audit = await this.api.get(`/v1/audits/${encodeURIComponent(id)}`);
      if (id !== this.#id) return undefined;
      const ended = this.#audit && this.#audit.status !== audit.status;
      this.#audit = audit;
      if (ended) await this.#refresh();
      if (audit.status === "queued" || audit.status === "running")
        this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    } catch (error) {
      if (error.status === 401) return this.tell("cm-session-over", {});
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
      if (!error.status) this.#timer = setTimeout(() => this.#poll(), 3 * POLL_MS);
    }
    return this.update();
  }

  async #refresh() {
    const found = await this.api.get("/v1/audits").catch(() => null);
    if (found) this.#past = found.audits;
    this.update();
  }

  update() {
    if (!this.view) return;
    this.none.remove();
    if (!this.#past.length) this.list.append(this.none);
    keyed(
      this.list,
      this.#past,
      ({ audit_id }) => audit_id,
      ({ audit_id }) => this.#link(audit_id),
      (node, audit) => {
        const fresh = audit.audit_id === this.#audit?.audit_id ? this.#audit : audit;
        setAttribute(node, "aria-current", audit.audit_id === this.#id ? "true" : null);
        setText(node.cmWhen, dateTime(audit.created_at));
        setText(node.cmFiles, t("audit.files", { n: audit.files.length }));
        setText(
          node.cmStatus,
          fresh.status === "running" ? percent(fresh.progress) : t(`audit.status.${fresh.status}`),
        );
      },
    );
    this.view.show({ audit: this.#audit, wanted: Boolean(this.#id), api: this.api });
  }

  #link(audit_id) {
    const when = h("span", { class: "number" });
    const status = h("span", { class: "meta number" });
    const files = h("span", { class: "meta number" });
    const link = h("a", { href: `?id=${encodeURIComponent(audit_id)}` }, when, status, files);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#go(audit_id);
    });
    return Object.assign(link, { cmWhen: when, cmStatus: status, cmFiles: files });
  }
}
