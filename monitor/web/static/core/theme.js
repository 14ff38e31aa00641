/** Light or dark: as the system says, or as chosen; put on the page (or an embedded sidebar) as `data-theme`. */

import { read, write } from "./prefs.js";

const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
const listeners = new Set();
let chosen = read("theme", "auto");

dark?.addEventListener("change", () => tell());

export function theme() {
  if (chosen === "light" || chosen === "dark") return chosen;
  return dark?.matches ? "dark" : "light";
}

/** `auto`, `light` or `dark`. */
export function setTheme(choice) {
  chosen = choice;
  write("theme", choice);
  tell();
}

/** Keeps `data-theme` of `root` right until `signal` ends. */
export function themed(root, signal) {
  const set = () => {
    root.dataset.theme = theme();
  };
  listeners.add(set);
  signal?.addEventListener("abort", () => listeners.delete(set), { once: true });
  set();
}

function tell() {
  for (const listener of [...listeners]) listener();
}
