/** What every page behind the sign-in does first: theme, session, the bar at the top. */

import { Api } from "./api.js";
import { h } from "./dom.js";
import { language, onLanguage, t } from "./i18n.js";
import { session, signIn } from "./session.js";
import { themed } from "./theme.js";

/** Keeps the page's title and language right; `words` says what the page is about, in the language of now. */
export function titled(words) {
  const set = () => {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    document.title = `${words()} · ${t("app.name")}`;
  };
  onLanguage(set);
  set();
}

/**
 * Opens a page: `null` when nobody is signed in (the browser is on its way to the sign-in page).
 *
 * @param {string} name the page's name in the bar
 * @param {string} element its element, which gets `api` and `session` and fills the page
 */
export async function openPage(name, element) {
  themed(document.documentElement);
  const api = new Api();
  const who = await session(api);
  if (!who) {
    signIn();
    return null;
  }
  titled(() => t(`nav.${name}`));
  const bar = document.createElement("cm-nav-bar");
  bar.show({ session: who, page: name });
  const view = document.createElement(element);
  Object.assign(view, { api, session: who });
  document.body.prepend(bar);
  document.querySelector("main").replaceChildren(view);
  document.addEventListener("cm-session-over", () => signIn());
  return { api, session: who, view, bar };
}

/** A message that a request failed, in the page's words with the server's code. */
export function failed(error) {
  const known = {
    0: "error.unreachable",
    401: "error.session",
    403: "error.forbidden",
    404: "error.missing",
    413: "error.large",
    429: "error.often",
  };
  const words = t(known[error.status] ?? "error.other");
  return [
    words,
    error.message && error.status ? error.message : "",
    error.code && error.code !== "NET" ? `(${error.code})` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** A line for trouble, read out when it appears. */
export function troubleLine() {
  return h("p", { class: "trouble", role: "alert", hidden: true });
}
