/** `/rules` */

import { openPage } from "../core/page.js";
import { NavBar } from "../elements/nav-bar.js";
import { RuleBook } from "../elements/rule-book.js";
import { RuleSheet } from "../elements/rule-sheet.js";
import { RuleTrial } from "../elements/rule-trial.js";

export const elements = {
  "cm-nav-bar": NavBar,
  "cm-rule-trial": RuleTrial,
  "cm-rule-sheet": RuleSheet,
  "cm-rule-book": RuleBook,
};

export const open = () => openPage("rules", "cm-rule-book");
