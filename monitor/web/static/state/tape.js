/** The notation of calls in rule files (`A2:您好 Q5.5 H:agent`), taken apart for people who do not write rules. Pure. */

const STRETCH = /^(?:\+[\d.]*)?([ACQXLH])([\d.]*)(?::(.*))?$/u;
const SIDES = { A: "agent", C: "customer" };

/**
 * @param {string} tape
 * @returns {{kind: "said"|"quiet"|"lost"|"level"|"ended", side: string, text: string, seconds: string}[]} what happens
 *   in turn; a stretch that is written in no known way stands as its own text
 */
export function played(tape) {
  return tape
    .split(/\s+/u)
    .filter(Boolean)
    .map((written) => {
      const found = STRETCH.exec(written);
      if (!found) return { kind: "said", side: "", text: written, seconds: "" };
      const [, letter, seconds, words = ""] = found;
      if (letter in SIDES) return { kind: "said", side: SIDES[letter], text: words, seconds };
      const kind = { Q: "quiet", X: "lost", L: "level", H: "ended" }[letter];
      return { kind, side: words.split("=")[0], text: "", seconds };
    });
}
