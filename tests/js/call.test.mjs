// state/call.js and state/parts.js: one call from its events.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newCall, step, NOTES_KEPT, WARNINGS_KEPT } from "../../monitor/web/static/state/call.js";
import { CAPTION_CHARS, CAPTIONS_KEPT } from "../../monitor/web/static/state/parts.js";
import { recorded } from "./recorded.js";

const fold = (events, call = newCall("c1")) => events.reduce((at, event) => step(at, event), call);
const said = (over = {}) => ({
  kind: "transcript",
  call_id: "c1",
  at_ms: 0,
  seen_at: "2026-03-09T08:00:00.000Z",
  status: "final",
  utterance_id: "agent-0",
  side: "agent",
  from_ms: 0,
  to_ms: 900,
  text: "您好",
  ...over,
});
const warned = (over = {}) => ({
  kind: "warning",
  call_id: "c1",
  at_ms: 10,
  seen_at: "2026-03-09T08:00:01.000Z",
  warning_id: "w1",
  status: "provisional",
  rule_id: "r",
  title: "t",
  severity: "major",
  side: "agent",
  quote: "q",
  from_ms: 0,
  to_ms: 10,
  ...over,
});

test("a recorded call ends with its captions, warnings, requirements and score", () => {
  const call = fold(recorded("complaint"));
  assert.equal(call.phase, "ended");
  assert.equal(call.ended.summary.score, 62);
  assert.equal(call.captions.length, 16);
  assert.ok(call.captions.every(({ status }) => status === "final"));
  assert.deepEqual(
    call.warnings.map(({ rule_id, status }) => [rule_id, status]),
    [
      ["not-my-job", "confirmed"],
      ["dont-be-angry", "confirmed"],
      ["absolute-promise", "confirmed"],
    ],
  );
  assert.equal(call.requirements.filter(({ status }) => status === "met").length, 8);
  assert.equal(call.notes.length, 1);
  assert.equal(call.replies.length, 2);
  assert.equal(call.state, "talking");
});

test("the same events twice, in one go or overlapping as after a reconnection, change nothing", () => {
  const events = recorded("complaint");
  const once = fold(events);
  assert.deepEqual(fold(events, once), once);
  const cut = fold(events.slice(0, 120));
  const again = fold(events.slice(100), cut);
  assert.deepEqual({ ...again, clock: null }, { ...once, clock: null });
});

test("step never changes the call it is given", () => {
  const events = recorded("complaint");
  let call = newCall("c1");
  for (const event of events) {
    const frozen = deepFreeze(structuredClone(call));
    call = step(frozen, event);
  }
  assert.equal(call.phase, "ended");
});

test("a final takes the place of its partials, and a late partial cannot undo it", () => {
  const call = fold([
    said({ status: "partial", text: "您" }),
    said({ status: "partial", text: "您号" }),
    said(),
    said({ status: "partial", text: "您号好" }),
  ]);
  assert.deepEqual(
    call.captions.map(({ text, status }) => [text, status]),
    [["您好", "final"]],
  );
});

test("an empty final takes its partials back", () => {
  const call = fold([said({ status: "partial", text: "嗯" }), said({ text: "" })]);
  assert.deepEqual(call.captions, []);
});

test("captions stand in the order in which people began to speak, whenever their words arrive", () => {
  const call = fold([
    said({ utterance_id: "agent-5000", from_ms: 5000, text: "二" }),
    said({ utterance_id: "customer-1000", side: "customer", from_ms: 1000, text: "一" }),
    said({ utterance_id: "agent-9000", from_ms: 9000, text: "三" }),
  ]);
  assert.equal(call.captions.map(({ text }) => text).join(""), "一二三");
});

