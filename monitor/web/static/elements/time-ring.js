/**
 * A ring that empties until a moment of media time, with the seconds in it. Smooth where motion is welcome, once a
 * second where it is not. It draws frames only while it runs and is on screen.
 */

import { h, setAttribute, setText, svg } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "time-ring.css");
const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)");

export class TimeRing extends View {
  static sheets = [css];

  #frame = 0;

  build() {
    const circle = (name) => svg("circle", { class: name, cx: 50, cy: 50, r: 44, pathLength: 100 });
    this.left = circle("left");
    this.seconds = h("span", { class: "number" });
    this.unit = h("span", { class: "unit", text: t("ring.seconds") });
    this.icon = icon("reply");
    this.shadowRoot.append(
      svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" }, circle("track"), this.left),
      h("span", { class: "figure", role: "timer" }, this.seconds, this.unit, this.icon),
    );
  }

  /**
   * @param {object} data
   * @param {number} data.from_ms media time at which the ring was full
   * @param {number|null} data.to_ms media time at which it is empty; null: nothing runs, `icon` is shown
   * @param {boolean} data.waiting the customer's turn, not the agent's
   * @param {boolean} data.free the agent may hang up
   * @param {() => number} data.media what media time it is
   */
  update(data) {
    setAttribute(this, "data-waiting", data.waiting);
    setAttribute(this, "data-free", data.free);
    const running = data.to_ms !== null;
    this.seconds.hidden = this.unit.hidden = !running;
    this.icon.toggleAttribute("hidden", running);
    reshape(this.icon, data.free ? "check" : "reply");
    if (running) this.#draw();
    else {
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      this.left.style.setProperty("--gone", data.free ? 0 : 100);
    }
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    const { from_ms, to_ms, media } = this.shown;
    if (to_ms === null || !this.isConnected) return;
    const left_ms = Math.max(0, to_ms - media());
    const shown_ms = still.matches ? Math.ceil(left_ms / 1000) * 1000 : left_ms;
    const gone = 100 * (1 - Math.min(1, shown_ms / Math.max(1, to_ms - from_ms)));
    this.left.style.setProperty("--gone", gone.toFixed(2));
    setText(this.seconds, Math.ceil(left_ms / 1000));
    if (left_ms > 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }
}
