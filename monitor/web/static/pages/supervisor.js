/** `/supervisor` */

import { openPage } from "../core/page.js";
import { AppealQueue } from "../elements/appeal-queue.js";
import { BarList } from "../elements/bar-list.js";
import { CallDrawer } from "../elements/call-drawer.js";
import { CallTile } from "../elements/call-tile.js";
import { CallWall } from "../elements/call-wall.js";
import { ColumnPlot } from "../elements/column-plot.js";
import { DayPanel } from "../elements/day-panel.js";
import { NavBar } from "../elements/nav-bar.js";
import { SupervisorFloor } from "../elements/supervisor-floor.js";
import { TimeLine } from "../elements/time-line.js";
import { WallFilters } from "../elements/wall-filters.js";

export const elements = {
  "cm-nav-bar": NavBar,
  "cm-bar-list": BarList,
  "cm-column-plot": ColumnPlot,
  "cm-day-panel": DayPanel,
  "cm-appeal-queue": AppealQueue,
  "cm-time-line": TimeLine,
  "cm-call-drawer": CallDrawer,
  "cm-call-tile": CallTile,
  "cm-call-wall": CallWall,
  "cm-wall-filters": WallFilters,
  "cm-supervisor-floor": SupervisorFloor,
};

export const open = () => openPage("supervisor", "cm-supervisor-floor");
