/** `/rules`: every rule in force with its figures, one of them in full, and a sentence to try on all of them. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { has, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { SEVERITIES } from "../state/severity.js";

const css = await sheet(import.meta.url, "rule-book.css");
const SORTS = ["today", "severity", "precision"];

/** By what rules are ordered; of equals the graver comes first, then what is judged before what is only noticed. */
const ORDERS = {
  today: (rule) => -rule.figures.warnings,
  severity: () => 0,
  precision: (rule) => rule.figures.precision ?? 2,
};
const JUDGED = ["banned", "silent-call", "hang-up", "hold", "required", "protocol", "measure", "reply"];

export class RuleBook extends View {
  static sheets = [css];

  #id = new URLSearchParams(location.search).get("id") ?? "";
  #rules = [];
  #faults = [];
  #filters = { text: "", kind: "", severity: "", sort: "today" };

  build() {
    this.trial = document.createElement("cm-rule-trial");
    this.trial.api = this.api;
    this.faults = h("div", { class: "faults", role: "alert", hidden: true });
    this.trouble = troubleLine();
    this.text = h("input", {
      class: "field",
      type: "search",
      placeholder: t("rules.search"),
      "aria-label": t("rules.search"),
    });
    this.text.value = this.#filters.text;
    this.text.addEventListener("input", () => this.#filter("text", this.text.value));
    this.kind = this.#select("kind");
    this.severity = this.#select("severity");
    this.sort = this.#select("sort");
    this.count = h("p", { class: "number", role: "status" });
    this.list = h("ol", { tabindex: -1 });
    this.sheet = h("cm-rule-sheet", { role: "region", tabindex: 0, "aria-label": t("rules.one") });
    this.shadowRoot.append(
      this.faults,
      this.trial,
      h(
        "section",
        { class: "list", "aria-label": t("nav.rules") },
        h("div", { class: "filters" }, this.text, this.kind, this.severity, this.sort, this.count),
        this.trouble,
        this.list,
      ),
      this.sheet,
    );
    this.#options(
      this.severity,
      SEVERITIES.map((severity) => [severity, t(`severity.${severity}`)]),
      t("filter.severity.all"),
    );
    this.#options(
      this.sort,
      SORTS.map((sort) => [sort, t(`rules.sort.${sort}`)]),
    );
  }

  rebuilt() {
    this.update();
  }

  start() {
    this.addEventListener("cm-open-rule", ({ detail }) => this.#go(detail.rule_id), { signal: this.signal });
    addEventListener("popstate", () => this.#go(new URLSearchParams(location.search).get("id") ?? "", false), {
      signal: this.signal,
    });
    this.trial.api = this.api;
    this.update();
    this.#load();
  }

  async #load() {
    try {
      const { rules, faults } = await this.api.get("/v1/rules");
      this.#rules = rules;
      this.#faults = faults ?? [];
    } catch (error) {
      if (error.status === 401) return this.tell("cm-session-over", {});
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
    }
    return this.update();
  }

  update() {
    this.faults.hidden = !this.#faults.length;
    this.faults.replaceChildren(
      ...this.#faults.map(({ code, where, message }) => h("p", { text: `${where} ${code} ${message}` })),
    );
    this.#options(
      this.kind,
      [...new Set(this.#rules.map(({ kind }) => kind))].sort().map((kind) => [kind, kindWord(kind)]),
      t("rules.kind.all"),
    );
    const shown = this.#shownRules();
    setText(this.count, t("rules.count", { n: shown.length, all: this.#rules.length }));
    // Where there is room beside the list, the first rule stands in for none.
    const id = this.#id || (matchMedia("(min-width: 901px)").matches ? shown[0]?.id : "");
    keyed(
      this.list,
      shown,
      (rule) => rule.id,
      (rule) => this.#row(rule),
      (node, rule) => setAttribute(node.firstChild, "aria-current", rule.id === id ? "true" : null),
    );
    const rule = this.#rules.find((one) => one.id === id) ?? null;
    this.sheet.hidden = !rule;
    if (rule) this.sheet.show({ rule });
  }

  #shownRules() {
    const { text, kind, severity, sort } = this.#filters;
    const wanted = text.trim().toLowerCase();
    const found = this.#rules.filter(
      (rule) =>
        (!kind || rule.kind === kind) &&
        (!severity || rule.severity === severity) &&
        (!wanted || JSON.stringify(rule).toLowerCase().includes(wanted)),
    );
    const figure = ORDERS[sort];
    return found.sort((a, b) => figure(a) - figure(b) || rank(a) - rank(b));
  }

  #row(rule) {
    const { warnings, precision } = rule.figures;
    const link = h(
      "a",
      { href: `?id=${encodeURIComponent(rule.id)}`, data: { severity: rule.severity } },
      icon(rule.severity, t(`severity.${rule.severity}`)),
      h("span", { class: "name", text: rule.title }),
      h("span", {
        class: "today number",
        text: warnings ? number(warnings) : "",
        title: t("rules.today", { n: warnings }),
      }),
      h("span", {
        class: "meta",
        text: [
          kindWord(rule.kind),
          rule.category,
          rule.status === "stable" ? "" : t(`rules.status.${rule.status}`),
        ]
          .filter(Boolean)
          .join(" · "),
      }),
      h("span", { class: "right number", text: precision === null ? "" : percent(precision) }),
    );
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#go(rule.id);
    });
    return h("li", {}, link);
  }

  #go(id, push = true) {
    const news = id !== this.#id;
    this.#id = id;
    if (push && news) history.pushState(null, "", `?id=${encodeURIComponent(id)}`);
    this.update();
    this.sheet.scrollTop = 0;
    if (matchMedia("(max-width: 900px)").matches && id) this.sheet.scrollIntoView();
  }

  #filter(name, value) {
    this.#filters = { ...this.#filters, [name]: value };
    this.update();
  }

  #select(name) {
    const select = h("select", { class: "field", "aria-label": t(`rules.${name}`) });
    select.addEventListener("change", () => this.#filter(name, select.value));
    return Object.assign(select, { cmName: name });
  }

  #options(select, pairs, all = "") {
    select.replaceChildren(
      ...(all ? [h("option", { value: "", text: all })] : []),
      ...pairs.map(([value, text]) => h("option", { value, text })),
    );
    select.value = this.#filters[select.cmName];
  }
}

function rank({ kind, severity }) {
  const place = JUDGED.indexOf(kind);
  return SEVERITIES.indexOf(severity) * 100 + (place < 0 ? JUDGED.length : place);
}

/** Kinds have names in the dictionary; one that a newer server brings stands as it is. */
export function kindWord(kind) {
  return has(`kind.${kind}`) ? t(`kind.${kind}`) : kind;
}
