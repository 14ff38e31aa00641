/** The whole call on one line: when each side spoke, long silences, holes in the audio, and the warnings above. */

import { h, keyed, setAttribute, setText, svg } from "../core/dom.js";
import { clock } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { silences } from "../state/silence.js";

const css = await sheet(import.meta.url, "time-line.css");
/** The line is drawn in whole windows of this length, so that it does not shrink with every second. */
const WINDOW_MS = 120_000;

export class TimeLine extends View {
  static sheets = [css];

  build() {
    this.marks = h("div", { class: "marks" });
    this.agent = svg("path", { class: "agent" });
    this.customer = svg("path", { class: "customer" });
    this.silence = svg("path", { class: "silence" });
    this.gap = svg("path", { class: "gap" });
    this.end = h("span", { class: "number" });
    this.shadowRoot.append(
      this.marks,
      svg(
        "svg",
        { viewBox: "0 0 1000 46", preserveAspectRatio: "none", role: "img", "aria-label": t("timeline.label") },
        svg("line", { class: "axis", x1: 0, x2: 1000, y1: 23, y2: 23 }),
        this.silence,
        this.gap,
        this.agent,
        this.customer,
      ),
      h("div", { class: "ends" }, h("span", { class: "number", text: "00:00" }), this.end),
    );
  }

  /** @param {{call: object}} data as state/call.js keeps it */
  update({ call }) {
    const length_ms =
      call.phase === "ended" ? Math.max(1, call.ended.at_ms) : Math.ceil((call.at_ms + 1) / WINDOW_MS) * WINDOW_MS;
    const x = (ms) => ((1000 * Math.min(ms, length_ms)) / length_ms).toFixed(1);
    const spans = (side, y, tall) =>
      call.captions
        .filter((line) => line.side === side)
        .map(({ from_ms, to_ms }) => `M${x(from_ms)} ${y}H${x(to_ms)}v${tall}H${x(from_ms)}z`)
        .join("");
    this.agent.setAttribute("d", spans("agent", 4, 15));
    this.customer.setAttribute("d", spans("customer", 27, 15));
    const boxes = (list) => list.map(({ from_ms, to_ms }) => `M${x(from_ms)} 1H${x(to_ms)}v44H${x(from_ms)}z`).join("");
    this.silence.setAttribute("d", boxes(silences(call.captions, call.at_ms)));
    this.gap.setAttribute("d", boxes(call.gaps));
    setText(this.end, clock(length_ms));
    keyed(
      this.marks,
      call.warnings,
      ({ warning_id }) => warning_id,
      (warning) => this.#mark(warning),
      (node, warning) => {
        node.style.setProperty("--at", (warning.from_ms / length_ms).toFixed(4));
        setAttribute(node, "data-severity", warning.severity);
      },
    );
  }

  #mark(warning) {
    const name = `${t(`severity.${warning.severity}`)} ${clock(warning.from_ms)} ${warning.title}`;
    return h(
      "button",
      {
        type: "button",
        title: name,
        "aria-label": name,
        on: { click: () => this.tell("cm-seek", { at_ms: warning.from_ms }) },
      },
      icon(warning.severity),
    );
  }
}
