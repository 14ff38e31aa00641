/** A ranking as bars with their names and figures: rules, agents. A list, so it reads as one without eyes too. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "bar-list.css");

export class BarList extends View {
  static sheets = [css];

  build() {
    this.heading = h("h3");
    this.none = h("p", { class: "none", text: t("plot.none") });
    this.list = h("ol");
    this.shadowRoot.append(this.heading, this.none, this.list);
  }

  /**
   * @param {object} data
   * @param {string} data.heading
   * @param {{key: string, name: string, value: number, severity?: string, href?: string, note?: string}[]} data.rows
   * @param {number} [data.most] rows shown
   */
  update({ heading, rows, most = 8 }) {
    setText(this.heading, heading);
    this.none.hidden = rows.length > 0;
    const top = Math.max(1, ...rows.map(({ value }) => value));
    keyed(
      this.list,
      rows.slice(0, most),
      ({ key }) => key,
      make,
      (node, row) => write(node, row, top),
    );
  }
}

function make(row) {
  const shape = icon("hint");
  const name = row.href ? h("a") : h("span");
  const value = h("span", { class: "value number" });
  const bar = h("i");
  return Object.assign(
    h(
      "li",
      {},
      h("span", { class: "name" }, shape, name),
      value,
      h("span", { class: "bar", "aria-hidden": "true" }, bar),
    ),
    {
      cmShape: shape,
      cmName: name,
      cmValue: value,
      cmBar: bar,
    },
  );
}

function write(node, row, top) {
  setAttribute(node, "data-severity", row.severity);
  node.cmShape.toggleAttribute("hidden", !row.severity);
  if (row.severity) reshape(node.cmShape, row.severity);
  setText(node.cmName, row.name);
  setAttribute(node.cmName, "title", row.name);
  if (row.href) setAttribute(node.cmName, "href", row.href);
  setText(node.cmValue, row.note ? `${number(row.value)} · ${row.note}` : number(row.value));
  node.cmBar.style.setProperty("--share", (row.value / top).toFixed(4));
}
