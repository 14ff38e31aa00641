/**
 * The agent's desk: the call that is on, what the agent has done on the page, and the one card for now.
 * Pure. What the agent does comes in as events too, of kinds `page.*`, which never leave the page.
 */

import { mediaNow, serverNow } from "../core/media-clock.js";
import { newCall, step as callStep } from "./call.js";

/** How long a warning holds the card: time to read the rewrite aloud, then it calms down into the list. */
export const WARNING_FRESH_MS = 20_000;
/** After this long a newer warning, though milder, is more use to somebody who is talking. */
export const WARNING_FIRST_MS = 8_000;
export const NOTE_FRESH_MS = 25_000;
export const REPLY_FRESH_MS = 25_000;
/** A requirement takes the card when so little time is left to say it. */
export const DUE_SOON_MS = 8_000;
const CALLS_REMEMBERED = 20;

export function newDesk(agent_id) {
  return { agent_id, call: null, earlier: [], dismissed: [], appeals: {} };
}

/** The desk after an event of the contract, or of the page itself. */
export function step(desk, event, received_ms) {
  if (event.kind in PAGE) return PAGE[event.kind](desk, event);
  const { call } = desk;
  if (call?.call_id === event.call_id) return { ...desk, call: callStep(call, event, received_ms) };
  if (desk.earlier.includes(event.call_id)) return desk;
  // A call nobody announced is taken over only when the desk is free: the page was opened in the middle of it.
  if (event.kind !== "call.started" && call?.phase === "live") return desk;
  return {
    ...desk,
    call: callStep(newCall(event.call_id), event, received_ms),
    earlier: call ? [...desk.earlier, call.call_id].slice(-CALLS_REMEMBERED) : desk.earlier,
    dismissed: [],
    appeals: {},
  };
}

const PAGE = {
  /** The agent has read the card `key`. */
  "page.dismissed": (desk, { key }) => ({ ...desk, dismissed: [...desk.dismissed, key].slice(-200) }),
  /** An appeal is on its way, was taken, or failed: `status` sending / sent / failed. */
  "page.appeal": (desk, { warning_id, status }) => ({
    ...desk,
    appeals: { ...desk.appeals, [warning_id]: { status, verdict: "" } },
  }),
  /** What the server knows of appeals and verdicts: after a reload, and when a supervisor has decided. */
  "page.reviews": (desk, { reviews }) => ({
    ...desk,
    appeals: reviews.reduce(
      (known, { warning_id, appeal, verdict }) =>
        appeal || verdict ? { ...known, [warning_id]: { status: "sent", verdict } } : known,
      desk.appeals,
    ),
  }),
};

/**
 * The one card for now: what needs doing first, and how many other things wait.
 *
 * Order: a protocol whose time is running, a critical warning, any other prompt, other warnings, a requirement that
 * is nearly due, a note, a reply to offer; else calm with what comes next. Of equals the newest wins.
 *
 * @param {number} now_ms wall time of this computer, ms since 1970
 */
export function card(desk, now_ms) {
  const { call } = desk;
  if (!call) return { kind: "idle", key: "idle", others: 0 };
  if (call.phase === "ended") return { kind: "ended", key: `ended:${call.call_id}`, item: call.ended, others: 0 };
  const media_ms = mediaNow(call.clock, now_ms) ?? call.at_ms;
  const server_ms = serverNow(call.clock, now_ms);
  const wanted = candidates(call, media_ms, server_ms)
    .filter(({ key }) => !desk.dismissed.includes(key))
    .sort((a, b) => b.urgency - a.urgency || b.since - a.since);
  if (wanted.length) return { ...wanted[0], others: wanted.length - 1 };
  return { kind: "calm", key: "calm", item: upcoming(call)[0] ?? null, others: 0 };
}

const WARNING_URGENCY = {
  critical: { first: 90, then: 66 },
  major: { first: 72, then: 64 },
  minor: { first: 70, then: 62 },
  hint: { first: 40, then: 40 },
};

function candidates(call, media_ms, server_ms) {
  const found = [];
  for (const prompt of activePrompts(call, media_ms)) {
    const running = prompt.next_ms !== null && prompt.next_ms !== undefined;
    found.push({
      kind: "prompt",
      key: `prompt:${prompt.prompt_id}`,
      item: prompt,
      urgency: running || prompt.may_end ? 100 : 80,
      since: prompt.at_ms,
    });
  }
  for (const warning of call.warnings) {
    const age_ms = server_ms - warning.first_seen_ms;
    if (age_ms > WARNING_FRESH_MS) continue;
    const { first, then } = WARNING_URGENCY[warning.severity] ?? WARNING_URGENCY.hint;
    const urgency = age_ms < WARNING_FIRST_MS ? first : then;
    found.push({
      kind: "warning",
      key: `warning:${warning.warning_id}`,
      item: warning,
      urgency,
      since: warning.first_seen_ms,
    });
  }
  for (const requirement of upcoming(call)) {
    const left = (requirement.due_ms ?? Infinity) - media_ms;
    if (left > DUE_SOON_MS || left < 0) continue;
    found.push({
      kind: "requirement",
      key: `requirement:${requirement.key}`,
      item: requirement,
      urgency: 60,
      since: requirement.at_ms,
    });
  }
  for (const note of call.notes) {
    if (server_ms - note.first_seen_ms > NOTE_FRESH_MS) continue;
    found.push({ kind: "note", key: `note:${note.key}`, item: note, urgency: 55, since: note.first_seen_ms });
  }
  for (const reply of call.replies) {
    if (server_ms - reply.first_seen_ms > REPLY_FRESH_MS) continue;
    found.push({ kind: "reply", key: `reply:${reply.reply_id}`, item: reply, urgency: 50, since: reply.first_seen_ms });
  }
  return found;
}

/**
 * Prompts that still ask for something: the newest of each protocol, while it is shown, or while the time that
 * began with it still runs (said, and now waiting for the customer).
 */
export function activePrompts(call, media_ms) {
  const newest = new Map();
  for (const prompt of call.prompts) newest.set(prompt.protocol, prompt);
  return [...newest.values()].filter(
    (prompt) => prompt.status === "shown" || (prompt.status === "done" && (prompt.next_ms ?? -1) > media_ms),
  );
}

/** Requirements still to be said, the soonest due first, those without a deadline in the order of the call. */
export function upcoming(call) {
  return call.requirements
    .filter(({ status }) => status === "pending")
    .sort((a, b) => (a.due_ms ?? Infinity) - (b.due_ms ?? Infinity) || 0);
}
