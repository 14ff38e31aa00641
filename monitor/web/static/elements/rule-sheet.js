/** One rule in full: what it is about, who says so, its wording, its examples, and how it fares. */

import { h } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { played } from "../state/tape.js";
import { kindWord } from "./rule-book.js";

const css = await sheet(import.meta.url, "rule-sheet.css");
/** Fields that have a place of their own on the sheet; all others are listed at its end under their own names. */
const PLACED = new Set([
  "id",
  "kind",
  "title",
  "status",
  "severity",
  "category",
  "basis",
  "advice",
  "rewrite",
  "say",
  "phrases",
  "words",
  "accept",
  "patterns",
  "unless",
  "examples",
  "figures",
  "steps",
]);
const WORDINGS = [
  ["phrases", ""],
  ["words", ""],
  ["accept", ""],
  ["patterns", "code"],
  ["unless", "code"],
];
const EXAMPLES_SHOWN = 40;

export class RuleSheet extends View {
  static sheets = [css];

  /** @param {{rule: object}} data as `GET /v1/rules` lists it */
  update({ rule }) {
    if (this.drawn === rule) return;
    this.drawn = rule;
    const { figures } = rule;
    const figure = (key, value) =>
      h("div", {}, h("dt", { text: t(`rules.${key}`) }), h("dd", { class: "number", text: value }));
    this.shadowRoot.replaceChildren(
      h("div", { class: "head" }, h("h2", { text: rule.title })),
      h(
        "p",
        { class: "tags" },
        h("span", { data: { severity: rule.severity } }, icon(rule.severity), t(`severity.${rule.severity}`)),
        h("span", { text: kindWord(rule.kind) }),
        h("span", { text: t(`rules.status.${rule.status}`) }),
        rule.category && h("span", { text: rule.category }),
        h("span", { class: "id", text: t("rules.id", { id: rule.id }) }),
      ),
      h(
        "dl",
        { class: "figures" },
        figure("hits", number(figures.warnings)),
        figure("calls", number(figures.calls)),
        figure("upheld", number(figures.upheld)),
        figure("overturned", number(figures.overturned)),
        figure("precision", percent(figures.precision)),
      ),
      ...this.#text("basis", rule.basis),
      ...this.#text("advice", rule.advice),
      ...this.#text("say", rule.rewrite || rule.say, "say"),
      ...steps(rule.steps),
      ...WORDINGS.flatMap(([name, style]) => list(name, rule[name], style)),
      ...examples(rule.examples),
      ...rest(rule),
    );
  }

  build() {
    this.drawn = null;
  }

  #text(name, text, style = "") {
    return text ? [h("section", {}, h("h3", { text: t(`rules.${name}`) }), h("p", { class: style, text }))] : [];
  }
}

function list(name, items, style) {
  if (!items?.length) return [];
  return [
    h(
      "section",
      {},
      h("h3", { text: t(`rules.${name}`) }),
      h(
        "ul",
        { class: style },
        items.map((text) => h("li", { text })),
      ),
    ),
  ];
}

/** What a protocol has the agent say, one thing after the other. */
function steps(given) {
  if (!given?.length) return [];
  const row = ({ title, say }) => h("li", {}, h("b", { text: title }), say && h("p", { text: say }));
  return [h("section", {}, h("h3", { text: t("rules.steps") }), h("ol", { class: "steps" }, given.map(row)))];
}

function examples(given) {
  return ["hit", "miss"].flatMap((name) => {
    const items = given?.[name] ?? [];
    if (!items.length) return [];
    const rows = items.slice(0, EXAMPLES_SHOWN).map((item) => {
      const side = item.side && item.side !== "agent" ? `${t(`side.${item.side}`)}：` : "";
      return h(
        "li",
        { title: item.events?.join("\n") || null },
        h("span", { class: name }, icon(name === "hit" ? "critical" : "check", t(`rules.${name}`))),
        item.tape
          ? h("span", { class: "tape" }, played(item.tape).map(turn))
          : h("span", { text: `${side}${item.say || item.heard || ""}` }),
      );
    });
    return [
      h("section", {}, h("h3", { text: `${t(`rules.${name}`)} ${items.length}` }), h("ul", { class: "lines" }, rows)),
    ];
  });
}

function turn({ kind, side, text, seconds }) {
  const who = side ? t(`side.${side}`) : "";
  const words = {
    said: () => (who ? `${who}：${text || t("tape.speaks", { s: seconds })}` : text),
    quiet: () => t("tape.quiet", { s: seconds }),
    lost: () => t("tape.lost", { who, s: seconds }),
    level: () => t("tape.level", { who }),
    ended: () => t("tape.ended", { who }),
  };
  return h("span", { data: { kind }, text: words[kind]() });
}

/** Every other field of the rule file that says something, as it is named there. */
function rest(rule) {
  const rows = Object.entries(rule).filter(
    ([name, value]) =>
      !PLACED.has(name) &&
      value !== null &&
      value !== "" &&
      value !== false &&
      !(Array.isArray(value) && !value.length),
  );
  if (!rows.length) return [];
  return [
    h(
      "details",
      {},
      h("summary", { text: t("rules.rest") }),
      h(
        "dl",
        { class: "more" },
        rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: words(value) })]),
      ),
    ),
  ];
}

function words(value) {
  if (Array.isArray(value)) return value.map(words).join("；");
  if (value && typeof value === "object") {
    return Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== "" && !(Array.isArray(inner) && !inner.length))
      .map(([name, inner]) => `${name}：${words(inner)}`)
      .join("，");
  }
  return String(value);
}
