/** Upright columns over an ordered scale: warnings by hour, scores in tens. A list of figures without eyes. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "column-plot.css");

export class ColumnPlot extends View {
  static sheets = [css];

  build() {
    this.heading = h("h3");
    this.none = h("p", { class: "none", text: t("plot.none") });
    this.list = h("ol", { class: "plot" });
    this.labels = h("div", { class: "labels number", "aria-hidden": "true" });
    this.shadowRoot.append(this.heading, this.none, this.list, this.labels);
  }

  /**
   * @param {object} data
   * @param {string} data.heading
   * @param {{label: string, value: number, severity?: string}[]} data.columns
   * @param {number} [data.every] which labels are written: each first, second, third …
   */
  update({ heading, columns, every = columns.length > 14 ? 3 : columns.length > 9 ? 2 : 1 }) {
    setText(this.heading, heading);
    const some = columns.some(({ value }) => value > 0);
    this.none.hidden = some;
    this.list.hidden = this.labels.hidden = !some;
    const top = Math.max(1, ...columns.map(({ value }) => value));
    keyed(
      this.list,
      columns,
      ({ label }) => label,
      make,
      (node, column) => write(node, column, top),
    );
    keyed(
      this.labels,
      columns,
      ({ label }) => label,
      () => h("span"),
      (node, { label }) => setText(node, columns.findIndex((one) => one.label === label) % every ? "" : label),
    );
  }
}

function make() {
  const said = h("span", { class: "unseen" });
  const value = h("span", { class: "value number", "aria-hidden": "true" });
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  return Object.assign(h("li", {}, said, value, bar), { cmSaid: said, cmValue: value, cmBar: bar });
}

function write(node, { label, value, severity }, top) {
  setText(node.cmSaid, `${label}: ${number(value)}`);
  setText(node.cmValue, value ? number(value) : "");
  setAttribute(node.cmBar, "data-severity", severity);
  node.style.setProperty("--share", (value / top).toFixed(4));
}
