/** Words on the page by dictionary: Chinese first, English beside it. A missing key shows itself. */

import { en } from "../i18n/en.js";
import { zh } from "../i18n/zh.js";
import { read, write } from "./prefs.js";

const DICTIONARIES = { zh, en };
const listeners = new Set();
let current = read("lang") in DICTIONARIES ? read("lang") : "zh";

/** The sentence of `key` with `{name}` slots filled from `values`. */
export function t(key, values = {}) {
  const sentence = DICTIONARIES[current][key] ?? zh[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (slot, name) => (name in values ? String(values[name]) : slot));
}

/** Whether the dictionary has `key` (for words that rules may add to, such as a protocol's name). */
export function has(key) {
  return key in zh;
}

export function language() {
  return current;
}

/** Switches the words of every element on the page. Unknown languages are ignored. */
export function setLanguage(lang, { keep = true } = {}) {
  if (!(lang in DICTIONARIES) || lang === current) return;
  current = lang;
  if (keep) write("lang", lang);
  for (const listener of [...listeners]) listener(lang);
}

/** Calls `listener` at each switch until `signal` ends. */
export function onLanguage(listener, signal) {
  listeners.add(listener);
  signal?.addEventListener("abort", () => listeners.delete(listener), { once: true });
}
