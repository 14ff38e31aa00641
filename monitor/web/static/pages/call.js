/** `/calls/{id}` */

import { openPage } from "../core/page.js";
import { CallPage } from "../elements/call-page.js";
import { NavBar } from "../elements/nav-bar.js";
import { WarningList } from "../elements/warning-list.js";
import { WaveForm } from "../elements/wave-form.js";

export const elements = {
  "cm-nav-bar": NavBar,
  "cm-wave-form": WaveForm,
  "cm-warning-list": WarningList,
  "cm-call-page": CallPage,
};

export const open = () => openPage("call", "cm-call-page");
