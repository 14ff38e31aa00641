/**
 * What must be said in this call, ticking as it is said: a bar of all of it, the next two in words, all on demand.
 */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { placed, PLACES } from "../state/checks.js";

const css = await sheet(import.meta.url, "check-list.css");
const SHAPE = { pending: "ring", met: "check", missed: "cross" };

export class CheckList extends View {
  static sheets = [css];

  #places = [];

  build() {
    this.count = h("span", { class: "number" });
    this.bar = h("span", { class: "bar", "aria-hidden": "true" });
    this.more = h("button", {
      class: "button quiet",
      type: "button",
      on: { click: () => this.#open(!this.hasAttribute("data-open")) },
    });
    this.none = h("p", { class: "none", text: t("check.none") });
    this.next = h("ul", { "aria-label": t("check.label") });
    this.all = h("ul", { class: "all", "aria-label": t("check.label"), tabindex: 0 });
    this.shadowRoot.append(
      h("div", { class: "head" }, h("h2", { text: t("check.label") }), this.count, this.bar, this.more),
      h("div", { class: "room" }, this.none, this.next, this.all),
    );
    this.#open(this.hasAttribute("data-open"));
  }

  /** @param {{requirements: object[], idle: boolean, now_ms: number}} data */
  update({ requirements, idle = false, now_ms = Date.now() }) {
    const met = requirements.filter(({ status }) => status === "met").length;
    const open = this.hasAttribute("data-open");
    setText(this.count, requirements.length ? t("check.count", { met, all: requirements.length }) : "");
    this.none.hidden = idle || requirements.length > 0;
    this.more.hidden = requirements.length <= PLACES;
    this.next.hidden = open;
    this.all.hidden = !open || !requirements.length;
    keyed(
      this.bar,
      requirements,
      ({ key }) => key,
      () => h("i"),
      (node, { status }) => setAttribute(node, "data-status", status),
    );
    this.#places = placed(this.#places, requirements, now_ms);
    const of = (key) => requirements.find((one) => one.key === key);
    keyed(
      this.next,
      this.#places,
      (_, at) => at,
      make,
      (node, { key }) => write(node, of(key)),
    );
    if (open) keyed(this.all, requirements, ({ key }) => key, make, write);
  }

  #open(open) {
    setAttribute(this, "data-open", open);
    setAttribute(this.more, "aria-expanded", String(open));
    setText(this.more, t(open ? "check.less" : "check.more"));
    if (this.shown) this.update(this.shown);
  }
}

function make() {
  const name = h("span", { class: "name" });
  const word = h("span", { class: "word" });
  return Object.assign(h("li", {}, icon("ring"), name, word), { cmName: name, cmWord: word });
}

function write(node, requirement) {
  if (node.cmItem === requirement) return;
  node.cmItem = requirement;
  setAttribute(node, "data-status", requirement.status);
  setAttribute(node, "title", requirement.quote || requirement.say || null);
  reshape(node.firstChild, SHAPE[requirement.status]);
  setText(node.cmName, requirement.occasion > 1 ? `${requirement.title} ${requirement.occasion}` : requirement.title);
  setText(node.cmWord, t(`check.${requirement.status}`));
}
