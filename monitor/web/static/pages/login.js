/** `/login` */

import { t } from "../core/i18n.js";
import { themed } from "../core/theme.js";
import { SignIn } from "../elements/sign-in.js";

export const elements = { "cm-sign-in": SignIn };

export async function open() {
  themed(document.documentElement);
  document.title = `${t("nav.login")} · ${t("app.name")}`;
  document.querySelector("main").replaceChildren(document.createElement("cm-sign-in"));
}