test("a warning is confirmed in its place and keeps the moment it was first seen", () => {
  const call = fold([
    warned(),
    warned({ warning_id: "w2", seen_at: "2026-03-09T08:00:02.000Z" }),
    warned({ status: "confirmed", severity: "critical", seen_at: "2026-03-09T08:00:03.000Z" }),
  ]);
  assert.deepEqual(
    call.warnings.map(({ warning_id, status }) => [warning_id, status]),
    [
      ["w1", "confirmed"],
      ["w2", "provisional"],
    ],
  );
  assert.equal(call.warnings[0].first_seen_ms, Date.parse("2026-03-09T08:00:01.000Z"));
  assert.equal(call.warnings[0].severity, "critical");
});

test("a retracted warning is gone; one that was never shown does not appear", () => {
  assert.deepEqual(fold([warned(), warned({ status: "retracted" })]).warnings, []);
  assert.deepEqual(fold([warned({ status: "retracted" })]).warnings, []);
});

test("what is still provisional when the call ends was never confirmed, and leaves", () => {
  const call = fold([
    warned(),
    { kind: "call.ended", call_id: "c1", at_ms: 99, seen_at: "", reason: "hangup", summary: {} },
  ]);
  assert.deepEqual(call.warnings, []);
});

test("requirements are told apart by occasion", () => {
  const asked = (occasion, status) => ({
    kind: "requirement",
    call_id: "c1",
    at_ms: 0,
    seen_at: "",
    rule_id: "hold",
    title: "t",
    status,
    occasion,
  });
  const call = fold([asked(1, "pending"), asked(1, "met"), asked(2, "pending")]);
  assert.deepEqual(
    call.requirements.map(({ key, status }) => [key, status]),
    [
      ["hold#1", "met"],
      ["hold#2", "pending"],
    ],
  );
});

test("an event of an unknown kind only moves the call on", () => {
  const call = step(newCall("c1"), { kind: "weather", call_id: "c1", seq: 7, at_ms: 500, seen_at: "" });
  assert.equal(call.seq, 7);
  assert.equal(call.at_ms, 500);
});

test("every list is bounded, and so is one caption", () => {
  const many = Array.from({ length: 2000 }, (_, at) => at);
  const call = fold([
    ...many.map((at) => said({ utterance_id: `agent-${at}`, from_ms: at, text: "好" })),
    ...many.map((at) => warned({ warning_id: `w${at}` })),
    ...many.map((at) => ({
      kind: "note",
      call_id: "c1",
      at_ms: 0,
      seen_at: "",
      seq: at + 1,
      from: "王主管",
      text: "在",
    })),
  ]);
  assert.equal(call.captions.length, CAPTIONS_KEPT);
  assert.equal(call.captions.at(-1).utterance_id, "agent-1999");
  assert.equal(call.warnings.length, WARNINGS_KEPT);
  assert.equal(call.notes.length, NOTES_KEPT);
  const long = fold([said({ text: "长".repeat(10_000) })]);
  assert.equal(long.captions[0].text.length, CAPTION_CHARS + 1);
  assert.equal(
    fold(
      many.map((at) => said({ utterance_id: `agent-${at}`, from_ms: at })),
      newCall("c1", 5000),
    ).captions.length,
    2000,
  );
});

test("levels show a second's speech by its share and loudness, and nothing of before the page joined", () => {
  const measure = (at_ms, agent) => ({
    kind: "measure",
    call_id: "c1",
    at_ms,
    seen_at: "",
    talk_ms: { agent, customer: 0 },
    level_dbfs: { agent: -12, customer: null },
  });
  const joined = fold([
    measure(60_000, 30_000),
    measure(61_000, 31_000),
    measure(62_000, 31_000),
    measure(63_000, 31_500),
  ]);
  assert.deepEqual(
    joined.levels.map(({ agent }) => agent),
    [0, 1, 0, 0.5],
  );
  assert.deepEqual(
    fold([measure(1_000, 1_000)]).levels.map(({ agent }) => agent),
    [1],
  );
});

function deepFreeze(value) {
  if (value && typeof value === "object") {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
