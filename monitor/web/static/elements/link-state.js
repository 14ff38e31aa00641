/** One line that always says how the connection is, and after a break what happened and what was brought back. */

import { h, setAttribute, setText } from "../core/dom.js";
import { duration } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "link-state.css");
/** How long the news of a recovery stays. */
const NEWS_MS = 20_000;

export class LinkState extends View {
  static sheets = [css];

  #news = null;
  #told = null;

  build() {
    this.icon = icon("ring");
    this.word = h("span", { class: "word" });
    this.said = h("span", { class: "unseen", role: "status" });
    this.shadowRoot.append(this.icon, this.word, this.said);
  }

  /** @param {{status: object, now_ms: number, stalled_s?: number}} data */
  update({ status, now_ms, stalled_s = 0 }) {
    if (status.recovered && status.recovered !== this.#told) {
      this.#told = status.recovered;
      this.#news = { of: status.recovered, until_ms: now_ms + NEWS_MS };
    }
    if (status.phase !== "live" || (this.#news && now_ms > this.#news.until_ms)) this.#news = null;
    setAttribute(this, "data-phase", status.phase);
    setAttribute(this, "data-news", Boolean(this.#news));
    reshape(this.icon, this.#news ? "check" : ({ live: "check", connecting: "ring" }[status.phase] ?? "lost"));
    const words = this.#words(status, now_ms, stalled_s);
    setText(this.word, words);
    // The reader is told of changes, not of every second that passes.
    setText(this.said, this.#news ? words : status.phase === "live" ? "" : t(`link.${status.phase}`));
  }

  #words(status, now_ms, stalled_s) {
    if (this.#news) {
      const { cause, away_ms, events } = this.#news.of;
      return t(cause === "sleep" ? "link.woke" : "link.recovered", { away: duration(away_ms), events });
    }
    if (status.phase === "live" && stalled_s) return t("link.stalled", { s: stalled_s });
    const word = t(`link.${status.phase}`);
    return status.phase === "lost" || status.phase === "offline"
      ? `${word} · ${duration(now_ms - status.since_ms)}`
      : word;
  }
}
