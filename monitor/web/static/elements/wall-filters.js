/** What of the wall is shown: by state with their counts, team, severity, rule, name. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { SEVERITIES } from "../state/severity.js";

const css = await sheet(import.meta.url, "wall-filters.css");
const STATES = ["", "silent", "hold", "complaint", "abusive"];

export class WallFilters extends View {
  static sheets = [css];

  build() {
    this.states = h("div", { class: "states", role: "group", "aria-label": t("filter.state") });
    this.team = this.#select("team");
    this.severity = this.#select("severity");
    this.rule = this.#select("rule");
    this.text = h("input", {
      class: "field",
      type: "search",
      placeholder: t("filter.text"),
      "aria-label": t("filter.text"),
    });
    this.text.value = this.shown?.filters.text ?? "";
    this.text.addEventListener("input", () => this.#choose("text", this.text.value));
    this.shadowRoot.append(this.states, this.team, this.severity, this.rule, this.text);
  }

  /** @param {{tiles: object[], filters: Record<string, string>}} data filters as `passes()` of state/wall.js takes them */
  update({ tiles, filters }) {
    this.#states(tiles, filters);
    const teams = tiles.map(({ team }) => [team, team]);
    const rules = tiles.flatMap(({ warnings }) => warnings.map(({ rule_id, title }) => [rule_id, title]));
    const severities = SEVERITIES.map((severity) => [severity, t(`severity.${severity}`)]);
    this.#options(this.team, filters.team, teams);
    this.#options(this.severity, filters.severity, severities, false);
    this.#options(this.rule, filters.rule, rules);
  }

  #choose(name, value) {
    this.tell("cm-filter", { name, value });
  }

  #states(tiles, filters) {
    const rows = STATES.map((state) => ({
      state,
      count: state ? tiles.filter((tile) => tile.phase === "live" && tile.state === state).length : tiles.length,
    }));
    keyed(
      this.states,
      rows,
      ({ state }) => state,
      ({ state }) =>
        h(
          "button",
          {
            type: "button",
            on: { click: () => this.#choose("state", this.shown.filters.state === state ? "" : state) },
          },
          state && icon(state),
          h("span", { text: t(state ? `state.${state}` : "filter.all") }),
          h("b", { class: "number" }),
        ),
      (node, { state, count }) => {
        setText(node.lastChild, count);
        setAttribute(node, "aria-pressed", String(filters.state === state));
      },
    );
  }

  #select(name) {
    const select = h(
      "select",
      { class: "field", "aria-label": t(`filter.${name}`) },
      h("option", { value: "", text: t(`filter.${name}.all`) }),
    );
    select.addEventListener("change", () => this.#choose(name, select.value));
    return Object.assign(select, { cmName: name, cmKeys: "" });
  }

  /** Options are written only when they changed: an open list must not close under the pointer. */
  #options(select, wanted, pairs, sorted = true) {
    const words = new Map(pairs.filter(([value]) => value));
    if (wanted && !words.has(wanted)) words.set(wanted, wanted);
    const entries = [...words];
    if (sorted) entries.sort(([a], [b]) => a.localeCompare(b));
    const keys = entries.map(([value]) => value).join("\n");
    if (select.cmKeys !== keys) {
      select.cmKeys = keys;
      select.replaceChildren(select.firstChild, ...entries.map(([value, text]) => h("option", { value, text })));
    }
    select.hidden = !entries.length;
    if (select.value !== wanted) select.value = wanted;
  }
}
