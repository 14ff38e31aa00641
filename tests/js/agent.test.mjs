// state/agent.js: which call is on, and the one card for now.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  activePrompts,
  card,
  newDesk,
  step,
  upcoming,
  DUE_SOON_MS,
  WARNING_FIRST_MS,
  WARNING_FRESH_MS,
} from "../../monitor/web/static/state/agent.js";
import { recorded, seen } from "./recorded.js";

const T0 = Date.parse("2026-03-09T08:00:00.000Z");
const at = (ms) => new Date(T0 + ms).toISOString();
const started = (call_id = "c1") => ({
  kind: "call.started",
  call_id,
  at_ms: 0,
  seen_at: at(0),
  seq: 1,
  agent_id: "a1",
  direction: "inbound",
  sides: ["agent", "customer"],
});
const event = (kind, ms, fields) => ({ kind, call_id: "c1", at_ms: ms, seen_at: at(ms), ...fields });
const warning = (ms, fields = {}) =>
  event("warning", ms, {
    warning_id: `w${ms}`,
    status: "confirmed",
    rule_id: "r",
    title: "推诿",
    severity: "major",
    quote: "不归我管",
    from_ms: ms,
    to_ms: ms,
    rewrite: "我来跟进",
    ...fields,
  });
const prompt = (ms, fields = {}) =>
  event("prompt", ms, {
    prompt_id: "silent/ask@5000",
    status: "shown",
    protocol: "silent-call-inbound",
    step: "ask-again",
    say: "您好",
    due_ms: null,
    next_ms: null,
    may_end: false,
    ...fields,
  });
const desk = (...events) =>
  events.reduce((state, one) => step(state, one, Date.parse(one.seen_at) || 0), newDesk("a1"));
const kind = (state, ms) => card(state, T0 + ms).kind;

/** What the card says at each event of a recorded call, repeats left out. */
function story(name) {
  let state = newDesk("huadong-1012");
  const told = [];
  for (const one of recorded(name)) {
    state = step(state, one, seen(one));
    const now = card(state, seen(one));
    const words = [now.kind, now.item?.step ?? now.item?.rule_id ?? "", now.item?.status ?? ""]
      .filter(Boolean)
      .join(" ");
    if (told.at(-1) !== words) told.push(words);
  }
  return told;
}

test("the silent call, step by step to the permitted hang-up", () => {
  assert.deepEqual(story("silent").slice(-7), [
    "prompt ask-again shown",
    "prompt ask-again done",
    "prompt call-back shown",
    "prompt call-back done",
    "prompt hang-up shown",
    "calm",
    "ended",
  ]);
});

test("hanging up before the last five seconds ends in a warning of the call", () => {
  const events = recorded("silent-early");
  const state = desk(...events);
  assert.equal(state.call.phase, "ended");
  assert.deepEqual(
    state.call.warnings.map(({ match, severity }) => [match, severity]),
    [["protocol", "critical"]],
  );
  assert.ok(!events.some(({ may_end }) => may_end === true));
});

test("a complaint call: every warning has its turn on the card", () => {
  const told = story("complaint");
  for (const words of [
    "warning not-my-job provisional",
    "warning not-my-job confirmed",
    "warning dont-be-angry confirmed",
    "warning absolute-promise confirmed",
    "prompt keep-in-touch shown",
    "reply reply-quality",
  ]) {
    assert.ok(told.includes(words), `${words} in ${told.join(" | ")}`);
  }
});

test("without a call there is nothing to do; without urgency the card is calm and names what comes next", () => {
  assert.equal(kind(newDesk("a1"), 0), "idle");
  const state = desk(
    started(),
    event("requirement", 0, { rule_id: "blessing", status: "pending", title: "祝福", say: "再见", due_ms: null }),
  );
  const calm = card(state, T0 + 1000);
  assert.equal(calm.kind, "calm");
  assert.equal(calm.item.rule_id, "blessing");
});

test("a warning calms down by itself and stays in the call's list", () => {
  const state = desk(started(), warning(1000));
  assert.equal(kind(state, 1000 + WARNING_FRESH_MS - 1), "warning");
  assert.equal(kind(state, 1000 + WARNING_FRESH_MS + 1), "calm");
  assert.equal(state.call.warnings.length, 1);
});

test("freshness counts from when a warning was first seen, not from when it was confirmed", () => {
  const state = desk(started(), warning(1000, { status: "provisional" }), { ...warning(1000), seen_at: at(9000) });
  assert.equal(kind(state, 1000 + WARNING_FRESH_MS + 1), "calm");
});

test("what is replayed from minutes ago does not take the card", () => {
  const state = [started(), warning(1000), event("measure", 300_000, { talk_ms: {} })].reduce(
    (s, one) => step(s, one, T0 + 300_000),
    newDesk("a1"),
  );
  assert.equal(kind(state, 300_000), "calm");
});

