/**
 * Brings a page's state up to date and keeps it there: what has happened so far by HTTP, what happens by socket.
 * The socket is opened first and its events wait, so that nothing falls between the two; doubles are dropped by `seq`.
 */

import { EventSocket } from "./socket.js";

export class Feed {
  #waiting = [];
  #ready = false;
  #loading = false;

  /**
   * @param {object} options
   * @param {(cursor) => string} options.url the socket's address
   * @param {() => Promise<{events: object[], cursor?: string|number}>} options.past events so far, in order
   * @param {(event: object, live: boolean) => void} options.take each event, at least once, in order of its call
   * @param {(status: object) => void} options.onStatus
   * @param {(error: Error) => void} [options.onError] the past could not be read
   */
  constructor({ url, past, take, onStatus, onError = () => {}, cursorOf, host }) {
    Object.assign(this, { past, take, onStatus, onError });
    this.socket = new EventSocket({
      url,
      cursorOf,
      host,
      onEvent: (event, live) => (this.#ready ? this.take(event, live) : this.#waiting.push([event, live])),
      onStatus: (status) => this.#status(status),
    });
  }

  start() {
    this.socket.start();
  }

  stop() {
    this.socket.stop();
  }

  #status(status) {
    // Without a cursor the server cannot know what was missed: then the past is read again.
    if (status.phase === "live" && !this.#loading && (!this.#ready || this.socket.cursor === null)) this.#load();
    this.onStatus(status);
  }

  async #load() {
    this.#loading = true;
    try {
      const { events } = await this.past();
      for (const event of events) this.take(event, false);
      this.#ready = true;
      for (const [event, live] of this.#waiting.splice(0)) this.take(event, live);
    } catch (error) {
      this.onError(error);
    } finally {
      this.#loading = false;
    }
  }
}
