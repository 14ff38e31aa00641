/** State, a pure step, and readers told once a frame however many events came. */

export class Store {
  #readers = new Set();
  #frame = 0;

  /**
   * @param {object} state
   * @param {(state: object, event: object, received_ms: number) => object} step
   */
  constructor(state, step) {
    this.state = state;
    this.step = step;
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

  /** Has the readers called in the next frame, changed or not (time has passed). */
  wake() {
    if (this.#frame) return;
    // A hidden page gets no frames; it is drawn when somebody looks again, and stays quiet until then.
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const reader of this.#readers) reader(this.state);
    });
  }

  /** Calls `reader` after changes until `signal` ends. */
  read(reader, signal) {
    this.#readers.add(reader);
    signal?.addEventListener("abort", () => this.#readers.delete(reader), { once: true });
    reader(this.state);
  }
}
