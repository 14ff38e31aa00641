/** Which stretches of a text belong to which quote. Pure. */

/**
 * @param {string} text
 * @param {{quote: string, severity: string}[]} quotes one that is not in the text marks nothing; of two that overlap
 *   the second has what the first leaves
 * @returns {{text: string, severity: string|null}[]} the whole text in order; null between the quotes
 */
export function stretches(text, quotes) {
  const found = quotes
    .map(({ quote, severity }) => ({ from: quote ? text.indexOf(quote) : -1, length: quote.length, severity }))
    .filter(({ from }) => from >= 0)
    .sort((a, b) => a.from - b.from || b.length - a.length);
  const parts = [];
  let at = 0;
  for (const { from, length, severity } of found) {
    if (from + length <= at) continue;
    if (from > at) parts.push({ text: text.slice(at, from), severity: null });
    parts.push({ text: text.slice(Math.max(from, at), from + length), severity });
    at = from + length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), severity: null });
  return parts;
}
