/** The opened call of the wall: its captions as they come, its line with the warnings, a box to write to the agent. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { Feed } from "../core/feed.js";
import { clock } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { failed } from "../core/page.js";
import { HEARTBEAT_S } from "../core/socket.js";
import { Store } from "../core/store.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { newCall, step } from "../state/call.js";

const css = await sheet(import.meta.url, "call-drawer.css");
const NOTE_CHARS = 500;
const TICK_MS = 1_000;

export class CallDrawer extends View {
  static sheets = [css];

  #feed = null;
  #store = null;
  #call_id = "";

  build() {
    this.who = h("h2", { tabindex: -1 });
    this.name = h("span", { class: "id number" });
    this.more = h("a", { class: "button quiet", text: t("drawer.more") });
    this.close = h(
      "button",
      {
        class: "button quiet",
        type: "button",
        "aria-label": t("drawer.close"),
        title: t("drawer.close"),
        on: { click: () => this.tell("cm-close-call", {}) },
      },
      icon("cross"),
    );
    this.head = document.createElement("cm-call-head");
    this.line = document.createElement("cm-time-line");
    this.captions = document.createElement("cm-caption-list");
    this.warnings = h("ul", { class: "warnings", tabindex: 0, "aria-label": t("shelf.warnings") });
    this.text = h("textarea", {
      class: "field",
      id: "note",
      rows: 1,
      maxlength: NOTE_CHARS,
      placeholder: t("drawer.noteHint"),
    });
    this.send = h("button", { class: "button main", type: "submit", text: t("drawer.send") });
    this.said = h("p", { class: "said", role: "status" });
    this.form = h(
      "form",
      {},
      h("label", { for: "note", text: t("drawer.note") }),
      h("div", { class: "row" }, this.text, this.send),
      this.said,
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#write();
    });
    this.shadowRoot.append(
      h("header", {}, this.who, this.name, h("span", { class: "acts" }, this.more, this.close)),
      this.head,
      this.line,
      this.captions,
      this.warnings,
      this.form,
    );
  }

  start() {
    const ticker = setInterval(() => this.#store?.wake(), TICK_MS);
    this.signal.addEventListener("abort", () => clearInterval(ticker));
    this.addEventListener(
      "keydown",
      (event) => event.key === "Escape" && !event.defaultPrevented && this.tell("cm-close-call", {}),
      { signal: this.signal },
    );
  }

  stop() {
    this.#feed?.stop();
    this.#feed = null;
    this.#call_id = "";
  }

  /** @param {{call_id: string, agent_id: string, api: object}} data */
  update({ call_id, agent_id, api }) {
    setText(this.who, agent_id || call_id);
    setText(this.name, agent_id ? call_id : "");
    setAttribute(this.more, "href", `/calls/${encodeURIComponent(call_id)}`);
    if (call_id === this.#call_id) return this.#store && this.#draw();
    this.#call_id = call_id;
    this.#feed?.stop();
    this.text.value = "";
    setText(this.said, "");
    const store = new Store(newCall(call_id), step);
    this.#store = store;
    store.read(() => this.#store === store && this.#draw(), this.signal);
    const path = `/v1/calls/${encodeURIComponent(call_id)}/events`;
    this.#feed = new Feed({
      url: (cursor) => api.socketUrl(path, { after: cursor ?? 0, heartbeat: HEARTBEAT_S }),
      cursorOf: ({ seq }) => seq,
      past: async () => ({ events: [] }),
      take: (event) => store.take(event),
      onStatus: () => store.wake(),
    });
    this.#feed.start();
    return undefined;
  }

  #draw() {
    const call = this.#store.state;
    this.head.show({ call, now_ms: Date.now() });
    this.line.show({ call });
    this.captions.show({ captions: call.captions, warnings: call.warnings, gaps: call.gaps });
    this.warnings.hidden = !call.warnings.length;
    keyed(this.warnings, call.warnings.toReversed(), ({ warning_id }) => warning_id, makeWarning, writeWarning);
    const over = call.phase === "ended";
    this.text.disabled = this.send.disabled = over;
    if (over) setText(this.said, t("drawer.over"));
  }

  async #write() {
    const text = this.text.value.trim();
    if (!text || this.send.disabled) return;
    this.send.disabled = true;
    setAttribute(this.said, "data-wrong", false);
    try {
      await this.shown.api.post(`/v1/calls/${encodeURIComponent(this.#call_id)}/notes`, { text });
      this.text.value = "";
      setText(this.said, t("drawer.sent", { text }));
    } catch (error) {
      setAttribute(this.said, "data-wrong", true);
      setText(this.said, failed(error));
    } finally {
      this.send.disabled = false;
    }
  }

  focus() {
    this.who.focus();
  }
}

function makeWarning(warning) {
  const quote = h("span", { class: "quote" });
  const title = h("span");
  return Object.assign(
    h(
      "li",
      {},
      icon(warning.severity, t(`severity.${warning.severity}`)),
      title,
      quote,
      h("span", { class: "at number", text: clock(warning.from_ms) }),
    ),
    { cmTitle: title, cmQuote: quote },
  );
}

function writeWarning(node, warning) {
  setAttribute(node, "data-severity", warning.severity);
  setText(
    node.cmTitle,
    warning.status === "provisional" ? `${t("card.provisional")} · ${warning.title}` : warning.title,
  );
  setText(node.cmQuote, warning.quote ? `“${warning.quote}”` : "");
}
