/**
 * The wall: every live call as a tile, and the order in which a supervisor should look at them. Pure.
 *
 * Order follows need, but a wall that re-sorts itself cannot be read. So calls live in three groups; a call moves
 * when its group changes, up at once, down only after it has been calmer for a while, and never for less.
 */

import { mediaNow, noClock, observe, serverNow, stalled } from "../core/media-clock.js";
import { levelled, replaced, warned } from "./parts.js";
import { weight } from "./severity.js";

export const TILE_WARNINGS_KEPT = 20;
export const TILE_LEVELS_KEPT = 40;
/** An ended call stays on the wall for this long, so that it does not vanish under the eye. */
export const LINGER_MS = 8_000;
/** A call must be calmer for so long before it moves down. */
export const CALM_AFTER_MS = 12_000;
/** A hole in the audio is shown on the tile for so long. */
const GAP_SHOWN_MS = 10_000;
/** The need of a warning halves in this time. */
const HALF_LIFE_MS = 120_000;

export const GROUPS = ["act", "watch", "calm"];

export function newWall() {
  return { tiles: new Map(), order: [], places: new Map() };
}

function newTile(call_id) {
  return {
    call_id,
    agent_id: "",
    team: "",
    direction: "inbound",
    seq: 0,
    at_ms: 0,
    phase: "live",
    state: "talking",
    since_ms: 0,
    warnings: [],
    prompts: [],
    levels: [],
    measure: null,
    line: null,
    ended: null,
    ended_seen_ms: 0,
    gap: null,
    clock: noClock(),
  };
}

/** The wall after one event of any call. Doubles change nothing. */
export function step(wall, event, received_ms = Date.parse(event.seen_at)) {
  const before = wall.tiles.get(event.call_id);
  if (before && event.seq && event.seq <= before.seq) return wall;
  // What is said about a call after its end (reviews) does not bring it back to the wall.
  if (!before && event.kind === "call.ended") return wall;
  const tiles = new Map(wall.tiles);
  tiles.set(event.call_id, tileStep(before ?? newTile(event.call_id), event, received_ms));
  return { ...wall, tiles };
}

/**
 * The wall with what the server's lists know of live calls, for a page that is opened while they are on.
 *
 * @param {object[]} rows as `GET /v1/calls` lists them
 * @param {object[]} warnings as `GET /v1/warnings` lists them
 */
export function filled(wall, rows, warnings = []) {
  const tiles = new Map(wall.tiles);
  for (const row of rows) {
    const before = tiles.get(row.call_id) ?? newTile(row.call_id);
    const known = {
      agent_id: row.agent_id,
      team: row.team || teamOf(row.agent_id),
      direction: row.direction ?? before.direction,
    };
    const newer =
      before.seq > 0
        ? {}
        : { state: row.state || "talking", since_ms: row.state_since_ms ?? 0, at_ms: row.last_ms ?? 0 };
    let mine = before.warnings;
    for (const warning of warnings.filter(({ call_id }) => call_id === row.call_id).toReversed()) {
      if (mine.some(({ warning_id }) => warning_id === warning.warning_id)) continue;
      mine = warned(mine, warning, Date.parse(warning.first_seen_at ?? warning.seen_at), TILE_WARNINGS_KEPT);
    }
    tiles.set(row.call_id, { ...before, ...known, ...newer, warnings: mine });
  }
  return { ...wall, tiles };
}

function tileStep(tile, event, received_ms) {
  const seen_ms = Date.parse(event.seen_at);
  const next = {
    ...tile,
    seq: event.seq || tile.seq,
    at_ms: Math.max(tile.at_ms, event.at_ms ?? 0),
    clock: observe(tile.clock, event.at_ms, seen_ms, received_ms),
  };
  switch (event.kind) {
    case "call.started":
      return {
        ...next,
        agent_id: event.agent_id,
        team: next.team || teamOf(event.agent_id),
        direction: event.direction,
      };
    case "transcript":
      return event.text ? { ...next, line: { side: event.side, text: event.text.slice(-120) } } : next;
    case "warning":
      return { ...next, warnings: warned(next.warnings, event, seen_ms, TILE_WARNINGS_KEPT) };
    case "prompt":
      return { ...next, prompts: replaced(next.prompts, "protocol", event, 8) };
    case "measure":
      return { ...next, measure: event, levels: levelled(next.levels, next.measure, event, TILE_LEVELS_KEPT) };
    case "state":
      return { ...next, state: event.state, since_ms: event.since_ms };
    case "audio.gap":
      return { ...next, gap: { to_ms: event.to_ms, reason: event.reason, seen_ms } };
    case "call.ended":
      return { ...next, phase: "ended", ended: event.summary ?? {}, ended_seen_ms: received_ms };
    default:
      return next;
  }
}

