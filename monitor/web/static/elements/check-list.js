/** What must be said in this call, ticking as it is said. The order never changes, so that the eye learns it. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "check-list.css");
const SHAPE = { pending: "ring", met: "check", missed: "cross" };

export class CheckList extends View {
  static sheets = [css];

  build() {
    this.count = h("span", { class: "number" });
    this.more = h("button", { class: "button quiet", type: "button", on: { click: () => this.#open(!this.hasAttribute("data-open")) } });
    this.none = h("p", { class: "none", text: t("check.none") });
    this.list = h("ul", { "aria-label": t("check.label") });
    this.shadowRoot.append(h("div", { class: "head" }, h("h2", { text: t("check.label") }), this.count, this.more), h("div", { class: "room" }, this.none, this.list));
    this.#open(this.hasAttribute("data-open"));
  }

  /** @param {{requirements: object[], idle: boolean}} data */
  update({ requirements, idle = false }) {
    const met = requirements.filter(({ status }) => status === "met").length;
    setText(this.count, requirements.length ? t("check.count", { met, all: requirements.length }) : "");
    this.none.hidden = idle || requirements.length > 0;
    this.list.hidden = !requirements.length;
    // Two rows are always there; opening is offered when they are full.
    this.more.hidden = requirements.length < 6;
    keyed(this.list, requirements, ({ key }) => key, make, write);
    this.list.tabIndex = this.list.scrollHeight > this.list.clientHeight ? 0 : -1;
  }

  #open(open) {
    setAttribute(this, "data-open", open);
    setAttribute(this.more, "aria-expanded", String(open));
    setText(this.more, t(open ? "check.less" : "check.more"));
  }
}

function make() {
  const status = h("span", { class: "unseen" });
  const title = h("span");
  return Object.assign(h("li", {}, icon("ring"), title, status), { cmTitle: title, cmStatus: status });
}

function write(node, requirement) {
  if (node.cmItem === requirement) return;
  node.cmItem = requirement;
  setAttribute(node, "data-status", requirement.status);
  setAttribute(node, "title", requirement.quote || requirement.say || null);
  reshape(node.firstChild, SHAPE[requirement.status]);
  setText(node.cmTitle, requirement.occasion > 1 ? `${requirement.title} ${requirement.occasion}` : requirement.title);
  setText(node.cmStatus, t(`check.${requirement.status}`));
}
