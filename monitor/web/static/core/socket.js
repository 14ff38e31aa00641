/**
 * One event socket that does not lose anything: it comes back after the last event it saw, waits longer each time,
 * notices that the network went away or that the computer slept, and says what happened.
 *
 * Delivery is at least once and in order, so doubles are dropped by whoever steps the state (`seq` in the call).
 */

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;
/** A timer that should tick every 2 s and is this late was asleep, and so was the connection. */
const TICK_MS = 2_000;
const ASLEEP_MS = 12_000;
/** An event that comes so much later than the promptest ones is old news: shown, not announced. */
const REPLAYED_MS = 8_000;
/** When a reconnected socket has been quiet this long, everything missed has arrived. */
const CAUGHT_UP_MS = 1_500;
/** The server is asked to say something at least this often; a line that says nothing for longer is dead. */
export const HEARTBEAT_S = 10;
const SILENT_MS = 2.5 * HEARTBEAT_S * 1000;
/** Close codes that mean: not this, or not with this token. Trying again would change nothing. */
const REFUSED = new Set([1008, 4400, 4401, 4403, 4404]);

/**
 * @typedef {object} Status
 * @property {"connecting"|"live"|"lost"|"offline"|"refused"|"closed"} phase
 * @property {"first"|"network"|"sleep"|"silent"} cause why the connection was, or is being, made anew
 * @property {number} since_ms wall time since which `phase` lasts
 * @property {number} attempt tries since the connection was lost
 * @property {number} code close code, where refused
 * @property {null|{events: number, away_ms: number, cause: string}} recovered what the last reconnection brought back
 */

export class EventSocket {
  #socket = null;
  #timer = null;
  #ticker = null;
  #settling = null;
  #tick_ms = 0;
  #cursor;
  #attempt = 0;
  #lost_ms = 0;
  #cause = "first";
  #replayed = 0;
  #skew_ms = Infinity;
  #heard_ms = 0;
  #opened_ms = 0;
  #ending = new AbortController();

  /**
   * @param {object} options
   * @param {(cursor: string|number|null) => string} options.url address of the socket that starts after `cursor`
   * @param {(event: object, live: boolean) => void} options.onEvent each event; `live` is false while catching up
   * @param {(status: Status) => void} options.onStatus
   * @param {string|number|null} [options.cursor] where to begin
   * @param {(event: object) => string|number|undefined} [options.cursorOf] an event's place in the stream
   * @param {object} [options.host] what a browser has: WebSocket, timers, clock, `online` events; for tests
   */
  constructor({
    url,
    onEvent,
    onStatus,
    cursor = null,
    cursorOf = (event) => event.cursor ?? event.seq,
    host = browser(),
  }) {
    Object.assign(this, { url, onEvent, onStatus, cursorOf, host });
    this.#cursor = cursor;
    this.status = this.#stamp({ phase: "connecting", recovered: null });
  }

  /** Where the stream would go on from. */
  get cursor() {
    return this.#cursor;
  }

