/** What a person chose for this browser: language, theme, sound, keys, density. Never a token. */

const PREFIX = "call-monitor.";

/** The stored choice or `fallback`; a browser that forbids storage simply forgets. */
export function read(name, fallback = "") {
  try {
    return globalThis.localStorage?.getItem(PREFIX + name) ?? fallback;
  } catch {
    return fallback;
  }
}

export function write(name, value) {
  try {
    globalThis.localStorage?.setItem(PREFIX + name, value);
  } catch {
    // Private windows and third-party frames may refuse: the choice then lasts as long as the page.
  }
}
