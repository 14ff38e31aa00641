/** Stretches in which nobody spoke, as the captions show them. Pure. */

/** A silence shorter than this is a breath between two sentences; the handbook's figure is five seconds. */
export const SILENCE_MS = 5_000;

/**
 * @param {{from_ms: number, to_ms: number}[]} captions of all sides, in any order
 * @param {number} end_ms how far the call has come
 * @returns {{from_ms: number, to_ms: number}[]}
 */
export function silences(captions, end_ms, least_ms = SILENCE_MS) {
  const spoken = [...captions].sort((a, b) => a.from_ms - b.from_ms);
  const found = [];
  let quiet_from_ms = 0;
  for (const { from_ms, to_ms } of [...spoken, { from_ms: end_ms, to_ms: end_ms }]) {
    if (from_ms - quiet_from_ms >= least_ms) found.push({ from_ms: quiet_from_ms, to_ms: from_ms });
    quiet_from_ms = Math.max(quiet_from_ms, to_ms);
  }
  return found;
}
