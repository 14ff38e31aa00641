/** One audit: how far it is, file by file; then what it found, the worst calls first, and its files to take away. */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { clock, dateTime, duration, number, percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { byAgent, byHour, byRule, byScore, worstFirst } from "../state/report.js";
import { counts, SEVERITIES } from "../state/severity.js";

const css = await sheet(import.meta.url, "audit-view.css");
/** Rows written at first; the rest on demand. */
const ROWS = 100;

export class AuditView extends View {
  static sheets = [css];

  #open = new Set();
  #rows = ROWS;
  #report = null;

  build() {
    this.#report = null;
    this.empty = h("p", { class: "empty" }, icon("upload"), h("span", { text: t("audit.choose") }));
    this.heading = h("h2", { class: "number" });
    this.links = h("span", { class: "acts" });
    this.discard = h("button", {
      class: "button quiet",
      type: "button",
      text: t("audit.remove"),
      on: { click: () => this.#remove() },
    });
    this.trouble = troubleLine();
    this.word = h("p", { class: "number", role: "status" });
    this.bar = h("progress", { max: 1, "aria-label": t("audit.progress") });
    this.files = h("ul", { class: "files", tabindex: 0, "aria-label": t("audit.progress") });
    this.progress = h("section", { class: "panel" }, h("div", { class: "overall" }, this.word, this.bar), this.files);
    this.figures = h("dl");
    this.plots = ["cm-column-plot", "cm-column-plot", "cm-bar-list", "cm-bar-list"].map((name) =>
      document.createElement(name),
    );
    this.panels = this.plots.map((plot) => h("section", { class: "panel" }, plot));
    this.body = h("tbody");
    this.more = h("button", {
      class: "button",
      type: "button",
      on: { click: () => ((this.#rows += 10 * ROWS), this.update(this.shown)) },
    });
    const head = (key, figure) => h("th", { scope: "col", class: figure ? "figure" : null, text: t(`audit.${key}`) });
    this.table = h(
      "table",
      {},
      h("caption", { text: t("audit.worst") }),
      h("thead", {}, h("tr", {}, head("score", true), head("file"), head("length", true), head("found"))),
      this.body,
    );
    this.report = h(
      "div",
      {},
      h(
        "section",
        { class: "panel" },
        h("div", { class: "scroll", tabindex: 0 }, this.table),
        h("p", { class: "more" }, this.more),
      ),
    );
    this.all = [
      h("div", { class: "head" }, this.heading, h("span", { class: "acts" }, this.links, this.discard)),
      this.trouble,
      this.progress,
      this.figures,
      h("div", { class: "plots" }, this.panels),
      this.report,
    ];
    this.shadowRoot.append(this.empty, ...this.all);
  }

  /** @param {{audit: object|null, wanted: boolean, api: object}} data */
  update({ audit, wanted, api }) {
    this.empty.hidden = Boolean(audit) || wanted;
    for (const part of this.all) part.hidden = !audit;
    this.trouble.hidden = !audit?.error;
    if (!audit) return;
    setText(this.heading, `${dateTime(audit.created_at)} · ${t("audit.files", { n: audit.files.length })}`);
    setText(this.trouble, audit.error);
    keyed(
      this.links,
      audit.downloads ?? [],
      (name) => name,
      (name) =>
        h(
          "a",
          { class: "button", href: api.fileUrl(`/v1/audits/${audit.audit_id}/files/${name}`), download: true },
          icon("download"),
          h("span", { text: t(`audit.as.${name.split(".").at(-1)}`) }),
        ),
    );
    this.#progress(audit);
    const report = audit.report;
    for (const part of [this.figures, ...this.panels, this.report]) part.hidden = !report;
    if (report) this.#found(report);
  }

  #progress({ status, progress, files }) {
    this.progress.hidden = status === "done" && files.every((file) => file.status === "done");
    setText(
      this.word,
      status === "running" ? t("audit.running", { share: percent(progress) }) : t(`audit.status.${status}`),
    );
    this.bar.value = progress;
    keyed(this.files, files, ({ file }) => file, makeFile, writeFile);
  }

  #found(report) {
    const { calls, totals } = report;
    if (this.#report !== calls) {
      this.#report = calls;
      const figure = (key, value) =>
        h("div", {}, h("dt", { text: t(`audit.${key}`) }), h("dd", { class: "number", text: value }));
      this.figures.replaceChildren(
        figure("calls", number(totals.calls)),
        figure("hours", duration(totals.duration_ms)),
        figure("mean", number(totals.score_mean, 1)),
        figure("warnings", number(totals.warnings)),
        ...(totals.unreadable ? [figure("unreadable", number(totals.unreadable))] : []),
      );
      const read = calls.filter(({ error }) => !error);
      const agents = byAgent(read);
      const hours = byHour(read);
      this.plots[0].show({ heading: t("audit.byScore"), columns: byScore(read), every: 2 });
      this.plots[1].show({ heading: t("audit.byHour"), columns: hours });
      this.plots[2].show({
        heading: t("audit.byRule"),
        rows: byRule(read).map((row) => ({
          key: row.rule_id,
          name: row.title,
          value: row.warnings,
          severity: row.severity,
          href: `/rules?id=${encodeURIComponent(row.rule_id)}`,
          note: t("audit.inCalls", { n: row.calls }),
        })),
        most: 10,
      });
      this.plots[3].show({
        heading: t("audit.byAgent"),
        rows: agents.map((row) => ({
          key: row.agent_id,
          name: row.agent_id,
          value: row.warnings,
          note: t("day.calls.n", { n: row.calls }),
        })),
        most: 10,
      });
    }
    this.panels[1].hidden = !this.plots[1].shown.columns.length;
    this.panels[3].hidden = !this.plots[3].shown.rows.length;
    const worst = worstFirst(calls);
    const shown = worst
      .slice(0, this.#rows)
      .flatMap((call) => (this.#open.has(call.file) ? [{ call }, { call, open: true }] : [{ call }]));
    keyed(
      this.body,
      shown,
      ({ call, open }) => `${open ? "open:" : ""}${call.file}`,
      ({ call, open }) => (open ? detail(call) : this.#row(call)),
      (node, { call, open }) =>
        !open && setAttribute(node.cmButton, "aria-expanded", String(this.#open.has(call.file))),
    );
    this.more.parentNode.hidden = worst.length <= this.#rows;
    setText(this.more, t("audit.more", { n: worst.length - this.#rows }));
  }

  #row(call) {
    const button = h(
      "button",
      { type: "button", "aria-expanded": "false", disabled: !call.warnings.length },
      call.warnings.length > 0 && icon("down"),
      h("span", { text: call.file.split("/").at(-1) }),
    );
    button.addEventListener("click", () => {
      if (!this.#open.delete(call.file)) this.#open.add(call.file);
      this.update(this.shown);
    });
    const found = counts(call.warnings);
    const cell = call.error
      ? h("td", { class: "error", text: `${call.error.message}` })
      : h(
          "td",
          {},
          h(
            "div",
            { class: "found" },
            SEVERITIES.filter((severity) => found[severity]).map((severity) =>
              h(
                "span",
                { class: "number", data: { severity } },
                icon(severity, t(`severity.${severity}`)),
                h("span", { text: found[severity] }),
              ),
            ),
          ),
        );
    const row = h(
      "tr",
      {},
      h("td", { class: "figure score number", text: call.score ?? "–" }),
      h("td", {}, button),
      h("td", { class: "figure number", text: call.error ? "–" : clock(call.duration_ms) }),
      cell,
    );
    return Object.assign(row, { cmButton: button });
  }

  async #remove() {
    const { audit, api } = this.shown;
    if (!confirm(t("audit.removeSure"))) return;
    try {
      await api.delete(`/v1/audits/${encodeURIComponent(audit.audit_id)}`);
      this.tell("cm-audit-removed", {});
    } catch (error) {
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
    }
  }
}

function detail(call) {
  const list = document.createElement("cm-warning-list");
  list.show({
    warnings: call.warnings.map((warning) => ({ ...warning, warning_id: `${call.file}:${warning.warning_id}` })),
  });
  return h("tr", {}, h("td"), h("td", { colspan: 3 }, list));
}

function makeFile({ file }) {
  const shape = icon("ring");
  const word = h("span");
  const bar = h("progress", { max: 1, "aria-label": file });
  const node = h(
    "li",
    {},
    h("span", { class: "name", text: file, title: file }),
    bar,
    h("span", { class: "word number" }, shape, word),
  );
  return Object.assign(node, { cmShape: shape, cmWord: word, cmBar: bar });
}

function writeFile(node, { status, done_ms, duration_ms, error }) {
  const share = status === "done" || status === "failed" ? 1 : duration_ms ? Math.min(1, done_ms / duration_ms) : 0;
  setAttribute(node, "data-status", status);
  node.cmBar.value = share;
  reshape(node.cmShape, { done: "check", failed: "cross" }[status] ?? "ring");
  setText(node.cmWord, status === "running" ? percent(share) : t(`audit.status.${status}`));
  setAttribute(node, "title", error?.message ?? error ?? null);
}
