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
    this.shadowRoot.append(h("dl", {}, figure("calls"), figure("warnings"), figure("reaction"), figure("lag")), this.hours, this.rules, this.agents);
  }

  /** @param {{stats: object}} data what `GET /v1/stats` gives */
  update({ stats }) {
    setText(this.calls.value, number(stats.calls));
    setText(this.warnings.value, number(stats.warnings));
    seconds(this.reaction, stats.reaction_ms?.median);
    seconds(this.lag, stats.lag_ms?.median);
    this.hours.show({
      heading: t("day.byHour"),
      columns: stats.by_hour.map(({ hour, warnings }) => ({ label: String(hour), value: warnings })),
    });
    this.rules.show({
      heading: t("day.byRule"),
      rows: stats.by_rule.map((row) => ({ key: row.rule_id, name: row.title || row.rule_id, value: row.warnings, severity: row.severity, href: `/rules/${encodeURIComponent(row.rule_id)}` })),
    });
    this.agents.show({
      heading: t("day.byAgent"),
      rows: stats.by_agent.map((row) => ({ key: row.agent_id, name: row.agent_id, value: row.warnings, note: row.calls ? t("day.calls.n", { n: row.calls }) : "" })),
    });
  }
}

function seconds({ value, unit }, ms) {
  setText(value, ms === null || ms === undefined ? "–" : number(ms / 1000, 1));
  setText(unit, ms === null || ms === undefined ? "" : t("ring.seconds"));
}
