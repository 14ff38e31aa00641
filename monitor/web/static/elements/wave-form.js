/**
 * Both sides of a call as sound: the agent above, the customer below, silences and holes behind, warnings over it,
 * the place that is heard as a line. A click, or the arrow keys, go to a place.
 */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { clock } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { seated } from "../state/seats.js";

const css = await sheet(import.meta.url, "wave-form.css");
const HEIGHT_PX = 150;
const AXIS_PX = 18;
const WIDEST_PX = 16_000;
const ZOOMS = [1, 4, 16];
const STEP_MS = 5_000;
/** Marks stand at least this far apart, so that each can be seen and hit. */
const MARK_PX = 15;

export class WaveForm extends View {
  static sheets = [css];

  #zoom = 1;
  #drawn = null;

  build() {
    this.#drawn = null;
    this.place = h("span", { class: "place number" });
    const legend = (name, word) => h("span", { class: "legend" }, h("i", { class: name }), h("span", { text: word }));
    this.zoomers = ZOOMS.map((zoom) =>
      h("button", {
        class: "button",
        type: "button",
        text: `×${zoom}`,
        "aria-label": t("wave.zoom", { n: zoom }),
        on: { click: () => this.#zoomTo(zoom) },
      }),
    );
    this.marks = h("div", { class: "marks" });
    this.canvas = h("canvas", {
      height: HEIGHT_PX,
      tabindex: 0,
      role: "slider",
      "aria-label": t("wave.label"),
      "aria-valuemin": 0,
    });
    this.stage = h("div", { class: "stage" }, this.marks, this.canvas);
    this.scroll = h("div", { class: "scroll" }, this.stage);
    this.shadowRoot.append(
      h(
        "div",
        { class: "head" },
        this.place,
        legend("agent", t("side.agent")),
        legend("customer", t("side.customer")),
        legend("silence", t("state.silent")),
        legend("gap", t("wave.gap")),
        h("span", { class: "zoom" }, this.zoomers),
      ),
      this.scroll,
    );
    this.canvas.addEventListener("click", (event) => this.#click(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.shown && this.#paint());
    this.sizes.observe(this.scroll);
  }

  start() {
    const dark = new MutationObserver(() => this.shown && this.#paint());
    dark.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.signal.addEventListener("abort", () => dark.disconnect());
  }

  /**
   * @param {object} data
   * @param {Record<string, number[]>} data.sides loudness 0–1, one value a step
   * @param {number} data.step_ms
   * @param {number} data.length_ms
   * @param {object[]} data.silences
   * @param {object[]} data.gaps
   * @param {object[]} data.warnings
   * @param {number} data.at_ms the place that is heard
   */
  update(data) {
    const { warnings, length_ms, at_ms } = data;
    for (const [index, button] of this.zoomers.entries())
      setAttribute(button, "aria-pressed", String(ZOOMS[index] === this.#zoom));
    const seats = seated(
      warnings.map(({ from_ms }) => from_ms / length_ms),
      MARK_PX / Math.max(1, this.scroll.clientWidth * this.#zoom),
    );
    keyed(
      this.marks,
      warnings,
      ({ warning_id }) => warning_id,
      (warning) => this.#mark(warning),
      (node, warning) => {
        node.style.setProperty("--at", seats[warnings.indexOf(warning)].toFixed(5));
        setAttribute(node, "data-severity", warning.severity);
      },
    );
    setText(this.place, `${clock(at_ms)} / ${clock(length_ms)}`);
    setAttribute(this.canvas, "aria-valuemax", Math.round(length_ms / 1000));
    setAttribute(this.canvas, "aria-valuenow", Math.round(at_ms / 1000));
    setAttribute(this.canvas, "aria-valuetext", clock(at_ms));
    this.#paint();
  }

  #mark(warning) {
    const name = `${t(`severity.${warning.severity}`)} ${clock(warning.from_ms)} ${warning.title}`;
    return h(
      "button",
      {
        type: "button",
        title: name,
        "aria-label": name,
        on: { click: () => this.tell("cm-seek", { at_ms: warning.from_ms, warning_id: warning.warning_id }) },
      },
      icon(warning.severity),
    );
  }

  #paint() {
    const { length_ms, at_ms } = this.shown;
    const width = Math.min(WIDEST_PX, Math.max(1, this.scroll.clientWidth) * this.#zoom);
    this.stage.style.setProperty("width", `${width}px`);
    const ratio = Math.min(globalThis.devicePixelRatio || 1, WIDEST_PX / width);
    const still = this.#still(width, ratio);
    this.canvas.width = still.width;
    this.canvas.height = still.height;
    const pen = this.canvas.getContext("2d");
    pen.drawImage(still, 0, 0);
    pen.fillStyle = getComputedStyle(this).getPropertyValue("--ink");
    pen.fillRect(Math.round((at_ms / length_ms) * still.width) - ratio, 0, 2 * ratio, still.height);
  }

  /** Everything but the moving line, drawn again only when it changed. */
  #still(width, ratio) {
    const { sides, step_ms, length_ms, silences, gaps } = this.shown;
    const styles = getComputedStyle(this);
    const color = (name) => styles.getPropertyValue(name).trim();
    const key = [width, ratio, length_ms, silences.length, gaps.length, color("--agent")].join();
    if (this.#drawn?.key === key && this.#drawn.sides === sides) return this.#drawn.canvas;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT_PX * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const x = (ms) => (ms / length_ms) * width;
    const tall = HEIGHT_PX - AXIS_PX;
    const middle = tall / 2;
    const box = ({ from_ms, to_ms }, fill, edge) => {
      pen.fillStyle = fill;
      pen.fillRect(x(from_ms), 0, x(to_ms) - x(from_ms), tall);
      pen.strokeStyle = edge;
      pen.strokeRect(x(from_ms) + 0.5, 0.5, Math.max(1, x(to_ms) - x(from_ms) - 1), tall - 1);
    };
    for (const silence of silences) box(silence, color("--major-bg"), color("--major-line"));
    pen.setLineDash([4, 3]);
    for (const gap of gaps) box(gap, color("--sunken"), color("--line-strong"));
    pen.setLineDash([]);
    // Whole pixels: bars that lie between two are grey and soft.
    const whole = (css) => Math.round(css * ratio) / ratio;
    const bar = Math.max(1 / ratio, whole(x(step_ms) * 0.82));
    // Telephone speech is far from full scale: the loudest moment fills the lane, and quiet ones stay visible.
    const peak = Math.max(0.05, ...Object.values(sides).map((levels) => levels.reduce((a, b) => Math.max(a, b), 0)));
    for (const [side, way] of [
      ["agent", -1],
      ["customer", 1],
      ["unknown", 1],
    ]) {
      pen.fillStyle = color(side === "unknown" ? "--ink-3" : `--${side}`);
      for (const [index, level] of (sides[side] ?? []).entries()) {
        const high = (level / peak) ** 0.7 * (middle - 6);
        if (high > 0.4) pen.fillRect(whole(x(index * step_ms)), way < 0 ? middle - 1 - high : middle + 1, bar, high);
      }
    }
    pen.fillStyle = color("--line-strong");
    pen.fillRect(0, middle - 0.5, width, 1);
    this.#axis(pen, width, tall, length_ms, color("--ink-3"));
    this.#drawn = { key, sides, canvas };
    return canvas;
  }

  #axis(pen, width, tall, length_ms, ink) {
    pen.fillStyle = ink;
    pen.font = `11px ${getComputedStyle(this).fontFamily}`;
    const wanted = Math.max(1, Math.floor(width / 90));
    const every = [5, 10, 15, 30, 60, 120, 300, 600, 1800].find((s) => length_ms / 1000 / s <= wanted) ?? 3600;
    for (let s = 0; s * 1000 <= length_ms; s += every) {
      const at = ((s * 1000) / length_ms) * width;
      pen.fillRect(at, tall, 1, 4);
      pen.textAlign = at < 20 ? "left" : at > width - 20 ? "right" : "center";
      pen.fillText(clock(s * 1000), at, HEIGHT_PX - 4);
    }
  }

  #zoomTo(zoom) {
    const { at_ms, length_ms } = this.shown;
    this.#zoom = zoom;
    this.update(this.shown);
    this.scroll.scrollLeft = (at_ms / length_ms) * this.stage.clientWidth - this.scroll.clientWidth / 2;
  }

  #click(event) {
    const box = this.canvas.getBoundingClientRect();
    this.#go(((event.clientX - box.left) / box.width) * this.shown.length_ms);
  }

  #key(event) {
    const way = { ArrowRight: STEP_MS, ArrowLeft: -STEP_MS, Home: -Infinity, End: Infinity }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    this.#go(this.shown.at_ms + way);
  }

  #go(ms) {
    this.tell("cm-seek", { at_ms: Math.round(Math.max(0, Math.min(this.shown.length_ms, ms))) });
  }
}
