/** State, a pure step, and readers told once a frame, or more rarely, however many events came. */

export class Store {
  #readers = new Set();
  #frame = 0;
  #pace_ms;
  #read_ms = 0;

  /**
   * @param {object} state
   * @param {(state: object, event: object, received_ms: number) => object} step
   * @param {number} [pace_ms] least time between two rounds of readers
   */
  constructor(state, step, pace_ms = 0) {
    this.state = state;
    this.step = step;
    this.#pace_ms = pace_ms;
  }

  /** Steps the state; readers follow in the next frame. */
  take(event, received_ms = Date.now()) {
    this.set(this.step(this.state, event, received_ms));
  }

  set(state) {
    if (state === this.state) return;
    this.state = state;
    this.wake();
  }

  /** Has the readers called soon, changed or not (time has passed). */
  wake() {
    if (this.#frame) return;
    const wait_ms = this.#read_ms + this.#pace_ms - performance.now();
    // A hidden page gets no frames; it is drawn when somebody looks again, and stays quiet until then.
    const draw = () => (this.#frame = requestAnimationFrame(() => this.#tell()));
    if (wait_ms > 0) this.#frame = setTimeout(draw, wait_ms);
    else draw();
  }

  #tell() {
    this.#frame = 0;
    this.#read_ms = performance.now();
    for (const reader of this.#readers) reader(this.state);
  }

  /** Calls `reader` after changes until `signal` ends. */
  read(reader, signal) {
    this.#readers.add(reader);
    signal?.addEventListener("abort", () => this.#readers.delete(reader), { once: true });
    reader(this.state);
  }
}
