// core/socket.js and core/feed.js against a host of our own: no browser, no time passes but what the test lets pass.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../monitor/web/static/core/feed.js";
import { EventSocket, HEARTBEAT_S } from "../../monitor/web/static/core/socket.js";

class Host extends EventTarget {
  ms = 1_000_000;
  down = false;
  sockets = [];
  #timers = [];
  #next = 1;

  constructor() {
    super();
    const host = this;
    this.WebSocket = class {
      constructor(url) {
        Object.assign(this, { url, closed: false });
        host.sockets.push(this);
      }
      close() {
        this.closed = true;
      }
      open() {
        this.onopen?.();
      }
      say(event) {
        this.onmessage?.({ data: typeof event === "string" ? event : JSON.stringify(event) });
      }
      fail(code = 1006) {
        this.onclose?.({ code });
      }
    };
  }

  get last() {
    return this.sockets.at(-1);
  }

  now = () => this.ms;
  random = () => 1;
  offline = () => this.down;
  setTimeout = (work, ms) => this.#add(work, ms, 0);
  setInterval = (work, ms) => this.#add(work, ms, ms);
  clearTimeout = (id) => (this.#timers = this.#timers.filter((timer) => timer.id !== id));
  clearInterval = (id) => this.clearTimeout(id);

  #add(work, ms, every) {
    this.#timers.push({ id: this.#next, at: this.ms + ms, work, every });
    return this.#next++;
  }

  /** Lets time pass; every timer fires when it is due. */
  pass(ms) {
    const end = this.ms + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.ms = Math.max(this.ms, due.at);
      if (due.every) due.at += due.every;
      else this.clearTimeout(due.id);
      due.work();
    }
    this.ms = end;
  }

  /** The computer sleeps: time passes, no timer fires until it wakes, then each once. */
  sleep(ms) {
    this.ms += ms;
    for (const timer of this.#timers) if (timer.at <= this.ms) timer.at = this.ms;
    this.pass(0);
  }
}

function opened(options = {}) {
  const host = new Host();
  const events = [];
  const statuses = [];
  const socket = new EventSocket({
    url: (cursor) => `ws://x/?after=${cursor ?? ""}`,
    onEvent: (event, live) => events.push([event.seq, live]),
    onStatus: (status) => statuses.push(status),
    host,
    ...options,
  });
  socket.start();
  host.last.open();
  return { host, socket, events, statuses, phases: () => statuses.map(({ phase }) => phase) };
}

/** An event seen on the server `ago` ms before now (whose clock is ours). */
const event = (host, seq, ago = 5) => ({
  kind: "measure",
  call_id: "c1",
  seq,
  at_ms: seq,
  seen_at: new Date(host.ms - ago).toISOString(),
});

test("events come through in order, and the cursor follows", () => {
  const { host, socket, events } = opened();
  host.last.say(event(host, 1));
  host.last.say(event(host, 2));
  assert.deepEqual(events, [
    [1, true],
    [2, true],
  ]);
  assert.equal(socket.cursor, 2);
});

test("what is not JSON is dropped, and the next event still counts", () => {
  const { host, events } = opened();
  host.last.say("<html>");
  host.last.say(event(host, 1));
  assert.deepEqual(events, [[1, true]]);
});

test("a lost connection is made again after the last event, later each time, then at once steady", () => {
  const { host, phases } = opened();
  host.last.say(event(host, 7));
  const waits = [];
  for (let tries = 0; tries < 8; tries += 1) {
    const before = host.sockets.length;
    host.last.fail();
    let waited = 0;
    while (host.sockets.length === before) {
      host.pass(100);
      waited += 100;
    }
    waits.push(waited);
    assert.equal(host.last.url, "ws://x/?after=7");
  }
  assert.deepEqual(waits.slice(0, 5), [400, 800, 1600, 3200, 6400]);
  assert.equal(Math.max(...waits), 10_000);
  assert.equal(phases().at(-1), "lost");
});

test("after a break it tells what came back, once everything missed has arrived", () => {
  const { host, events, statuses } = opened();
  host.last.say(event(host, 1));
  host.last.fail();
  host.pass(400);
  host.pass(29_600);
  host.last.open();
  host.last.say(event(host, 2, 20_000));
  host.last.say(event(host, 3, 9_000));
  assert.equal(statuses.at(-1).recovered, null);
  host.last.say(event(host, 4));
  const { phase, recovered } = statuses.at(-1);
  assert.equal(phase, "live");
  assert.deepEqual(recovered, { events: 2, away_ms: 30_000, cause: "network" });
  assert.deepEqual(
    events.map(([seq, live]) => [seq, live]),
    [
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ],
  );
});

test("when nothing was missed it says so after a moment", () => {
  const { host, statuses } = opened();
  host.last.fail();
  host.pass(400);
  host.last.open();
  assert.equal(statuses.at(-1).recovered, null);
  host.pass(1_500);
  assert.deepEqual(statuses.at(-1).recovered, { events: 0, away_ms: 400, cause: "network" });
});

test("a server clock that is an hour off does not make live events look replayed", () => {
  const { host, events } = opened();
  host.last.say(event(host, 1, 3_600_000));
  host.last.say(event(host, 2, 3_600_000));
  assert.deepEqual(
    events.map(([, live]) => live),
    [true, true],
  );
});

