/**
 * Which requirements stand in the few places of the checklist. A place keeps its requirement until it is decided,
 * shows that for a moment, and only then gives room to the next one: nothing moves while it is read. Pure.
 */

import { upcoming } from "./agent.js";

export const PLACES = 2;
/** How long a tick, or a miss, stays to be seen. */
export const DECIDED_SHOWN_MS = 4_000;

/**
 * @param {{key: string, status: string, since_ms: number}[]} places as given by this before; [] at first
 * @param {object[]} requirements as state/call.js keeps them
 * @param {number} now_ms wall time of this computer
 */
export function placed(places, requirements, now_ms) {
  const now = new Map(requirements.map((one) => [one.key, one.status]));
  const seen = places
    .filter(({ key }) => now.has(key))
    .map((place) =>
      place.status === now.get(place.key) ? place : { ...place, status: now.get(place.key), since_ms: now_ms },
    );
  const waiting = upcoming({ requirements }).filter(({ key }) => !seen.some((place) => place.key === key));
  const next = () => ({ key: waiting.shift().key, status: "pending", since_ms: now_ms });
  const kept = seen.map((place) => {
    const over = place.status !== "pending" && now_ms - place.since_ms >= DECIDED_SHOWN_MS;
    return over && waiting.length ? next() : place;
  });
  while (kept.length < PLACES && waiting.length) kept.push(next());
  if (!kept.length)
    for (const { key, status } of requirements.slice(-PLACES)) kept.push({ key, status, since_ms: now_ms });
  const same =
    kept.length === places.length &&
    kept.every((place, at) => place.key === places[at].key && place.status === places[at].status);
  return same ? places : kept;
}
