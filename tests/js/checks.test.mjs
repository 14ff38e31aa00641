// state/checks.js: which requirements stand in the places of the checklist.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DECIDED_SHOWN_MS, placed } from "../../monitor/web/static/state/checks.js";

const need = (key, status = "pending", due_ms = null) => ({ key, status, due_ms });
const keys = (places) => places.map(({ key, status }) => `${key} ${status}`);

test("the next two stand there, the soonest due first", () => {
  assert.deepEqual(keys(placed([], [need("a"), need("b", "pending", 900), need("c")], 0)), ["b pending", "a pending"]);
});

test("nothing changes while nothing is decided, whatever comes to be due sooner", () => {
  const first = placed([], [need("a"), need("b")], 0);
  assert.equal(placed(first, [need("a"), need("b"), need("c", "pending", 5)], 60_000), first);
});

test("a tick is seen in its place for a moment, then the next one takes it", () => {
  const first = placed([], [need("a"), need("b"), need("c")], 0);
  const ticked = placed(first, [need("a", "met"), need("b"), need("c")], 1000);
  assert.deepEqual(keys(ticked), ["a met", "b pending"]);
  assert.equal(placed(ticked, [need("a", "met"), need("b"), need("c")], 1000 + DECIDED_SHOWN_MS - 1), ticked);
  assert.deepEqual(keys(placed(ticked, [need("a", "met"), need("b"), need("c")], 1000 + DECIDED_SHOWN_MS)), [
    "c pending",
    "b pending",
  ]);
});

test("when nothing is left to say, what was decided last stays", () => {
  const done = placed(placed([], [need("a")], 0), [need("a", "met")], 1000);
  assert.deepEqual(keys(placed(done, [need("a", "met")], 1e6)), ["a met"]);
  assert.deepEqual(keys(placed([], [need("a", "met"), need("b", "missed"), need("c", "met")], 0)), [
    "b missed",
    "c met",
  ]);
  assert.deepEqual(placed([], [], 0), []);
});

test("a new call begins with its own", () => {
  assert.deepEqual(keys(placed(placed([], [need("a")], 0), [need("x"), need("y")], 10)), ["x pending", "y pending"]);
});
