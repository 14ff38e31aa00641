/** A sentence tried on every rule in force: what fires, on which words, by which way of matching. */

import { h, setText } from "../core/dom.js";
import { percent } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { marked } from "./marked-text.js";

const css = await sheet(import.meta.url, "rule-trial.css");
const WAIT_MS = 250;

export class RuleTrial extends View {
  static sheets = [css];

  #timer = null;
  #asked = 0;

  build() {
    this.text = h("input", {
      class: "field",
      id: "sentence",
      maxlength: 2000,
      autocomplete: "off",
      placeholder: t("trial.hint"),
    });
    this.side = h(
      "select",
      { class: "field", "aria-label": t("trial.side") },
      h("option", { value: "agent", text: t("side.agent") }),
      h("option", { value: "customer", text: t("side.customer") }),
    );
    this.trouble = troubleLine();
    this.heard = h("p", { class: "heard" });
    this.sound = h("p", { class: "sound" });
    this.clean = h("p", { class: "clean", hidden: true }, icon("check"), h("span", { text: t("trial.clean") }));
    this.list = h("ol");
    this.shadowRoot.append(
      h("label", { for: "sentence", text: t("trial.label") }),
      h("div", { class: "row" }, this.text, this.side),
      this.trouble,
      h("div", { role: "status" }, this.heard, this.sound, this.clean, this.list),
    );
    this.text.addEventListener("input", () => this.#soon());
    this.side.addEventListener("change", () => this.#soon());
  }

  /** Asks when the typing pauses; a slow answer to an older sentence is dropped. */
  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    const text = this.text.value.trim();
    const turn = (this.#asked += 1);
    this.trouble.hidden = true;
    if (!text) return this.#face(null, "");
    try {
      const found = await this.api.post("/v1/rules/try", { text, side: this.side.value });
      if (turn === this.#asked) this.#face(found, text);
    } catch (error) {
      if (turn !== this.#asked) return undefined;
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
    }
    return undefined;
  }

  #face(found, text) {
    const hits = found?.hits ?? [];
    this.clean.hidden = !found || hits.length > 0;
    this.heard.hidden = !hits.length;
    this.heard.replaceChildren(...marked(text, hits));
    const syllables = found?.reading?.syllables ?? [];
    setText(this.sound, syllables.length ? `${t("trial.sound")}${syllables.join(" ")}` : "");
    this.list.replaceChildren(...hits.map((hit) => this.#hit(hit)));
  }

  #hit(hit) {
    const facts = [
      `“${hit.quote}”`,
      hit.match !== "pattern" && hit.phrase && hit.phrase !== hit.quote ? `≈ “${hit.phrase}”` : "",
      `${t("warnings.match")} ${t(`match.${hit.match}`)}`,
      percent(hit.score),
      hit.needs_audio ? t("trial.audio") : "",
      hit.also?.length ? t("warnings.also", { n: hit.also.length }) : "",
    ].filter(Boolean);
    return h(
      "li",
      { data: { severity: hit.severity } },
      h("button", {
        type: "button",
        text: `${t(`severity.${hit.severity}`)} · ${hit.title}`,
        on: { click: () => this.tell("cm-open-rule", { rule_id: hit.rule_id }) },
      }),
      h("p", { class: "why", text: facts.join(" · ") }),
      hit.rewrite && h("p", { text: hit.rewrite }),
    );
  }
}
