/**
 * The entry of every page, and the only place where elements get their names.
 *
 * Always defined: `<compliance-sidebar>` and its parts, so that this one script embeds the sidebar anywhere.
 * A page of ours names itself in `<meta name="cm-page">` and brings its own elements along.
 */

import { CallHead } from "./elements/call-head.js";
import { CaptionList } from "./elements/caption-list.js";
import { CheckList } from "./elements/check-list.js";
import { ComplianceSidebar } from "./elements/compliance-sidebar.js";
import { LinkState } from "./elements/link-state.js";
import { NowCard } from "./elements/now-card.js";
import { PrefsMenu } from "./elements/prefs-menu.js";
import { SideShelf } from "./elements/side-shelf.js";
import { TimeRing } from "./elements/time-ring.js";

const PAGES = {
  agent: () => import("./pages/agent.js"),
  login: () => import("./pages/login.js"),
  supervisor: () => import("./pages/supervisor.js"),
  call: () => import("./pages/call.js"),
  audit: () => import("./pages/audit.js"),
  rules: () => import("./pages/rules.js"),
};

function define(elements) {
  for (const [name, element] of Object.entries(elements))
    if (!customElements.get(name)) customElements.define(name, element);
}

define({
  "cm-time-ring": TimeRing,
  "cm-call-head": CallHead,
  "cm-now-card": NowCard,
  "cm-check-list": CheckList,
  "cm-caption-list": CaptionList,
  "cm-side-shelf": SideShelf,
  "cm-link-state": LinkState,
  "cm-prefs-menu": PrefsMenu,
  "compliance-sidebar": ComplianceSidebar,
});

const page = document.querySelector('meta[name="cm-page"]')?.content;
if (page in PAGES) {
  const { elements, open } = await PAGES[page]();
  define(elements);
  await open();
}
