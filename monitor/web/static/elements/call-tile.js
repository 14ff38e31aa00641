/** One live call on the wall: who, how long, in what state, both voices of the last seconds, open warnings. */

import { h, keyed, setAttribute, setText, svg } from "../core/dom.js";
import { clock } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { mediaNow } from "../core/media-clock.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { counts, gravest, SEVERITIES } from "../state/severity.js";
import { TILE_LEVELS_KEPT, unheard } from "../state/wall.js";

const css = await sheet(import.meta.url, "call-tile.css");
const HEIGHT = 20;

export class CallTile extends View {
  static sheets = [css];

  #levels = null;
  #warnings = null;

  build() {
    this.#levels = this.#warnings = null;
    this.who = h("span", { class: "who" });
    this.clock = h("span", { class: "clock number" });
    this.icon = icon("talking");
    this.word = h("span", { class: "number" });
    this.state = h("span", { class: "state" }, this.icon, this.word);
    this.agent = svg("path", { class: "agent" });
    this.customer = svg("path", { class: "customer" });
    this.spark = svg(
      "svg",
      {
        class: "spark",
        viewBox: `0 0 ${TILE_LEVELS_KEPT} ${2 * HEIGHT}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      svg("line", { x1: 0, x2: TILE_LEVELS_KEPT, y1: HEIGHT, y2: HEIGHT }),
      this.agent,
      this.customer,
    );
    this.counts = h("span", { class: "warn" });
    this.newest = h("span", { class: "title" });
    this.warn = h("span", { class: "warn" }, this.counts, this.newest);
    this.line = h("span", { class: "line" });
    this.button = h("button", {
      type: "button",
      on: { click: () => this.tell("cm-open-call", { call_id: this.shown.tile.call_id }) },
    });
    this.button.append(
      this.who,
      this.clock,
      this.state,
      this.spark,
      this.warn,
      this.line,
    );
    this.shadowRoot.append(this.button);
  }

  /** @param {{tile: object, group: string, now_ms: number, open: boolean}} data */
  update({ tile, group, now_ms, open }) {
    setAttribute(this, "data-group", group);
    setAttribute(this, "data-phase", tile.phase);
    setAttribute(this.button, "aria-current", open ? "true" : null);
    const media_ms = tile.phase === "ended" ? tile.at_ms : (mediaNow(tile.clock, now_ms) ?? tile.at_ms);
    const state = tile.phase === "ended" ? "ended" : unheard(tile, now_ms) ? "lost" : tile.state;
    setText(this.who, tile.agent_id || tile.call_id);
    setText(this.clock, clock(media_ms));
    setAttribute(this.state, "data-state", state);
    reshape(this.icon, state);
    const lasts = state === "silent" || state === "hold";
    setText(
      this.word,
      lasts
        ? `${t(`state.${state}`)} ${t("time.s", { s: Math.max(0, Math.floor((media_ms - tile.since_ms) / 1000)) })}`
        : t(`state.${state}`),
    );
    this.#draw(tile.levels);
    this.#count(tile.warnings);
    const said = tile.line ? `${t(`side.${tile.line.side}`)}：${tile.line.text}` : "";
    setText(this.line, group === "act" ? said : "");
    // Without a warning its row tells what is being said; where that has a row of its own it is left out.
    const title = tile.warnings.findLast(({ status }) => status === "confirmed")?.title ?? "";
    setText(this.newest, title || (group === "watch" ? said : ""));
    setAttribute(this.newest, "data-said", !title);
    this.warn.hidden = group === "act" && !title;
  }

  #draw(levels) {
    if (this.#levels === levels) return;
    this.#levels = levels;
    this.agent.setAttribute("d", area(levels, "agent", -1));
    this.customer.setAttribute("d", area(levels, "customer", 1));
  }

  #count(warnings) {
    if (this.#warnings === warnings) return;
    this.#warnings = warnings;
    const sure = warnings.filter(({ status }) => status === "confirmed");
    setAttribute(this.button, "data-severity", gravest(sure) || null);
    const found = counts(sure);
    keyed(
      this.counts,
      SEVERITIES.filter((severity) => found[severity]),
      (severity) => severity,
      makeCount,
      (node, severity) => setText(node.lastChild, found[severity]),
    );
  }
}

function makeCount(severity) {
  return h("span", { class: "count number", data: { severity } }, icon(severity, t(`severity.${severity}`)), h("span"));
}

/** One bar a second, newest at the right; the agent's upwards, the customer's downwards. */
function area(levels, side, way) {
  const from = TILE_LEVELS_KEPT - levels.length;
  let path = "";
  for (const [index, level] of levels.entries()) {
    const tall = Math.round((level[side] ?? 0) * HEIGHT * 10) / 10;
    if (tall) path += `M${from + index} ${HEIGHT}v${way * tall}h.8v${-way * tall}z`;
  }
  return path;
}