/** Whether nothing has been heard of a live call for a while: its line is down, or its server. */
export function unheard(tile, now_ms) {
  if (tile.phase === "ended") return false;
  return (
    stalled(tile.clock, now_ms) ||
    (tile.gap !== null && serverNow(tile.clock, now_ms) - tile.gap.seen_ms < GAP_SHOWN_MS)
  );
}

/** Leaves out calls whose end has been seen long enough. */
export function swept(wall, now_ms) {
  const gone = [...wall.tiles.values()].filter(
    (tile) => tile.phase === "ended" && now_ms - tile.ended_seen_ms > LINGER_MS,
  );
  if (!gone.length) return wall;
  const tiles = new Map(wall.tiles);
  for (const { call_id } of gone) tiles.delete(call_id);
  return { ...wall, tiles };
}

/**
 * How much a call needs somebody, as a number: what it is in, plus its warnings, fading with time.
 * A silence counts by its length, a hold from its first minute on.
 */
export function need(tile, now_ms) {
  if (tile.phase === "ended") return 0;
  const media_ms = mediaNow(tile.clock, now_ms) ?? tile.at_ms;
  const lasted_s = Math.max(0, media_ms - tile.since_ms) / 1000;
  const state =
    { abusive: 9, complaint: 4.5, silent: Math.min(6, lasted_s / 4), hold: lasted_s > 60 ? 3 : 1 }[tile.state] ?? 0;
  const server_ms = serverNow(tile.clock, now_ms);
  let warnings = 0;
  for (const warning of tile.warnings) {
    const age_ms = Math.max(0, server_ms - warning.first_seen_ms);
    const sure = warning.status === "provisional" ? 0.25 : 1;
    warnings += weight(warning.severity) * sure * 0.5 ** (age_ms / HALF_LIFE_MS);
  }
  const prompts = tile.prompts.some((prompt) => prompt.status === "missed") ? 2 : 0;
  return state + warnings + prompts;
}

function groupOf(needed) {
  if (needed >= 5) return "act";
  return needed >= 1.5 ? "watch" : "calm";
}

/**
 * Gives every call its place. Returns the wall itself when nothing has to move.
 *
 * @param {boolean} held somebody is pointing at the wall or working in it: calls may come and go, none may move
 */
export function arranged(wall, now_ms, held = false) {
  const places = new Map();
  for (const tile of wall.tiles.values())
    places.set(tile.call_id, placed(wall.places.get(tile.call_id), tile, now_ms, held));
  const rank = (id) => GROUPS.indexOf(places.get(id).group);
  const standing = wall.order.filter((id) => places.has(id));
  const stays = standing.filter((id) => places.get(id).group === wall.places.get(id).group);
  const order = GROUPS.flatMap((group) => stays.filter((id) => places.get(id).group === group));
  const comes = [...places.keys()]
    .filter((id) => !stays.includes(id))
    .sort((a, b) => places.get(b).entered - places.get(a).entered);
  for (const id of comes) {
    const { group, entered } = places.get(id);
    // Behind those of its group that came in with as much need or more; calm calls simply queue up.
    let at = order.findIndex(
      (other) =>
        rank(other) > rank(id) || (group !== "calm" && rank(other) === rank(id) && places.get(other).entered < entered),
    );
    if (at < 0) at = order.length;
    order.splice(at, 0, id);
  }
  const same = order.length === wall.order.length && order.every((id, index) => id === wall.order[index]);
  const steady = same && order.every((id) => places.get(id).group === wall.places.get(id)?.group);
  return { ...wall, places, order: steady ? wall.order : order };
}

function placed(before, tile, now_ms, held) {
  const needed = need(tile, now_ms);
  const group = groupOf(needed);
  if (!before) return { group, entered: needed, lower_since: 0 };
  const up = GROUPS.indexOf(group) < GROUPS.indexOf(before.group);
  if (group === before.group) return { ...before, lower_since: 0 };
  if (held || tile.phase === "ended") return before;
  if (up) return { group, entered: needed, lower_since: 0 };
  const lower_since = before.lower_since || now_ms;
  if (now_ms - lower_since < CALM_AFTER_MS) return { ...before, lower_since };
  return { group, entered: needed, lower_since: 0 };
}

/** The team an agent belongs to where the server was told none: what stands before the last `-` of the agent's id. */
export function teamOf(agent_id) {
  const at = agent_id.lastIndexOf("-");
  return at > 0 ? agent_id.slice(0, at) : "";
}

/** Whether a tile passes the filters `{team, severity, rule, state, text}`; empty ones let everything pass. */
export function passes(tile, filters) {
  const { team = "", severity = "", rule = "", state = "", text = "" } = filters;
  if (team && tile.team !== team) return false;
  if (state && tile.state !== state) return false;
  if (severity && !tile.warnings.some((warning) => warning.severity === severity)) return false;
  if (rule && !tile.warnings.some((warning) => warning.rule_id === rule)) return false;
  return !text || `${tile.agent_id} ${tile.call_id}`.toLowerCase().includes(text.toLowerCase());
}
