/**
 * The one card for what needs doing now. Its size never changes, whatever it shows: a warning, a prompt with its
 * ring, a requirement nearly due, a note, a reply to offer, calm, the end of the call. What is to be read aloud
 * always looks the same and stands in the same place.
 */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { clock } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { mediaNow } from "../core/media-clock.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { faceOf } from "./card-faces.js";
import { marked } from "./marked-text.js";

const css = await sheet(import.meta.url, "now-card.css");

/** Sizes of what is to be read aloud, the largest that fits is taken. */
const SAY_SIZES_PX = [26, 24, 22, 20, 18, 16, 15];

export class NowCard extends View {
  static sheets = [css];

  #key = "";
  #fitted = "";

  build() {
    this.#key = this.#fitted = "";
    this.icon = icon("ring");
    this.heading = h("span", { class: "title" });
    this.others = h("span", { class: "others number", role: "img" });
    this.at = h("span", { class: "at number" });
    this.heard = h("p", { class: "heard" });
    this.why = h("p", { class: "why" });
    this.ring = document.createElement("cm-time-ring");
    this.next = h("p", { class: "next number" });
    this.endIcon = icon("lock");
    this.endWord = h("span");
    this.end = h("p", { class: "end" }, this.endIcon, this.endWord);
    this.timing = h("div", { class: "timing" }, this.ring, h("div", {}, this.next, this.end));
    this.calmWord = h("span");
    this.calm = h("p", { class: "calm" }, icon("check"), this.calmWord);
    this.scoreWord = h("b", { class: "number" });
    this.scoreNote = h("span");
    this.score = h("p", { class: "score" }, this.scoreWord, this.scoreNote);
    this.reasons = h("ul", { class: "reasons" });
    this.label = h("h3");
    this.text = h("p", { tabindex: 0 });
    this.say = h("div", { class: "say" }, this.label, this.text);
    this.body = h(
      "div",
      { class: "body" },
      this.timing,
      this.heard,
      this.why,
      this.score,
      this.reasons,
      this.calm,
      this.say,
    );
    this.copy = this.#button("copy", "C", () => this.tell("cm-copy", { text: this.text.textContent }));
    this.appeal = this.#button("appeal", "A", () =>
      this.tell("cm-appeal", { warning_id: this.shown.card.item.warning_id }),
    );
    this.dismiss = this.#button("dismiss", "D", () => this.tell("cm-dismiss", { key: this.shown.card.key }));
    this.hangup = this.#button("hangup", "", () => this.tell("cm-hangup", { call_id: this.shown.call.call_id }));
    this.foot = h("div", { class: "foot" }, this.hangup, this.copy, this.appeal, this.dismiss);
    this.card = h(
      "section",
      { class: "card", "aria-label": t("card.label") },
      h("h2", { class: "head" }, this.icon, this.heading, this.others, this.at),
      this.body,
      this.foot,
    );
    this.shadowRoot.append(this.card);
  }

  #button(name, key, press) {
    const button = h(
      "button",
      { class: "button", type: "button", on: { click: press }, data: { name } },
      h("span", { text: t(`card.${name}`) }),
    );
    if (key) {
      button.append(h("kbd", { text: key, "aria-hidden": "true" }));
      button.setAttribute("aria-keyshortcuts", key);
    }
    return button;
  }

  /**
   * @param {object} data
   * @param {object} data.card as given by `card()` of state/agent.js
   * @param {object|null} data.call
   * @param {Record<string, {status: string}>} data.appeals
   * @param {boolean} data.canHangUp the embedding page wants to offer hanging up
   * @param {number} data.now_ms
   */
  update(data) {
    const { card } = data;
    const face = faceOf(data);
    setAttribute(this.card, "data-kind", card.kind);
    setAttribute(this.card, "data-severity", face.severity);
    setAttribute(this.card, "data-status", face.status);
    reshape(this.icon, face.icon);
    setText(this.heading, face.title);
    setText(this.at, face.at_ms === null ? "" : clock(face.at_ms));
    this.others.hidden = !card.others;
    setText(this.others, `+${card.others}`);
    setAttribute(this.others, "aria-label", t("card.others", { n: card.others }));
    setAttribute(this.others, "title", t("card.others", { n: card.others }));
    this.#heard(face);
    setText(this.why, face.why);
    this.why.hidden = !face.why;
    this.#timing(face.ring, !face.say, data);
    this.calm.hidden = !face.calm;
    setText(this.calmWord, face.calm);
    this.score.hidden = face.score === null;
    setText(this.scoreWord, face.score);
    setText(this.scoreNote, face.scoreNote ?? "");
    this.reasons.hidden = !face.reasons.length;
    keyed(this.reasons, face.reasons.slice(0, 6), (reason) => `${reason.rule_id}@${reason.at_ms}`, reasonRow);
    this.say.hidden = !face.say;
    setAttribute(this.body, "data-alone", !face.say && ["idle", "calm"].includes(card.kind));
    setAttribute(this.say, "data-said", face.said);
    setText(this.label, face.label);
    setText(this.text, face.say);
    this.#buttons(face, data);
    this.#enter(card.key);
    this.#fit(
      `${card.kind}|${face.say}|${face.heard?.text ?? ""}|${face.why}|${this.body.clientHeight}|${this.body.clientWidth}`,
    );
  }

  /** The largest size at which what is to be said can be read without scrolling. Measured only when it may differ. */
  #fit(key) {
    if (this.#fitted === key || this.say.hidden) return;
    this.#fitted = key;
    for (const size_px of SAY_SIZES_PX) {
      this.say.style.setProperty("--say-size", `${size_px}px`);
      if (this.text.scrollHeight <= this.text.clientHeight) return;
    }
  }

  #heard({ heard, severity }) {
    this.heard.hidden = !heard?.text;
    const key = heard ? `${heard.text}\n${heard.quote}\n${severity}` : "";
    if (this.heard.cmKey === key) return;
    this.heard.cmKey = key;
    this.heard.replaceChildren(
      ...(heard?.text ? ["“", ...marked(heard.text, [{ quote: heard.quote, severity }]), "”"] : []),
    );
  }

  /** @param {boolean} alone there is nothing to say beside it: the ring gets the room */
  #timing(ring, alone, { call }) {
    this.timing.hidden = !ring;
    if (!ring) return;
    this.ring.show({ ...ring, media: () => mediaNow(call.clock, Date.now()) ?? call.at_ms });
    setAttribute(this.timing, "data-alone", alone);
    setText(this.next, ring.words);
    this.next.hidden = !ring.words;
    this.end.hidden = ring.end === null;
    setText(this.endWord, ring.end ? t("ring.mayEnd") : t("ring.mayNotEnd"));
    setAttribute(this.end, "data-free", ring.end === true);
    reshape(this.endIcon, ring.end ? "check" : "lock");
  }

  #buttons(face, { card, call, appeals, canHangUp }) {
    const warning = card.kind === "warning" ? card.item : null;
    const appealed = warning && appeals[warning.warning_id]?.status;
    this.copy.hidden = !face.say || face.said || card.kind === "note";
    this.appeal.hidden = !warning;
    this.appeal.disabled = !warning || warning.status !== "confirmed" || appealed === "sending" || appealed === "sent";
    const word =
      { sending: "card.appealing", sent: "card.appealed", failed: "card.appealFailed" }[appealed] ?? "card.appeal";
    setText(this.appeal.firstChild, t(word));
    // A protocol whose time runs stays until it is over.
    this.dismiss.hidden =
      ["idle", "calm", "ended"].includes(card.kind) || (card.kind === "prompt" && typeof face.ring?.end === "boolean");
    this.hangup.hidden = !(canHangUp && card.kind === "prompt" && typeof face.ring?.end === "boolean");
    this.hangup.disabled = !(face.ring?.end && call);
    this.foot.hidden = [...this.foot.children].every((button) => button.hidden);
  }

  /** What changes fades in where it stands; nothing moves. */
  #enter(key) {
    if (this.#key === key) return;
    this.#key = key;
    this.body.scrollTop = this.text.scrollTop = 0;
    this.body.classList.add("entering");
    requestAnimationFrame(() => this.body.classList.remove("entering"));
  }
}

function reasonRow(reason) {
  return h("li", {}, h("span", { text: reason.title }), h("b", { class: "number", text: reason.points }));
}
