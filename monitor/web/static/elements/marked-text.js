/** Text with the words that a warning is about marked, as nodes. */

import { h } from "../core/dom.js";
import { stretches } from "../state/marks.js";

/**
 * @param {string} text
 * @param {{quote: string, severity: string}[]} quotes marked where they stand; one that is not in the text is not
 * @returns {(Node|string)[]}
 */
export function marked(text, quotes) {
  return stretches(text, quotes).map((part) =>
    part.severity ? h("mark", { data: { severity: part.severity }, text: part.text }) : part.text,
  );
}
