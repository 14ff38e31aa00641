/** `/login` */

import { t } from "../core/i18n.js";
import { titled } from "../core/page.js";
import { themed } from "../core/theme.js";
import { SignIn } from "../elements/sign-in.js";

export const elements = { "cm-sign-in": SignIn };

export async function open() {
  themed(document.documentElement);
  titled(() => t("nav.login"));
  document.querySelector("main").replaceChildren(document.createElement("cm-sign-in"));
}
