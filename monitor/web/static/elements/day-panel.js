/** Today in figures: calls, warnings, how soon agents react; by hour, by rule, by agent. */

import { h, setText } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "day-panel.css");

export class DayPanel extends View {
  static sheets = [css];

  build() {
    const figure = (name) => {
      const value = h("span", { class: "number" });
      const unit = h("small");
      this[name] = { value, unit };
      return h("div", {}, h("dt", { text: t(`day.${name}`) }), h("dd", {}, value, unit));
    };
    this.hours = document.createElement("cm-column-plot");
    this.rules = document.createElement("cm-bar-list");
    this.agents = document.createElement("cm-bar-list");
    this.shadowRoot.append(
      h("dl", {}, figure("calls"), figure("warnings"), figure("reaction"), figure("lag")),
      this.hours,
      this.rules,
      this.agents,
    );
  }

  /**
   * @param {object} data
   * @param {object} data.stats what `GET /v1/stats` gives
   * @param {Map<string, string>} data.titles of rules, by id
   */
  update({ stats, titles }) {
    setText(this.calls.value, number(stats.calls.total));
    setText(this.warnings.value, number(stats.warnings.total));
    seconds(this.reaction, stats.median_reaction_ms);
    seconds(this.lag, stats.median_lag_ms);
    this.hours.show({
      heading: t("day.byHour"),
      columns: everyHour(stats.by_hour).map(({ hour, warnings }) => ({ label: String(hour), value: warnings })),
    });
    this.rules.show({
      heading: t("day.byRule"),
      rows: stats.by_rule.map(({ rule_id, severity, warnings }) => ({
        key: `${rule_id} ${severity}`,
        name: titles.get(rule_id) ?? rule_id,
        value: warnings,
        severity,
        href: `/rules?id=${encodeURIComponent(rule_id)}`,
      })),
    });
    this.agents.show({
      heading: t("day.byAgent"),
      rows: stats.by_agent
        .filter(({ warnings }) => warnings)
        .map((row) => ({
          key: row.agent_id,
          name: row.agent_id,
          value: row.warnings,
          note: t("day.calls.n", { n: row.calls }),
        })),
    });
  }
}

/** A day's plot begins with at least so many hours, so that the first ones of a morning do not look like all of it. */
const HOURS_LEAST = 8;

/** The hours from the first to the last that the server names (as local times), those without calls in between too. */
function everyHour(rows) {
  const found = new Map(rows.map(({ hour, warnings }) => [Number(hour.slice(11, 13)), warnings]));
  if (!found.size) return [];
  const hours = [...found.keys()];
  const last = Math.max(...hours);
  const first = Math.max(0, Math.min(...hours, last - HOURS_LEAST + 1));
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    hour: first + at,
    warnings: found.get(first + at) ?? 0,
  }));
}

function seconds({ value, unit }, ms) {
  setText(value, ms === null || ms === undefined ? "–" : number(ms / 1000, 1));
  setText(unit, ms === null || ms === undefined ? "" : t("ring.seconds"));
}
