/** A row of tabs: one chosen, the arrow keys between them, a panel that knows whose it is. */

import { h, setAttribute } from "./dom.js";

export class Tabs {
  #buttons;
  #panel;

  /**
   * @param {object} options
   * @param {Record<string, Node[]>} options.tabs what stands on each, by its name
   * @param {string} options.label what they are together
   * @param {Element} options.panel what they switch, in the same shadow root
   * @param {(name: string) => void} options.choose
   */
  constructor({ tabs, label, panel, choose }) {
    this.#panel = panel;
    setAttribute(panel, "role", "tabpanel");
    setAttribute(panel, "id", "panel");
    setAttribute(panel, "tabindex", 0);
    const names = Object.keys(tabs);
    const props = (name, index) => ({
      type: "button",
      role: "tab",
      id: `tab-${name}`,
      "aria-controls": "panel",
      on: {
        click: () => choose(name),
        keydown: (event) => {
          const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!way) return;
          const next = (index + way + names.length) % names.length;
          choose(names[next]);
          this.#buttons[next].focus();
        },
      },
    });
    this.#buttons = names.map((name, index) => h("button", props(name, index), tabs[name]));
    this.node = h("div", { role: "tablist", "aria-label": label }, this.#buttons);
  }

  /** Shows which one is chosen. */
  mark(chosen) {
    for (const button of this.#buttons) {
      const mine = button.id === `tab-${chosen}`;
      setAttribute(button, "aria-selected", String(mine));
      setAttribute(button, "tabindex", mine ? 0 : -1);
    }
    setAttribute(this.#panel, "aria-labelledby", `tab-${chosen}`);
  }
}
