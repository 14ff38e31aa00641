/** Text with the words that a warning is about marked, as nodes. */

import { h } from "../core/dom.js";

/**
 * @param {string} text
 * @param {{quote: string, severity: string}[]} quotes marked where they stand; one that is not in the text is not
 * @returns {(Node|string)[]}
 */
export function marked(text, quotes) {
  const found = quotes
    .map(({ quote, severity }) => ({ from: quote ? text.indexOf(quote) : -1, quote, severity }))
    .filter(({ from }) => from >= 0)
    .sort((a, b) => a.from - b.from || b.quote.length - a.quote.length);
  const nodes = [];
  let at = 0;
  for (const { from, quote, severity } of found) {
    if (from < at) continue;
    if (from > at) nodes.push(text.slice(at, from));
    nodes.push(h("mark", { data: { severity }, text: quote }));
    at = from + quote.length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}