test("offline is said at once, and online connects at once", () => {
  const { host, phases } = opened();
  host.down = true;
  host.dispatchEvent(new Event("offline"));
  assert.equal(phases().at(-1), "offline");
  const before = host.sockets.length;
  host.pass(60_000);
  assert.equal(host.sockets.length, before);
  host.down = false;
  host.dispatchEvent(new Event("online"));
  assert.equal(host.sockets.length, before + 1);
  host.last.open();
  host.pass(1_500);
  assert.equal(phases().at(-1), "live");
});

test("a computer that slept makes a new connection at once, and names the sleep", () => {
  const { host, statuses } = opened();
  host.last.say(event(host, 5));
  host.pass(4_000);
  const before = host.last;
  host.sleep(60_000);
  assert.ok(before.closed);
  assert.notEqual(host.last, before);
  assert.equal(host.last.url, "ws://x/?after=5");
  host.last.open();
  host.last.say(event(host, 6, 30_000));
  host.pass(1_500);
  const { recovered } = statuses.at(-1);
  assert.equal(recovered.cause, "sleep");
  assert.equal(recovered.events, 1);
  assert.ok(recovered.away_ms >= 58_000, `${recovered.away_ms}`);
});

test("a hidden page whose timers come once a minute is not asleep while it hears its heartbeats", () => {
  const { host } = opened();
  for (let minute = 0; minute < 5; minute += 1) {
    for (let beat = 0; beat < 6; beat += 1) {
      host.ms += HEARTBEAT_S * 1000;
      host.last.say({ kind: "heartbeat" });
    }
    host.sleep(1);
  }
  assert.equal(host.sockets.length, 1);
});

test("a line that gives not even its heartbeat is dead, and is made anew", () => {
  const { host } = opened();
  for (let beat = 0; beat < 6; beat += 1) {
    host.pass(HEARTBEAT_S * 1000);
    host.last.say({ kind: "heartbeat" });
  }
  assert.equal(host.sockets.length, 1);
  host.pass(3 * HEARTBEAT_S * 1000);
  assert.equal(host.sockets.length, 2);
});

test("a heartbeat is no event and moves no cursor", () => {
  const { host, socket, events } = opened();
  host.last.say(event(host, 3));
  host.last.say({ kind: "heartbeat" });
  assert.equal(events.length, 1);
  assert.equal(socket.cursor, 3);
});

test("a refusal ends the trying", () => {
  for (const code of [4401, 4403]) {
    const { host, statuses } = opened();
    host.last.fail(code);
    assert.deepEqual([statuses.at(-1).phase, statuses.at(-1).code], ["refused", code]);
    host.pass(120_000);
    host.dispatchEvent(new Event("online"));
    assert.equal(host.sockets.length, 1);
  }
});

test("stopping closes the socket and listens to nothing more", () => {
  const { host, socket, phases } = opened();
  socket.stop();
  assert.ok(host.last.closed);
  assert.equal(phases().at(-1), "closed");
  host.dispatchEvent(new Event("online"));
  host.pass(60_000);
  assert.equal(host.sockets.length, 1);
});

function fed(past) {
  const host = new Host();
  const taken = [];
  const feed = new Feed({
    url: (cursor) => `ws://x/?after=${cursor ?? ""}`,
    cursorOf: ({ cursor }) => cursor,
    past,
    take: (one, live) => taken.push([one.seq, live]),
    onStatus: () => {},
    onError: (error) => taken.push([error.message, false]),
    host,
  });
  feed.start();
  host.last.open();
  return { host, feed, taken };
}

test("what happens while the past is read waits, and comes after it", async () => {
  let give;
  const { host, taken } = fed(() => new Promise((resolve) => (give = resolve)));
  host.last.say({ ...event(host, 3), cursor: 30 });
  assert.deepEqual(taken, []);
  give({ events: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  await turn();
  assert.deepEqual(taken, [
    [1, false],
    [2, false],
    [3, false],
    [3, true],
  ]);
  host.last.say({ ...event(host, 4), cursor: 31 });
  assert.deepEqual(taken.at(-1), [4, true]);
});

test("a connection lost before the first event reads the past again, a later one goes on from its cursor", async () => {
  let asked = 0;
  const { host } = fed(async () => ((asked += 1), { events: [] }));
  await turn();
  host.last.fail();
  host.pass(400);
  host.last.open();
  await turn();
  assert.equal(asked, 2);
  host.last.say({ ...event(host, 1), cursor: 9 });
  host.last.fail();
  host.pass(400);
  host.last.open();
  await turn();
  assert.equal(asked, 2);
  assert.equal(host.last.url, "ws://x/?after=9");
});

test("when the past cannot be read that is said, and it is tried again with the next connection", async () => {
  let asked = 0;
  const { host, taken } = fed(async () => {
    asked += 1;
    if (asked === 1) throw new Error("503");
    return { events: [{ seq: 1 }] };
  });
  await turn();
  assert.deepEqual(taken, [["503", false]]);
  host.last.fail();
  host.pass(400);
  host.last.open();
  await turn();
  assert.deepEqual(taken.at(-1), [1, false]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
