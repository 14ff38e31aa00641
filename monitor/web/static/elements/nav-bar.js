/** Top of every page but the sidebar: where one is, where one may go, who one is, and the way out. */

import { Api } from "../core/api.js";
import { h, setAttribute, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { signOut } from "../core/session.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "nav-bar.css");

/** What each role has pages for. */
const PAGES = {
  supervisor: ["supervisor", "audit", "rules"],
  admin: ["supervisor", "audit", "rules"],
  auditor: ["audit", "rules"],
  agent: ["agent"],
};

export class NavBar extends View {
  static sheets = [css];

  build() {
    this.places = h("ul");
    this.who = h("span", { class: "who" });
    this.out = h("button", {
      class: "button quiet",
      type: "button",
      text: t("nav.out"),
      on: { click: () => signOut(new Api()) },
    });
    this.shadowRoot.append(
      h(
        "nav",
        { "aria-label": t("app.menu") },
        h(
          "span",
          { class: "brand" },
          h("img", { src: "/static/icon.svg", alt: "" }),
          h("span", { text: t("app.name") }),
        ),
        this.places,
        h("span", { class: "end" }, h("slot"), this.who, document.createElement("cm-prefs-menu"), this.out),
      ),
    );
  }

  /** @param {{session: object, page: string}} data */
  update({ session, page }) {
    const names = PAGES[session.role] ?? [];
    this.places.replaceChildren(
      ...names.map((name) => {
        const href = name === "agent" ? `/agent/${encodeURIComponent(session.agent_id)}` : `/${name}`;
        return h("li", {}, h("a", { href, text: t(`nav.${name}`), "aria-current": name === page ? "page" : null }));
      }),
    );
    setText(this.who, session.name || session.agent_id || t(`role.${session.role}`));
    setAttribute(
      this.who,
      "title",
      session.expires_at ? t("nav.until", { time: new Date(session.expires_at).toLocaleTimeString() }) : null,
    );
  }
}
