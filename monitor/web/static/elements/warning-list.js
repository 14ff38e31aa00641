/** Every warning of a call in full: rule, words, what to say instead, who says so, how it was found, what was decided. */

import { carryOver, h, keyed, reveal, setAttribute } from "../core/dom.js";
import { clock, dateTime, percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "warning-list.css");

export class WarningList extends View {
  static sheets = [css];

  build() {
    this.none = h("p", { class: "none", text: t("warnings.none") });
    this.list = h("ol");
    this.shadowRoot.append(this.none, this.list);
  }

  /**
   * @param {object} data
   * @param {object[]} data.warnings with `history`, `verdict`, `appeal` where the server keeps them
   * @param {boolean} [data.mayReview]
   * @param {boolean} [data.mayAppeal]
   * @param {string} [data.current] the warning that is pointed at
   */
  update({ warnings, mayReview = false, mayAppeal = false, current = "" }) {
    this.none.hidden = warnings.length > 0;
    keyed(
      this.list,
      warnings,
      ({ warning_id }) => warning_id,
      () => h("li"),
      (node, item) => {
        setAttribute(node, "data-now", item.warning_id === current);
        if (node.cmItem === item) return;
        const key = JSON.stringify(item);
        const news = node.cmKey !== key;
        const decided = (node.cmItem?.history ?? []).length !== (item.history ?? []).length;
        Object.assign(node, { cmItem: item, cmKey: key });
        if (!news) return;
        const before = node.querySelector(".acts");
        const focused = this.shadowRoot.activeElement;
        setAttribute(node, "data-severity", item.severity);
        node.replaceChildren(...this.#face(item), ...history(item), ...this.#acts(item, mayReview, mayAppeal));
        // Somebody may be writing while news of the warning comes in; what was sent is not offered again.
        const acts = node.querySelector(".acts");
        if (before && acts && !decided) carryOver(before, acts, focused);
      },
    );
  }

  /** Brings a warning into view in `within`, the element that scrolls. */
  reveal(warning_id, within) {
    const node = [...this.list.children].find(({ cmItem }) => cmItem.warning_id === warning_id);
    if (node) reveal(node, within);
  }

  #face(item) {
    const at = h("button", {
      class: "at number",
      type: "button",
      text: clock(item.from_ms),
      "aria-label": t("warnings.goto", { time: clock(item.from_ms) }),
      on: { click: () => this.tell("cm-seek", { at_ms: item.from_ms, warning_id: item.warning_id }) },
    });
    const facts = [
      h("a", { href: `/rules?id=${encodeURIComponent(item.rule_id)}`, title: item.rule_id, text: t("warnings.rule") }),
      h("span", { text: `${t("warnings.match")} ${t(`match.${item.match}`)} ${percent(item.score)}` }),
      item.basis && h("span", { text: item.basis }),
      item.lag_ms !== null &&
        item.lag_ms !== undefined &&
        h("span", { text: t("warnings.lag", { s: (item.lag_ms / 1000).toFixed(1) }) }),
      item.also?.length > 0 &&
        h("span", { title: item.also.join("\n"), text: t("warnings.also", { n: item.also.length }) }),
      item.trial && h("span", { text: t("warnings.trial") }),
    ];
    return [
      h(
        "div",
        { class: "head" },
        icon(item.severity),
        h("span", { class: "word", text: t(`severity.${item.severity}`) }),
        h("h3", { text: item.title }),
        at,
      ),
      item.quote && h("p", { class: "quote", text: `“${item.quote}”` }),
      item.advice && h("p", { class: "quote", text: item.advice }),
      item.rewrite && h("p", { class: "say", text: item.rewrite }),
      h("div", { class: "facts" }, facts),
    ].filter(Boolean);
  }

  #acts(item, mayReview, mayAppeal) {
    const comment = h("input", {
      class: "field",
      name: "comment",
      maxlength: 1000,
      placeholder: t("warnings.comment"),
      "aria-label": t("warnings.comment"),
    });
    if (mayReview) {
      const verdict = (name) =>
        h("button", {
          class: "button",
          type: "button",
          text: t(`appeals.${name}`),
          "aria-pressed": String(item.verdict === name),
          on: {
            click: () =>
              this.tell("cm-review", { warning_id: item.warning_id, verdict: name, comment: comment.value.trim() }),
          },
        });
      return [h("div", { class: "acts" }, comment, verdict("upheld"), verdict("overturned"))];
    }
    if (!mayAppeal || item.appeal || item.verdict) return [];
    const send = h("button", {
      class: "button",
      type: "button",
      text: t("card.appeal"),
      on: { click: () => this.tell("cm-appeal", { warning_id: item.warning_id, comment: comment.value.trim() }) },
    });
    return [h("div", { class: "acts" }, comment, send)];
  }
}

function history(item) {
  const entries = item.history ?? [];
  if (!entries.length) return [];
  return [
    h(
      "div",
      { class: "history" },
      entries.map(({ kind, verdict, comment, by, at }) => {
        const what = kind === "appeal" ? t("warnings.appealed") : t(`shelf.${verdict}`);
        const line = h(
          "p",
          {},
          h("time", { class: "number", datetime: at, text: dateTime(at) }),
          ` ${by} `,
          h("b", { text: what }),
        );
        if (comment) line.append(`：${comment}`);
        return line;
      }),
    ),
  ];
}
