/**
 * Captions of both sides. It follows the newest line until somebody scrolls up, and says how to come back.
 * A line's node is touched only when the line or what is marked in it changed.
 */

import { h, keyed, reveal, setAttribute, setText } from "../core/dom.js";
import { clock, duration } from "../core/format.js";
import { language, t } from "../core/i18n.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { marked } from "./marked-text.js";

const css = await sheet(import.meta.url, "caption-list.css");
const NEAR_END_PX = 40;

export class CaptionList extends View {
  static sheets = [css];

  #following = true;
  #top = 0;

  build() {
    this.#following = true;
    setAttribute(this, "data-wide", language() !== "zh");
    this.none = h("p", { class: "none", text: t("captions.none") });
    this.list = h("ol");
    this.scroll = h(
      "div",
      { class: "scroll", tabindex: 0, role: "log", "aria-live": "off", "aria-label": t("captions.label") },
      this.none,
      this.list,
    );
    this.latest = h("button", { class: "button latest", type: "button", text: t("captions.latest"), hidden: true });
    this.latest.addEventListener("click", () => this.#follow(true));
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Fonts, widths and lines that grow move the end without anybody scrolling.
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.#pin());
    this.sizes.observe(this.list);
    this.sizes.observe(this.scroll);
    this.list.addEventListener("click", ({ target }) => this.#seek(target));
    this.shadowRoot.append(this.scroll, this.latest);
  }

  /**
   * @param {object} data
   * @param {object[]} data.captions
   * @param {object[]} data.warnings whose quotes are marked
   * @param {object[]} [data.gaps]
   * @param {boolean} [data.live] follow the newest line
   * @param {string} [data.mine] side that is called 我
   * @param {number|null} [data.now_ms] media time that is being heard: its line is shown
   */
  update({ captions, warnings, gaps = [], live = true, mine = "", now_ms = null }) {
    const lines = gaps.length ? woven(captions, gaps) : captions;
    const quotes = quotesBy(warnings);
    this.none.hidden = lines.length > 0;
    keyed(
      this.list,
      lines,
      (line) => line.utterance_id ?? `gap-${line.from_ms}-${line.side}`,
      (line) => (line.utterance_id ? makeLine() : h("li", { class: "gap" })),
      (node, line) =>
        line.utterance_id
          ? writeLine(node, line, quotes.get(line.utterance_id) ?? NONE, mine)
          : setText(node, t("captions.gap", { s: duration(line.to_ms - line.from_ms) })),
    );
    if (now_ms !== null) this.#point(lines, now_ms);
    else if (live) this.#pin();
  }

  #pin() {
    if (this.#following && this.shown?.live !== false) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** Only somebody who scrolls up stops the following; whoever comes back to the end starts it. */
  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroll;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (near) this.#follow(true, false);
    else if (scrollTop < this.#top) this.#follow(false);
    this.#top = scrollTop;
  }

  #follow(following, jump = true) {
    this.#following = following;
    this.latest.hidden = following || this.shown?.live === false;
    if (following && jump) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #point(lines, now_ms) {
    const heard = lines.findLast((line) => line.utterance_id && line.from_ms <= now_ms);
    for (const node of this.list.children) {
      const now = node.cmLine === heard && heard !== undefined;
      if (now && !node.hasAttribute("data-now")) reveal(node, this.scroll);
      setAttribute(node, "data-now", now);
    }
  }

  #seek(target) {
    const line = target.closest("li")?.cmLine;
    if (line && this.hasAttribute("data-seekable")) this.tell("cm-seek", { at_ms: line.from_ms });
  }
}

const NONE = [];

function makeLine() {
  const who = h("span");
  const time = h("span", { class: "time number" });
  const text = h("span", { class: "text" });
  return Object.assign(h("li", {}, h("span", { class: "who" }, who, time), text), {
    cmWho: who,
    cmTime: time,
    cmText: text,
  });
}

function writeLine(node, line, quotes, mine) {
  if (node.cmLine === line && node.cmQuotes === quotes && node.cmMine === mine) return;
  const marks = quotes.map(({ quote, severity }) => `${severity}:${quote}`).join("|");
  const same =
    node.cmLine?.text === line.text &&
    node.cmLine?.status === line.status &&
    node.cmLine?.stable_chars === line.stable_chars &&
    node.cmMarks === marks;
  Object.assign(node, { cmLine: line, cmQuotes: quotes, cmMine: mine, cmMarks: marks });
  setAttribute(node, "data-side", line.side);
  setAttribute(node, "data-status", line.status);
  setText(node.cmWho, t(line.side === mine ? "side.me" : `side.${line.side}`));
  setText(node.cmTime, clock(line.from_ms));
  if (same) return;
  if (line.status === "partial") {
    const sure = line.text.slice(0, line.stable_chars);
    node.cmText.replaceChildren(
      ...marked(sure, quotes),
      h("span", { class: "unsure" }, ...marked(line.text.slice(line.stable_chars), quotes)),
    );
  } else node.cmText.replaceChildren(...marked(line.text, quotes));
}

/** Quotes to mark, by utterance. */
function quotesBy(warnings) {
  const found = new Map();
  for (const { utterance_id, quote, severity } of warnings) {
    if (!quote || !utterance_id) continue;
    if (!found.has(utterance_id)) found.set(utterance_id, []);
    found.get(utterance_id).push({ quote, severity });
  }
  return found;
}

/** Captions with the holes of the recording between them, by time. */
function woven(captions, gaps) {
  return [...captions, ...gaps].sort((a, b) => a.from_ms - b.from_ms);
}
