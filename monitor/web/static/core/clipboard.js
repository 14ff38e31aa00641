/** Copies text; also on a page served without TLS in a local network, where `navigator.clipboard` does not exist. */

export async function copy(text) {
  if (globalThis.isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused (no focus, a frame without permission): the old way may still work.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "cm-copying";
  area.setAttribute("readonly", "");
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus?.({ preventScroll: true });
  return done;
}
