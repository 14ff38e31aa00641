/** The record under the captions: warnings of this call, replies offered, notes from the supervisor; one tab each. */

import { carryOver, h, keyed, setAttribute, setText } from "../core/dom.js";
import { clock, timeOfDay } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { Tabs } from "../core/tabs.js";
import { View } from "../core/view.js";
import { marked } from "./marked-text.js";

const css = await sheet(import.meta.url, "side-shelf.css");
const TABS = ["warnings", "replies", "notes"];

export class SideShelf extends View {
  static sheets = [css];

  #tab = "warnings";
  #read = { warnings: 0, replies: 0, notes: 0 };
  #open = new Set();

  build() {
    this.counts = Object.fromEntries(TABS.map((name) => [name, h("span", { class: "count number" })]));
    this.none = h("p", { class: "none" });
    this.lists = Object.fromEntries(TABS.map((name) => [name, h("ul")]));
    this.panel = h("div", {}, this.none, ...Object.values(this.lists));
    const tabs = TABS.map((name) => [name, [h("span", { text: t(`shelf.${name}`) }), this.counts[name]]]);
    this.tabs = new Tabs({
      tabs: Object.fromEntries(tabs),
      label: t("shelf.label"),
      panel: this.panel,
      choose: (name) => this.#choose(name),
    });
    this.shadowRoot.append(this.tabs.node, this.panel);
  }

  /** @param {{call: object|null, appeals: Record<string, {status: string}>}} data */
  update({ call, appeals }) {
    const lists = { warnings: call?.warnings ?? [], replies: call?.replies ?? [], notes: call?.notes ?? [] };
    for (const name of TABS) {
      // A new call starts with less than what was read of the last one.
      if (name === this.#tab || lists[name].length < this.#read[name]) this.#read[name] = lists[name].length;
    }
    for (const name of TABS) {
      const size = lists[name].length;
      setText(this.counts[name], size);
      setAttribute(this.counts[name], "data-new", size > this.#read[name]);
      this.lists[name].hidden = name !== this.#tab || !size;
    }
    this.tabs.mark(this.#tab);
    this.none.hidden = lists[this.#tab].length > 0;
    setText(
      this.none,
      t({ warnings: "shelf.noWarnings", replies: "shelf.noReplies", notes: "shelf.noNotes" }[this.#tab]),
    );
    const newestFirst = (list) => list.toReversed();
    keyed(
      this.lists.warnings,
      newestFirst(lists.warnings),
      ({ warning_id }) => warning_id,
      () => this.#makeWarning(),
      (node, item) => this.#writeWarning(node, item, appeals),
    );
    keyed(
      this.lists.replies,
      newestFirst(lists.replies),
      ({ reply_id }) => reply_id,
      () => this.#makeReply(),
      writeReply,
    );
    keyed(this.lists.notes, newestFirst(lists.notes), ({ key }) => key, makeNote, writeNote);
    for (const [index, node] of [...this.lists.replies.children].entries())
      setText(node.cmKey, index < 3 ? index + 1 : "");
  }

  #choose(name) {
    this.#tab = name;
    this.panel.scrollTop = 0;
    if (this.shown) this.update(this.shown);
  }

  #makeWarning() {
    const shape = icon("hint");
    const word = h("span", { class: "unseen" });
    const title = h("span", { class: "title" });
    const tail = h("span", { class: "tail number" });
    const row = h("button", { class: "row", type: "button", "aria-expanded": "false" }, shape, word, title, tail);
    const node = h("li", {}, row);
    row.addEventListener("click", () => {
      const id = node.cmItem.warning_id;
      if (!this.#open.delete(id)) this.#open.add(id);
      this.update(this.shown);
    });
    return Object.assign(node, { cmShape: shape, cmWord: word, cmTitle: title, cmTail: tail, cmRow: row });
  }

  #writeWarning(node, item, appeals) {
    const { status: appeal = "", verdict = "" } = appeals[item.warning_id] ?? {};
    const open = this.#open.has(item.warning_id);
    const key = `${appeal} ${verdict} ${open}`;
    if (node.cmItem === item && node.cmKey === key) return;
    Object.assign(node, { cmItem: item, cmKey: key });
    setAttribute(node, "data-severity", item.severity);
    setAttribute(node, "data-status", item.status);
    reshape(node.cmShape, item.severity);
    setText(node.cmWord, t(`severity.${item.severity}`));
    setText(node.cmTitle, item.status === "provisional" ? `${t("card.provisional")} · ${item.title}` : item.title);
    setText(node.cmTail, [appealWord(appeal, verdict), clock(item.at_ms)].filter(Boolean).join(" · "));
    setAttribute(node.cmRow, "aria-expanded", String(open));
    const focused = this.shadowRoot.activeElement;
    const before = node.querySelector(".more");
    before?.remove();
    if (!open) return;
    const more = this.#more(item, appeal);
    node.append(more);
    if (before) carryOver(before, more, focused);
  }

  #more(item, appeal) {
    const comment = h("input", {
      class: "field",
      name: "comment",
      maxlength: 1000,
      placeholder: t("shelf.comment"),
      "aria-label": t("shelf.comment"),
      hidden: appeal === "sent",
    });
    const appealButton = h("button", {
      class: "button",
      name: "appeal",
      type: "button",
      text: t(appeal === "sent" ? "card.appealed" : appeal === "sending" ? "card.appealing" : "card.appeal"),
      disabled: item.status !== "confirmed" || appeal === "sent" || appeal === "sending",
      on: { click: () => this.tell("cm-appeal", { warning_id: item.warning_id, comment: comment.value.trim() }) },
    });
    const copyButton = h("button", {
      class: "button",
      name: "copy",
      type: "button",
      text: t("card.copy"),
      on: { click: () => this.tell("cm-copy", { text: item.rewrite }) },
    });
    return h(
      "div",
      { class: "more" },
      item.quote && h("p", {}, "“", ...marked(item.quote, [{ quote: item.quote, severity: item.severity }]), "”"),
      item.advice && h("p", { class: "why", text: item.advice }),
      item.rewrite && h("p", { class: "say", text: item.rewrite }),
      item.basis && h("p", { class: "basis", text: item.basis }),
      comment,
      h("div", { class: "acts" }, item.rewrite && copyButton, appealButton),
    );
  }

  #makeReply() {
    const title = h("h3");
    const text = h("p");
    const key = h("kbd", { "aria-hidden": "true" });
    const node = h("li", { class: "reply" }, title, text);
    node.append(
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.tell("cm-copy", { text: text.textContent }) } },
        t("card.copy"),
        key,
      ),
    );
    return Object.assign(node, { cmTitle: title, cmText: text, cmKey: key });
  }
}

function appealWord(appeal, verdict) {
  if (verdict) return t(`shelf.${verdict}`);
  return { sending: t("card.appealing"), sent: t("card.appealed"), failed: t("card.appealFailed") }[appeal] ?? "";
}

function writeReply(node, reply) {
  setText(node.cmTitle, reply.trigger ? `${reply.title} · “${reply.trigger}”` : reply.title);
  setText(node.cmText, reply.say);
}

function makeNote() {
  const from = h("span");
  const at = h("span", { class: "number" });
  const text = h("p");
  return Object.assign(h("li", { class: "note" }, h("header", {}, from, at), text), {
    cmFrom: from,
    cmAt: at,
    cmText: text,
  });
}

function writeNote(node, note) {
  setText(node.cmFrom, note.from);
  setText(node.cmAt, timeOfDay(note.seen_at));
  setText(node.cmText, note.text);
}
