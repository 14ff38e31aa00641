/** Pieces that a call, a tile on the wall and a desk share. Pure; every list is bounded by its caller. */

export const CAPTIONS_KEPT = 400;
/** Longest text one caption keeps: a recogniser that loops must not fill the page. */
export const CAPTION_CHARS = 4_000;

/** Captions in the order in which people began to speak; a final without text takes its partials back. */
export function captioned(captions, event, kept = CAPTIONS_KEPT) {
  const at = captions.findLastIndex((line) => line.utterance_id === event.utterance_id);
  if (at >= 0 && captions[at].status === "final" && event.status === "partial") return captions;
  if (!event.text && event.status === "final") return at < 0 ? captions : captions.toSpliced(at, 1);
  const line = {
    utterance_id: event.utterance_id,
    side: event.side,
    from_ms: event.from_ms,
    to_ms: event.to_ms,
    text: event.text.length > CAPTION_CHARS ? `${event.text.slice(0, CAPTION_CHARS)}…` : event.text,
    status: event.status,
    stable_chars: event.stable_chars ?? 0,
  };
  if (at >= 0) return captions.with(at, line);
  let place = captions.length;
  while (place > 0 && captions[place - 1].from_ms > line.from_ms) place -= 1;
  const next = captions.toSpliced(place, 0, line);
  return next.length > kept ? next.slice(-kept) : next;
}

/** A warning sent again replaces what was sent before; a retracted one leaves. */
export function warned(warnings, event, seen_ms, kept) {
  const at = warnings.findIndex((warning) => warning.warning_id === event.warning_id);
  if (event.status === "retracted") return at < 0 ? warnings : warnings.toSpliced(at, 1);
  const before = at < 0 ? null : warnings[at];
  const warning = { ...event, first_seen_ms: before?.first_seen_ms ?? seen_ms };
  return at >= 0 ? warnings.with(at, warning) : [...warnings, warning].slice(-kept);
}

/** `item` put in the place of the one with the same `key`, or at the end; when it was first seen is kept. */
export function replaced(list, key, item, kept) {
  const at = list.findIndex((one) => one[key] === item[key]);
  if (at < 0) return [...list, item].slice(-kept);
  return list.with(at, { ...item, first_seen_ms: list[at].first_seen_ms ?? item.first_seen_ms });
}

/** One point a second and side for sparklines: 0–1, how loud while the side spoke in that second. */
export function levelled(levels, before, event, kept) {
  const point = {};
  for (const side of Object.keys(event.talk_ms ?? {})) {
    // The first figure after joining a call holds all that was said before: it says nothing about this second.
    const spoken = before || event.at_ms <= 1_000 ? (event.talk_ms[side] ?? 0) - (before?.talk_ms?.[side] ?? 0) : 0;
    point[side] = spoken > 0 ? Math.min(1, spoken / 1000) * loudness(event.level_dbfs?.[side]) : 0;
  }
  return [...levels, point].slice(-kept);
}

/** −50 dBFS and below is a whisper (0.15), −12 dBFS and above is full. */
function loudness(dbfs) {
  if (dbfs === null || dbfs === undefined) return 0.5;
  return Math.min(1, Math.max(0.15, (dbfs + 50) / 38));
}