test("a running protocol comes before a critical warning, that before other prompts, those before milder warnings", () => {
  const critical = warning(2000, { severity: "critical", warning_id: "wc" });
  const hold = prompt(2000, { prompt_id: "hold@1", protocol: "hold" });
  const running = prompt(2000, { next_ms: 9000 });
  const major = warning(2000, { warning_id: "wm" });
  const order = (...given) => card(desk(started(), ...given), T0 + 2000).key;
  assert.equal(order(major, hold, critical, running), "prompt:silent/ask@5000");
  assert.equal(order(major, hold, critical), "warning:wc");
  assert.equal(order(major, hold), "prompt:hold@1");
  assert.equal(order(major), "warning:wm");
  assert.equal(card(desk(started(), major, hold, critical, running), T0 + 2000).others, 3);
});

test("a newer milder warning takes over once the older has had its time", () => {
  const state = desk(
    started(),
    warning(1000, { severity: "critical", warning_id: "old" }),
    warning(4000, { severity: "minor", warning_id: "new" }),
  );
  assert.equal(card(state, T0 + 4000).key, "warning:old");
  assert.equal(card(state, T0 + 1000 + WARNING_FIRST_MS).key, "warning:new");
});

test("what the agent has read leaves the card, and the next thing takes it", () => {
  let state = desk(
    started(),
    warning(1000, { severity: "critical", warning_id: "a" }),
    warning(1500, { warning_id: "b" }),
  );
  state = step(state, { kind: "page.dismissed", key: "warning:a" });
  assert.equal(card(state, T0 + 2000).key, "warning:b");
});

test("a prompt that was said stays while its time runs, and gives way to the protocol's next step", () => {
  const done = prompt(6000, { status: "done", next_ms: 11_000 });
  const state = desk(started(), prompt(5000), done);
  assert.equal(activePrompts(state.call, 10_999).length, 1);
  assert.equal(activePrompts(state.call, 11_000).length, 0);
  const next = step(state, prompt(11_000, { prompt_id: "silent/back@11000", step: "call-back" }), T0 + 11_000);
  assert.deepEqual(
    activePrompts(next.call, 11_000).map(({ step: name }) => name),
    ["call-back"],
  );
});

test("cleared and missed prompts ask for nothing any more", () => {
  for (const status of ["cleared", "missed"])
    assert.deepEqual(activePrompts(desk(started(), prompt(5000), prompt(6000, { status })).call, 6000), []);
});

test("a requirement takes the card only when its time is nearly up, and not after", () => {
  const state = desk(
    started(),
    event("requirement", 0, { rule_id: "greeting", status: "pending", title: "问候", say: "您好", due_ms: 20_000 }),
  );
  assert.equal(kind(state, 20_000 - DUE_SOON_MS - 1), "calm");
  assert.equal(
    kind({ ...state, call: step(state, event("measure", 13_000, { talk_ms: {} }), T0 + 13_000).call }, 13_000),
    "requirement",
  );
  assert.equal(
    kind({ ...state, call: step(state, event("measure", 20_500, { talk_ms: {} }), T0 + 20_500).call }, 20_500),
    "calm",
  );
});

test("what is due soonest comes first, what has no deadline keeps the order of the call", () => {
  const pending = (rule_id, due_ms) => event("requirement", 0, { rule_id, status: "pending", title: rule_id, due_ms });
  const state = desk(started(), pending("a", null), pending("b", 9000), pending("c", 4000), pending("d", null));
  assert.deepEqual(
    upcoming(state.call).map(({ rule_id }) => rule_id),
    ["c", "b", "a", "d"],
  );
});

test("a new call takes the desk; what is still said about the one before does not bring it back", () => {
  let state = desk(started("c1"), warning(1000));
  state = step(state, { ...started("c2"), seen_at: at(5000) }, T0 + 5000);
  assert.equal(state.call.call_id, "c2");
  assert.deepEqual(state.dismissed, []);
  state = step(state, { ...warning(900), seq: 99 }, T0 + 5100);
  assert.equal(state.call.call_id, "c2");
  assert.equal(state.call.warnings.length, 0);
});

test("a page opened in the middle of a call takes it over, but never from a call that is on", () => {
  const joined = desk(event("measure", 60_000, { talk_ms: {} }));
  assert.equal(joined.call.call_id, "c1");
  const other = step(joined, { ...event("measure", 1000, { talk_ms: {} }), call_id: "c9" }, T0);
  assert.equal(other.call.call_id, "c1");
});

test("appeals are remembered by warning, and forgotten with the call", () => {
  let state = desk(started(), warning(1000, { warning_id: "a" }));
  state = step(state, { kind: "page.appeal", warning_id: "a", status: "sent" });
  assert.equal(state.appeals.a.status, "sent");
  assert.deepEqual(step(state, { ...started("c2"), seen_at: at(9000) }, T0 + 9000).appeals, {});
});

test("what the server knows of appeals and verdicts is taken over", () => {
  const reviews = [
    { warning_id: "a", appeal: "open", verdict: "" },
    { warning_id: "b", appeal: "", verdict: "" },
    { warning_id: "c", appeal: "closed", verdict: "overturned" },
  ];
  const state = step(desk(started()), { kind: "page.reviews", reviews });
  assert.deepEqual(state.appeals, { a: { status: "sent", verdict: "" }, c: { status: "sent", verdict: "overturned" } });
});
