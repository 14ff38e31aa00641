/**
 * One call as the pages know it: `step(call, event)` is pure and takes the contract's events however they arrive
 * (live, replayed, twice). Lists are bounded: a page stays open for a shift, a call may last two hours.
 */

import { noClock, observe } from "../core/media-clock.js";
import { CAPTIONS_KEPT, captioned, levelled, replaced, warned } from "./parts.js";

export const WARNINGS_KEPT = 200;
export const PROMPTS_KEPT = 40;
export const REQUIREMENTS_KEPT = 120;
export const NOTES_KEPT = 50;
export const REPLIES_KEPT = 6;
export const LEVELS_KEPT = 60;
export const GAPS_KEPT = 50;

/**
 * A call of which nothing is known but its name.
 *
 * @param {number} [captions_kept] lines kept: a page that follows calls all day keeps few, the page of one call all
 */
export function newCall(call_id, captions_kept = CAPTIONS_KEPT) {
  return {
    call_id,
    captions_kept,
    agent_id: "",
    direction: "inbound",
    sides: [],
    rules_version: "",
    model: "",
    seq: 0,
    at_ms: 0,
    started_at: "",
    phase: "live",
    state: "talking",
    since_ms: 0,
    captions: [],
    warnings: [],
    prompts: [],
    requirements: [],
    replies: [],
    notes: [],
    gaps: [],
    measure: null,
    levels: [],
    ended: null,
    clock: noClock(),
  };
}

/**
 * The call after `event`. An event whose `seq` was already taken changes nothing.
 *
 * @param {object} call
 * @param {object} event one JSON object of the contract
 * @param {number} received_ms wall time of arrival on this computer, ms since 1970
 */
export function step(call, event, received_ms = Date.parse(event.seen_at)) {
  if (event.seq && event.seq <= call.seq) return call;
  const seen_ms = Date.parse(event.seen_at);
  const next = {
    ...call,
    seq: event.seq || call.seq,
    at_ms: Math.max(call.at_ms, event.at_ms ?? 0),
    clock: observe(call.clock, event.at_ms, seen_ms, received_ms),
  };
  return KINDS[event.kind]?.(next, event, seen_ms) ?? next;
}

const KINDS = {
  "call.started": (call, event) => ({
    ...call,
    agent_id: event.agent_id,
    direction: event.direction,
    sides: event.sides ?? [],
    rules_version: event.rules_version ?? "",
    model: event.model ?? "",
    started_at: event.seen_at ?? "",
  }),

  transcript: (call, event) => ({ ...call, captions: captioned(call.captions, event, call.captions_kept) }),

  warning: (call, event, seen_ms) => ({ ...call, warnings: warned(call.warnings, event, seen_ms, WARNINGS_KEPT) }),

  prompt: (call, event, seen_ms) => ({
    ...call,
    prompts: replaced(call.prompts, "prompt_id", { ...event, first_seen_ms: seen_ms }, PROMPTS_KEPT),
  }),

  requirement: (call, event) => ({
    ...call,
    requirements: replaced(
      call.requirements,
      "key",
      { ...event, key: `${event.rule_id}#${event.occasion ?? 1}` },
      REQUIREMENTS_KEPT,
    ),
  }),

  reply: (call, event, seen_ms) => ({
    ...call,
    replies: replaced(call.replies, "reply_id", { ...event, first_seen_ms: seen_ms }, REPLIES_KEPT),
  }),

  measure: (call, event) => ({
    ...call,
    measure: event,
    levels: levelled(call.levels, call.measure, event, LEVELS_KEPT),
  }),

  state: (call, event) => ({ ...call, state: event.state, since_ms: event.since_ms }),

  note: (call, event, seen_ms) => ({
    ...call,
    notes: [...call.notes, { ...event, key: `${event.call_id}#${event.seq}`, first_seen_ms: seen_ms }].slice(
      -NOTES_KEPT,
    ),
  }),

  "audio.gap": (call, event) => ({ ...call, gaps: [...call.gaps, event].slice(-GAPS_KEPT) }),

  "call.ended": (call, event) => ({
    ...call,
    phase: "ended",
    captions: call.captions.filter((line) => line.status === "final"),
    warnings: call.warnings.filter((warning) => warning.status !== "provisional"),
    ended: { reason: event.reason, summary: event.summary ?? {}, at_ms: event.at_ms },
  }),
};
