/** `/agent/{id}`: the sidebar, filling the window. */

import { t } from "../core/i18n.js";
import { session, signIn } from "../core/session.js";
import { themed } from "../core/theme.js";

export const elements = {};

export async function open() {
  themed(document.documentElement);
  if (!(await session())) return signIn();
  const agent_id = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1));
  document.title = `${agent_id} · ${t("app.name")}`;
  const sidebar = document.createElement("compliance-sidebar");
  sidebar.setAttribute("agent-id", agent_id);
  sidebar.setAttribute("keys", "page");
  sidebar.addEventListener("cm-session-over", () => signIn());
  document.querySelector("main").replaceChildren(sidebar);
  return undefined;
}
