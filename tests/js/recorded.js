// Recorded calls in the contract's shape (tests/js/fixtures): each line one event.

import { readFileSync } from "node:fs";

export function recorded(name) {
  const text = readFileSync(new URL(`fixtures/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Wall time at which an event of a recording was seen, ms since 1970. */
export const seen = (event) => Date.parse(event.seen_at);
