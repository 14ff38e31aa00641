/**
 * Signing in with a token: pasted, or brought by a link as `/login#token=…` (what stands behind `#` never reaches
 * a server's log). The token becomes a session cookie and is forgotten here.
 */

import { Api } from "../core/api.js";
import { h, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "sign-in.css");

export class SignIn extends View {
  static sheets = [css];

  #api = new Api();

  build() {
    this.token = h("input", {
      class: "field",
      id: "token",
      type: "password",
      autocomplete: "current-password",
      spellcheck: "false",
      required: true,
    });
    this.enter = h("button", { class: "button main", type: "submit", text: t("signin.enter") });
    this.trouble = troubleLine();
    this.form = h(
      "form",
      { method: "post" },
      h(
        "div",
        { class: "brand" },
        h("img", { src: "/static/icon.svg", alt: "" }),
        h("h1", { text: t("app.name") }),
        document.createElement("cm-prefs-menu"),
      ),
      h("label", { for: "token", text: t("signin.token") }),
      this.token,
      this.enter,
      this.trouble,
      h("p", { class: "help", text: t("signin.help") }),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(this.token.value.trim());
    });
    this.shadowRoot.append(this.form);
  }

  start() {
    const brought = new URLSearchParams(location.hash.slice(1)).get("token");
    // Any page that refuses its reader shows this one in its place.
    if (location.pathname !== "/login" && location.pathname !== "/") this.#wrong(t("signin.refused"));
    if (!brought) return this.token.focus();
    history.replaceState(null, "", location.pathname + location.search);
    return this.#enter(brought);
  }

  async #enter(token) {
    if (!token) return;
    this.enter.disabled = true;
    this.trouble.hidden = true;
    try {
      const who = await this.#api.post("/v1/session", { token });
      location.replace(destination(who));
    } catch (error) {
      const wait = /^\d+/.exec(error.hint)?.[0];
      this.#wrong(
        error.status === 401
          ? t("signin.wrong")
          : error.status === 429 && wait
            ? t("signin.wait", { s: wait })
            : failed(error),
      );
      this.token.select();
    } finally {
      this.enter.disabled = false;
    }
  }

  #wrong(words) {
    this.trouble.hidden = false;
    setText(this.trouble, words);
  }
}

/** Back to where the reader was sent away from, where that is a page of ours; else where the role begins. */
function destination(who) {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : who.home;
}
