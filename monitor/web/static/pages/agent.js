/**
 * `/agent/{id}`: the sidebar, filling the window. In a frame of another site (`?embed=1&token=…`) browsers keep
 * cookies back, so there the token itself is used; it leaves the address at once.
 */

import { titled } from "../core/page.js";
import { session, signIn } from "../core/session.js";
import { themed } from "../core/theme.js";

export const elements = {};

export async function open() {
  themed(document.documentElement);
  const query = new URLSearchParams(location.search);
  const token = query.has("embed") ? query.get("token") : "";
  if (token) history.replaceState(null, "", `${location.pathname}?embed=1`);
  else if (!(await session())) return signIn();
  const agent_id = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1));
  titled(() => agent_id);
  const sidebar = document.createElement("compliance-sidebar");
  sidebar.setAttribute("agent-id", agent_id);
  sidebar.setAttribute("keys", "page");
  if (token) sidebar.setAttribute("token", token);
  else sidebar.addEventListener("cm-session-over", () => signIn());
  document.querySelector("main").replaceChildren(sidebar);
  return undefined;
}
