/** `/audit` */

import { openPage } from "../core/page.js";
import { AuditDesk } from "../elements/audit-desk.js";
import { AuditView } from "../elements/audit-view.js";
import { BarList } from "../elements/bar-list.js";
import { ColumnPlot } from "../elements/column-plot.js";
import { NavBar } from "../elements/nav-bar.js";
import { WarningList } from "../elements/warning-list.js";

export const elements = {
  "cm-nav-bar": NavBar,
  "cm-bar-list": BarList,
  "cm-column-plot": ColumnPlot,
  "cm-warning-list": WarningList,
  "cm-audit-view": AuditView,
  "cm-audit-desk": AuditDesk,
};

export const open = () => openPage("audit", "cm-audit-desk");
