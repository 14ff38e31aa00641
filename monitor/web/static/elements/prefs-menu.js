/** Language, light or dark, and on the sidebar sound and keys: what one person chooses for one browser. */

import { h, setAttribute } from "../core/dom.js";
import { language, setLanguage, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { read, write } from "../core/prefs.js";
import { sheet } from "../core/styles.js";
import { setTheme } from "../core/theme.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "prefs-menu.css");

export class PrefsMenu extends View {
  static sheets = [css];

  build() {
    this.opener = h(
      "button",
      {
        class: "button quiet opener",
        type: "button",
        "aria-expanded": "false",
        "aria-label": t("prefs.label"),
        title: t("prefs.label"),
      },
      icon("more"),
    );
    this.panel = h("div", { class: "panel", role: "group", "aria-label": t("prefs.label"), hidden: true });
    this.opener.addEventListener("click", () => this.#toggle(this.panel.hidden));
    this.shadowRoot.append(this.opener, this.panel);
    this.#fill();
  }

  start() {
    const { signal } = this;
    document.addEventListener("pointerdown", (event) => event.composedPath().includes(this) || this.#toggle(false), {
      signal,
    });
    this.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape" || this.panel.hidden) return;
        event.stopPropagation();
        this.#toggle(false);
        this.opener.focus();
      },
      { signal },
    );
  }

  #toggle(open) {
    this.panel.hidden = !open;
    setAttribute(this.opener, "aria-expanded", String(open));
    if (open) this.#fill();
  }

  #fill() {
    const onOff = [
      ["on", t("prefs.on")],
      ["off", t("prefs.off")],
    ];
    const rows = [
      this.#choice(
        "theme",
        [
          ["auto", t("prefs.theme.auto")],
          ["light", t("prefs.theme.light")],
          ["dark", t("prefs.theme.dark")],
        ],
        read("theme", "auto"),
        setTheme,
      ),
      this.#choice(
        "lang",
        [
          ["zh", "中文"],
          ["en", "English"],
        ],
        language(),
        setLanguage,
      ),
    ];
    if (this.hasAttribute("sidebar")) {
      rows.unshift(
        this.#choice("sound", onOff, read("sound", "off"), (value) => this.#chosen("sound", value)),
        this.#choice("keys", onOff, read("keys", "on"), (value) => this.#chosen("keys", value)),
      );
      rows.push(h("p", { class: "help", text: t("prefs.keysHelp") }));
    }
    this.panel.replaceChildren(...rows);
  }

  #chosen(name, value) {
    write(name, value);
    this.tell("cm-pref", { name, value });
  }

  #choice(name, options, now, choose) {
    const buttons = options.map(([value, word]) =>
      h("button", {
        type: "button",
        "aria-pressed": String(value === now),
        text: word,
        lang: value === "en" ? "en" : null,
        on: {
          click: () => {
            choose(value);
            for (const button of buttons) setAttribute(button, "aria-pressed", String(button.cmValue === value));
          },
        },
      }),
    );
    for (const [index, button] of buttons.entries()) button.cmValue = options[index][0];
    return h("fieldset", {}, h("legend", { text: t(`prefs.${name}`) }), h("div", { class: "choices" }, buttons));
  }
}
