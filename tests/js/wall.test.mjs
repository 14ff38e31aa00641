// state/wall.js: tiles, need, groups and an order that keeps still.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  arranged,
  CALM_AFTER_MS,
  filled,
  LINGER_MS,
  need,
  newWall,
  passes,
  step,
  swept,
  teamOf,
  unheard,
} from "../../monitor/web/static/state/wall.js";
import { recorded } from "./recorded.js";

const T0 = Date.parse("2026-03-09T08:00:00.000Z");
const at = (ms) => new Date(T0 + ms).toISOString();
const event = (call_id, kind, ms, fields = {}) => ({ kind, call_id, at_ms: ms, seen_at: at(ms), ...fields });
const started = (call_id, ms = 0) =>
  event(call_id, "call.started", ms, { seq: 1, agent_id: `huadong-${call_id}`, direction: "inbound" });
const warning = (call_id, ms, severity = "critical", fields = {}) =>
  event(call_id, "warning", ms, {
    warning_id: `${call_id}:${ms}`,
    status: "confirmed",
    rule_id: "not-my-job",
    title: "推诿",
    severity,
    ...fields,
  });
const wallOf = (...events) => events.reduce((wall, one) => step(wall, one, Date.parse(one.seen_at)), newWall());
const ids = (wall) => wall.order.join("");

test("a hundred recorded calls end as a hundred tiles with their warnings", () => {
  let wall = newWall();
  for (let call = 0; call < 100; call += 1)
    for (const one of recorded("complaint").slice(0, -1)) wall = step(wall, { ...one, call_id: `c${call}` });
  assert.equal(wall.tiles.size, 100);
  for (const tile of wall.tiles.values()) assert.equal(tile.warnings.length, 3);
});

test("an event that was taken already changes nothing at all", () => {
  const wall = wallOf(started("a"));
  assert.equal(step(wall, started("a")), wall);
});

test("the end of a call nobody saw does not put it on the wall", () => {
  assert.equal(wallOf(event("x", "call.ended", 0, { summary: {} })).tiles.size, 0);
});

test("an ended call lingers, then leaves", () => {
  const wall = wallOf(started("a"), event("a", "call.ended", 1000, { seq: 2, summary: {} }));
  assert.equal(swept(wall, T0 + 1000 + LINGER_MS), wall);
  assert.equal(swept(wall, T0 + 1000 + LINGER_MS + 1).tiles.size, 0);
});

test("need: a critical warning, a complaint, a long silence, each more than a calm call; fading with time", () => {
  const one = (...events) => need(wallOf(started("a"), ...events).tiles.get("a"), T0 + 60_000);
  const calm = one();
  assert.equal(calm, 0);
  const fresh = one(warning("a", 60_000));
  const old = one(warning("a", 1000));
  assert.ok(fresh > old && old > calm);
  assert.ok(one(warning("a", 60_000, "critical", { status: "provisional" })) < fresh / 2);
  assert.ok(one(event("a", "state", 59_000, { state: "complaint", since_ms: 59_000 })) > 4);
  const silent = (since_ms) => one(event("a", "state", 60_000, { state: "silent", since_ms }));
  assert.ok(silent(40_000) > silent(58_000));
});

test("calls stand in groups; within a group they keep the order in which they came", () => {
  let wall = arranged(wallOf(started("a"), started("b"), started("c")), T0);
  assert.equal(ids(wall), "abc");
  wall = arranged(step(wall, warning("c", 1000), T0 + 1000), T0 + 1000);
  assert.equal(ids(wall), "cab");
  wall = arranged(step(wall, warning("b", 2000), T0 + 2000), T0 + 2000);
  assert.equal(wall.places.get("b").group, "act");
  assert.equal(wall.order.at(-1), "a");
});

test("a call that gets worse inside its group does not move", () => {
  let wall = wallOf(started("a"), started("b"), warning("a", 1000), warning("b", 1000));
  wall = arranged(wall, T0 + 1000);
  const before = wall.order;
  wall = arranged(step(wall, warning("b", 1500), T0 + 1500), T0 + 1500);
  assert.equal(wall.order, before);
});