  start() {
    const { signal } = this.#ending;
    this.host.addEventListener("online", () => this.#retry("network"), { signal });
    this.host.addEventListener("offline", () => this.#drop("network"), { signal });
    this.#tick_ms = this.host.now();
    this.#ticker = this.host.setInterval(() => this.#tick(), TICK_MS);
    this.#open();
  }

  stop() {
    this.#ending.abort();
    this.host.clearInterval(this.#ticker);
    this.#clear();
    this.#say({ phase: "closed" });
  }

  #open() {
    this.#clear();
    if (this.host.offline()) return this.#say({ phase: "offline" });
    this.#say({ phase: this.#lost_ms ? "lost" : "connecting" });
    const socket = new this.host.WebSocket(this.url(this.#cursor));
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#closed(code);
    return undefined;
  }

  #opened() {
    this.#attempt = 0;
    this.#replayed = 0;
    this.#heard_ms = this.#opened_ms = this.host.now();
    this.#say({ phase: "live", recovered: null });
    if (this.#lost_ms) this.#settle();
  }

  #heard(data) {
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return; // Not ours to judge: a proxy's page or a broken frame; the next event is numbered.
    }
    const now = this.host.now();
    this.#heard_ms = now;
    if (event.kind === "heartbeat") return;
    this.#cursor = this.cursorOf(event) ?? this.#cursor;
    const seen_ms = Date.parse(event.seen_at);
    if (Number.isFinite(seen_ms)) this.#skew_ms = Math.min(this.#skew_ms, now - seen_ms);
    // Published before this connection was made, by the server's clock as far as it is known: it was missed.
    const missed = this.#lost_ms > 0 && seen_ms + this.#skew_ms < this.#opened_ms;
    if (missed) {
      this.#replayed += 1;
      this.#settle();
    }
    this.onEvent(event, !(now - seen_ms - this.#skew_ms > REPLAYED_MS));
    if (this.#lost_ms && !missed) this.#recovered();
  }

  /** Waits until nothing more is replayed, then says what came back. */
  #settle() {
    this.host.clearTimeout(this.#settling);
    this.#settling = this.host.setTimeout(() => this.#recovered(), CAUGHT_UP_MS);
  }

  #recovered() {
    this.host.clearTimeout(this.#settling);
    if (!this.#lost_ms) return;
    const recovered = { events: this.#replayed, away_ms: this.status.since_ms - this.#lost_ms, cause: this.#cause };
    this.#lost_ms = 0;
    this.#say({ phase: "live", recovered });
  }

  #closed(code) {
    this.#clear();
    if (REFUSED.has(code)) {
      this.host.clearInterval(this.#ticker);
      return this.#say({ phase: "refused", code });
    }
    this.#lost();
    if (this.host.offline()) return this.#say({ phase: "offline" });
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#say({ phase: "lost" });
    // A server that comes back must not meet every desk in the same instant.
    this.#timer = this.host.setTimeout(() => this.#open(), wait * (0.6 + 0.4 * this.host.random()));
    return undefined;
  }

  #lost(cause = "network") {
    if (this.#lost_ms) return;
    this.#lost_ms = this.host.now();
    this.#cause = cause;
  }

  #drop(cause) {
    if (this.status.phase === "refused") return;
    this.#clear();
    this.#lost(cause);
    this.#say({ phase: "offline" });
  }

  #retry(cause) {
    if (this.status.phase === "refused") return;
    this.#lost(cause);
    this.#attempt = 0;
    this.#open();
  }

  #tick() {
    const now = this.host.now();
    const slept_ms = now - this.#tick_ms - TICK_MS;
    this.#tick_ms = now;
    if (this.status.phase === "refused" || this.status.phase === "closed") return;
    // Browsers slow the timers of hidden pages down to one a minute; such a page still hears its heartbeats.
    if (slept_ms > ASLEEP_MS && now - this.#heard_ms > ASLEEP_MS) {
      // The socket may look open for minutes after a sleep: do not wait for it to notice.
      if (!this.#lost_ms) this.#lost_ms = now - slept_ms;
      this.#cause = "sleep";
      this.#attempt = 0;
      this.#open();
    } else if (this.status.phase === "live" && now - this.#heard_ms > SILENT_MS) {
      this.#lost("silent");
      this.#open();
    }
  }

  #clear() {
    this.host.clearTimeout(this.#timer);
    this.host.clearTimeout(this.#settling);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #stamp(change) {
    return {
      cause: this.#cause,
      attempt: this.#attempt,
      code: 0,
      since_ms: this.host.now(),
      recovered: null,
      ...change,
    };
  }

  #say(change) {
    const before = this.status;
    this.status = this.#stamp(change);
    if (before.phase === this.status.phase) this.status.since_ms = before.since_ms;
    this.onStatus(this.status);
  }
}

/** What the socket needs of a browser, so that a test can be another. */
export function browser() {
  return {
    WebSocket: globalThis.WebSocket,
    now: () => Date.now(),
    random: () => Math.random(),
    offline: () => globalThis.navigator?.onLine === false,
    setTimeout: (...args) => globalThis.setTimeout(...args),
    clearTimeout: (id) => globalThis.clearTimeout(id),
    setInterval: (...args) => globalThis.setInterval(...args),
    clearInterval: (id) => globalThis.clearInterval(id),
    addEventListener: (...args) => globalThis.addEventListener(...args),
  };
}
