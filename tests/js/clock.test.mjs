// core/media-clock.js: media time from what events tell.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mediaNow, noClock, observe, serverNow, stalled } from "../../monitor/web/static/core/media-clock.js";

const START = 1_000_000;

/** `count` measures, one a second: seen `lag` later, received `net` later on a computer that is `skew` off. */
function ticked(count, { lag = () => 20, net = () => 10, skew = 0, from = 1 } = {}) {
  let clock = noClock();
  for (let s = from; s < from + count; s += 1) {
    const at_ms = s * 1000;
    const seen_ms = START + at_ms + lag(s);
    clock = observe(clock, at_ms, seen_ms, seen_ms + net(s) + skew);
  }
  return clock;
}

test("nothing is known before the first event", () => {
  assert.equal(mediaNow(noClock(), 5), null);
  assert.equal(serverNow(noClock(), 5), 5);
  assert.equal(stalled(noClock(), 1e12), false);
});

test("media time is right to the lag of the promptest event, whatever this computer's clock says", () => {
  for (const skew of [0, 3_600_000, -86_400_000]) {
    const clock = ticked(10, { lag: (s) => (s % 5 ? 400 : 20), net: (s) => (s % 3 ? 90 : 10), skew });
    const media = mediaNow(clock, START + 10_500 + skew);
    assert.ok(Math.abs(media - 10_500) <= 40, `${media} with skew ${skew}`);
  }
});

test("events replayed long after they were published do not slow the clock once live ones come", () => {
  let clock = noClock();
  for (let s = 1; s <= 60; s += 1) clock = observe(clock, s * 1000, START + s * 1000 + 20, START + 60_500);
  clock = observe(clock, 61_000, START + 61_020, START + 61_030);
  assert.ok(Math.abs(mediaNow(clock, START + 61_530) - 61_500) <= 40);
});

test("it never stands before the newest event and stops soon after the last", () => {
  const clock = ticked(5);
  assert.equal(mediaNow(clock, 0), 5000);
  assert.equal(stalled(clock, START + 5_030 + 3_000), false);
  assert.equal(stalled(clock, START + 5_030 + 5_000), true);
  const stopped = mediaNow(clock, START + 5_030 + 60_000);
  assert.ok(stopped < 5000 + 4_100, `${stopped}`);
});

test("a stream that stalled and came back later is followed within the window", () => {
  let clock = ticked(30);
  // Ten seconds of wall time in which no media time passed.
  for (let s = 31; s <= 60; s += 1)
    clock = observe(clock, s * 1000, START + 10_000 + s * 1000 + 20, START + 10_000 + s * 1000 + 30);
  assert.ok(Math.abs(mediaNow(clock, START + 10_000 + 60_500) - 60_500) <= 40);
});

test("a line that stood still is followed from its first event on, a late event on a running one is not", () => {
  const stood = observe(ticked(30), 30_200, START + 40_220, START + 40_230);
  assert.ok(Math.abs(mediaNow(stood, START + 41_230) - 31_200) <= 40, `${mediaNow(stood, START + 41_230)}`);
  const late = observe(ticked(30), 30_200, START + 32_220, START + 32_230);
  assert.ok(Math.abs(mediaNow(late, START + 32_230) - 32_230) <= 40, `${mediaNow(late, START + 32_230)}`);
});

test("events without a time change nothing", () => {
  const clock = ticked(3);
  assert.equal(observe(clock, 4000, NaN, 1), clock);
  assert.equal(observe(clock, undefined, 5, 1), clock);
});
