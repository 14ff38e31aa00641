/**
 * What media time is it now? Rings and call clocks run from media time, which only the server counts.
 *
 * Every event tells two things: `seen_at − at_ms`, the wall time at which media time was 0 (late by however long the
 * event took to be noticed), and `received − seen_at`, how far this computer's clock is from the server's (late by the
 * network, and by a lot when the event is replayed). Lateness is never negative, so the smallest of the recent ones
 * is the truest. A window, not an all-time minimum: sample clocks drift, streams stall, laptops sleep.
 */

const WINDOW = 24;
/** Without an event for this long the clock stops: better a clock that stands than one that lies. */
const COAST_MS = 4_000;

/** Nothing known yet. */
export function noClock() {
  return { starts: [], skews: [], last_received_ms: 0, last_at_ms: 0 };
}

/**
 * The clock after one event.
 *
 * @param {object} clock as given by {@link noClock} or this
 * @param {number} at_ms media time of the event
 * @param {number} seen_ms wall time of publication, ms since 1970 on the server's clock
 * @param {number} received_ms wall time of arrival, ms since 1970 on this computer's clock
 */
export function observe(clock, at_ms, seen_ms, received_ms) {
  if (!Number.isFinite(seen_ms) || !Number.isFinite(at_ms)) return clock;
  return {
    // A line that stood still goes on where it was: media time began, as it were, that much later.
    starts: tail(stalled(clock, received_ms) ? [] : clock.starts, seen_ms - at_ms),
    skews: tail(clock.skews, received_ms - seen_ms),
    last_received_ms: received_ms,
    last_at_ms: Math.max(clock.last_at_ms, at_ms),
  };
}

/** Server wall time now, ms since 1970; this computer's own when nothing is known. */
export function serverNow(clock, now_ms) {
  return clock.skews.length ? now_ms - Math.min(...clock.skews) : now_ms;
}

/** Media time now, or `null` when nothing is known. Never runs more than a few seconds past the last event. */
export function mediaNow(clock, now_ms) {
  if (!clock.starts.length) return null;
  const limit = clock.last_received_ms + COAST_MS;
  const media = serverNow(clock, Math.min(now_ms, limit)) - Math.min(...clock.starts);
  return Math.max(media, clock.last_at_ms);
}

/** Whether the clock has stopped because nothing came for a while. */
export function stalled(clock, now_ms) {
  return clock.starts.length > 0 && now_ms - clock.last_received_ms > COAST_MS;
}

function tail(values, value) {
  const kept = values.length >= WINDOW ? values.slice(1) : values.slice();
  kept.push(value);
  return kept;
}