test("down only after a while of calm, and not for a moment's dip", () => {
  const silent = (ms, state) => event("a", "state", ms, { state, since_ms: ms });
  let wall = arranged(
    wallOf(
      started("a"),
      started("b"),
      event("a", "state", 0, { state: "complaint", since_ms: 0 }),
      warning("a", 0, "minor"),
    ),
    T0,
  );
  assert.equal(wall.places.get("a").group, "act");
  wall = arranged(step(wall, silent(1000, "talking"), T0 + 1000), T0 + 1000);
  assert.equal(wall.places.get("a").group, "act");
  wall = arranged(wall, T0 + 1000 + CALM_AFTER_MS - 1);
  assert.equal(wall.places.get("a").group, "act");
  wall = arranged(wall, T0 + 1000 + CALM_AFTER_MS);
  assert.notEqual(wall.places.get("a").group, "act");
});

test("while somebody points at the wall nothing moves, but calls may come and go", () => {
  let wall = arranged(wallOf(started("a"), started("b")), T0);
  wall = step(step(wall, warning("b", 1000), T0 + 1000), started("c", 1000), T0 + 1000);
  wall = arranged(wall, T0 + 1000, true);
  assert.equal(ids(wall), "abc");
  wall = arranged(wall, T0 + 2000, false);
  assert.equal(ids(wall), "bac");
});

test("a page opened in the middle of the day is filled from the server's lists, live events win over them", () => {
  const rows = [
    {
      call_id: "a",
      agent_id: "huanan-7",
      team: "夜班",
      direction: "outbound",
      state: "hold",
      state_since_ms: 5000,
      last_ms: 9000,
    },
  ];
  const listed = [
    { ...warning("a", 3000), first_seen_at: at(3000) },
    { ...warning("a", 2000), first_seen_at: at(2000) },
  ];
  const wall = filled(newWall(), rows, listed);
  const tile = wall.tiles.get("a");
  assert.deepEqual([tile.team, tile.state, tile.direction, tile.at_ms], ["夜班", "hold", "outbound", 9000]);
  assert.deepEqual(
    tile.warnings.map(({ first_seen_ms }) => first_seen_ms - T0),
    [2000, 3000],
  );
  const live = filled(
    wallOf(started("a"), event("a", "state", 10, { seq: 2, state: "complaint", since_ms: 10 })),
    rows,
    listed,
  );
  assert.equal(live.tiles.get("a").state, "complaint");
  assert.equal(filled(wall, rows, listed).tiles.get("a").warnings.length, 2);
});

test("filters by team, state, severity, rule and text", () => {
  const wall = wallOf(
    started("a"),
    warning("a", 10, "minor"),
    event("a", "state", 20, { state: "hold", since_ms: 20 }),
  );
  const tile = wall.tiles.get("a");
  for (const filter of [
    {},
    { team: "huadong" },
    { state: "hold" },
    { severity: "minor" },
    { rule: "not-my-job" },
    { text: "HUADONG-A" },
  ])
    assert.ok(passes(tile, filter), JSON.stringify(filter));
  for (const filter of [
    { team: "huanan" },
    { state: "silent" },
    { severity: "critical" },
    { rule: "x" },
    { text: "zzz" },
  ])
    assert.ok(!passes(tile, filter), JSON.stringify(filter));
});

test("a team is what stands before the last dash, and nothing where there is none", () => {
  assert.deepEqual(["hua-dong-1007", "1007", "-7"].map(teamOf), ["hua-dong", "", ""]);
});

test("a line that is down shows, by its hole or by saying nothing, and not for ever", () => {
  const measured = wallOf(started("a"), event("a", "measure", 1000, { seq: 2, talk_ms: {} }));
  const tile = measured.tiles.get("a");
  assert.equal(unheard(tile, T0 + 2000), false);
  assert.equal(unheard(tile, T0 + 60_000), true);
  const holed = step(
    measured,
    event("a", "audio.gap", 5000, { seq: 3, side: "agent", from_ms: 1000, to_ms: 5000, reason: "stalled" }),
    T0 + 5000,
  ).tiles.get("a");
  assert.equal(unheard(holed, T0 + 5500), true);
  const back = step(
    wallOf(started("a"), event("a", "audio.gap", 5000, { seq: 3, to_ms: 5000 })),
    event("a", "measure", 16_000, { seq: 4, talk_ms: {} }),
    T0 + 16_000,
  ).tiles.get("a");
  assert.equal(unheard(back, T0 + 16_000), false);
});
