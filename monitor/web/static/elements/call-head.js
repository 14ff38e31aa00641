/**
 * Top of a live call: what it is in, its clock, who talks how much, how good the line is.
 * With the attribute `mine` the agent reads it, and is 我.
 */

import { h, setAttribute, setText } from "../core/dom.js";
import { clock, percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { mediaNow } from "../core/media-clock.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "call-head.css");

/** Signal to noise, dB, from which a line is called good, or fair; below that it is bad. */
const SNR_GOOD_DB = 15;
const SNR_FAIR_DB = 8;
/** Before so much of the call has been heard, the noise is not known well enough to be spoken of. */
const LINE_KNOWN_MS = 10_000;
/** Agents quieter than this are told so. */
const QUIET_DBFS = -40;

export class CallHead extends View {
  static sheets = [css];

  build() {
    this.icon = icon("ring");
    this.word = h("span");
    this.state = h("span", { class: "state" }, this.icon, this.word);
    this.clock = h("span", { class: "clock number", role: "timer" });
    this.direction = h("span", { class: "direction" });
    this.quality = h("span");
    this.line = h(
      "span",
      { class: "line", part: "line" },
      h("span", { class: "bars", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      this.quality,
    );
    this.mine = h("span", { class: "number" });
    this.theirs = h("span", { class: "number" });
    this.agent = h("i", { class: "agent" });
    this.customer = h("i", { class: "customer" });
    this.bar = h("span", { class: "bar", role: "img" }, this.agent, this.customer);
    this.pace = h("span", { class: "pace number" });
    this.shadowRoot.append(
      h("div", { class: "first" }, this.state, this.clock, this.direction, this.line),
      h("div", { class: "second" }, this.mine, this.bar, this.theirs, this.pace),
    );
  }

  /** @param {{call: object|null, now_ms: number}} data */
  update({ call, now_ms }) {
    const state = !call ? "idle" : call.phase === "ended" ? "ended" : call.state;
    const media_ms = !call
      ? 0
      : call.phase === "ended"
        ? call.ended.at_ms
        : (mediaNow(call.clock, now_ms) ?? call.at_ms);
    setAttribute(this.state, "data-state", state);
    reshape(this.icon, { idle: "ring" }[state] ?? state);
    const lasts = (state === "silent" || state === "hold") && media_ms > call.since_ms;
    setText(
      this.word,
      lasts
        ? `${t(`state.${state}`)} ${t("time.s", { s: Math.floor((media_ms - call.since_ms) / 1000) })}`
        : t(`state.${state}`),
    );
    setText(this.clock, call ? clock(media_ms) : "");
    setText(this.direction, call ? t(`direction.${call.direction}`) : "");
    this.#line(call?.measure);
    this.#balance(call?.measure);
  }

  #line(measure) {
    const snrs = Object.values(measure?.snr_db ?? {}).filter((snr) => snr !== null);
    const worst = snrs.length && measure.at_ms >= LINE_KNOWN_MS ? Math.min(...snrs) : null;
    const quality = worst === null ? "none" : worst >= SNR_GOOD_DB ? "good" : worst >= SNR_FAIR_DB ? "fair" : "bad";
    const mine = measure?.level_dbfs?.agent;
    const quiet = mine !== null && mine !== undefined && mine < QUIET_DBFS;
    setAttribute(this.line, "data-quality", quality);
    setText(
      this.quality,
      quiet ? t("line.quiet", { me: t(this.hasAttribute("mine") ? "side.me" : "side.agent") }) : t(`line.${quality}`),
    );
  }

  #balance(measure) {
    const mine = measure?.talk_ms?.agent ?? 0;
    const theirs = measure?.talk_ms?.customer ?? 0;
    const all = mine + theirs;
    this.agent.style.setProperty("--share", all ? mine / all : 0);
    this.customer.style.setProperty("--share", all ? theirs / all : 0);
    const me = t(this.hasAttribute("mine") ? "side.me" : "side.agent");
    setText(this.mine, all ? `${me} ${percent(mine / all)}` : me);
    setText(this.theirs, all ? `${t("side.customer")} ${percent(theirs / all)}` : t("side.customer"));
    setAttribute(
      this.bar,
      "aria-label",
      all ? t("balance.label", { me, agent: percent(mine / all), customer: percent(theirs / all) }) : t("balance.none"),
    );
    const pace = measure?.chars_per_min?.agent;
    setText(this.pace, pace ? t("pace.short", { n: Math.round(pace) }) : "");
    setAttribute(this.pace, "title", pace ? t("pace.label", { me, n: Math.round(pace) }) : null);
  }
}
