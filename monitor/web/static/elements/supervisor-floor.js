/** `/supervisor`: the wall with its filters, today's figures, the queue of appeals, and the call that is open. */

import { h, setText } from "../core/dom.js";
import { Feed } from "../core/feed.js";
import { t } from "../core/i18n.js";
import { inOrder } from "../core/in-order.js";
import { HEARTBEAT_S } from "../core/socket.js";
import { Store } from "../core/store.js";
import { sheet } from "../core/styles.js";
import { Tabs } from "../core/tabs.js";
import { View } from "../core/view.js";
import { arranged, filled, newWall, passes, step, swept } from "../state/wall.js";

const css = await sheet(import.meta.url, "supervisor-floor.css");
/** A hundred calls say several things a millisecond apart; ten pictures a second are enough to follow them. */
const DRAW_MS = 100;
const TICK_MS = 1_000;
const STATS_MS = 15_000;
const APPEALS_MS = 6_000;
/** Order is looked at this often, and not while somebody pointed at the wall within the last seconds. */
const ARRANGE_MS = 900;
const HELD_MS = 5_000;

export class SupervisorFloor extends View {
  static sheets = [css];

  #store = new Store(newWall(), step, DRAW_MS);
  #filters = { team: "", severity: "", rule: "", state: "", text: "" };
  #status = { phase: "connecting", since_ms: Date.now(), recovered: null };
  #appeals = [];
  #stats = null;
  #titles = new Map();
  #open = "";
  #tab = "day";
  #pointed_ms = 0;
  #arranged_ms = 0;

  build() {
    this.filters = document.createElement("cm-wall-filters");
    this.wall = document.createElement("cm-call-wall");
    this.link = document.createElement("cm-link-state");
    this.scroll = h("div", { class: "scroll", tabindex: -1 }, this.wall);
    for (const type of ["pointermove", "keydown", "wheel"]) {
      this.scroll.addEventListener(type, () => (this.#pointed_ms = Date.now()), { passive: true });
    }
    this.scroll.addEventListener("pointerleave", () => (this.#pointed_ms = 0));
    this.day = document.createElement("cm-day-panel");
    this.queue = document.createElement("cm-appeal-queue");
    this.badge = h("span", { class: "badge number" });
    this.panel = h("div", {}, this.day, this.queue);
    this.tabs = new Tabs({
      tabs: {
        day: [h("span", { text: t("floor.day") })],
        appeals: [h("span", { text: t("floor.appeals") }), this.badge],
      },
      label: t("floor.aside"),
      panel: this.panel,
      choose: (name) => this.#choose(name),
    });
    this.drawer = h("div", { class: "drawer", role: "dialog", "aria-label": t("drawer.label"), hidden: true });
    this.shadowRoot.append(
      h("div", { class: "floor" }, this.filters, this.scroll, this.link),
      h("aside", { "aria-label": t("floor.aside") }, this.tabs.node, this.panel),
      this.drawer,
    );
    if (this.#open) this.#show(this.#open);
  }

  rebuilt() {
    this.#store.wake();
  }

  start() {
    const { signal } = this;
    this.addEventListener("cm-open-call", ({ detail }) => this.#show(detail.call_id), { signal });
    this.addEventListener("cm-close-call", () => this.#hide(), { signal });
    this.addEventListener("cm-filter", ({ detail }) => this.#filter(detail), { signal });
    this.addEventListener("cm-reviewed", () => this.#poll(), { signal });
    for (const [work, every_ms] of [
      [() => this.#tick(), TICK_MS],
      [() => this.#figures(), STATS_MS],
      [() => this.#poll(), APPEALS_MS],
    ]) {
      const timer = setInterval(work, every_ms);
      signal.addEventListener("abort", () => clearInterval(timer));
    }
    this.feed = new Feed({
      url: (cursor) => this.api.socketUrl("/v1/events", { after: cursor, heartbeat: HEARTBEAT_S }),
      cursorOf: ({ cursor }) => cursor,
      past: () => this.#live(),
      take: (event) => this.#take(event),
      onStatus: (status) => {
        this.#status = status;
        if (status.phase === "refused") this.tell("cm-session-over", {});
        this.#store.wake();
      },
      onError: (error) => error.status === 401 && this.tell("cm-session-over", {}),
    });
    this.#store.read(() => this.#draw(), signal);
    this.feed.start();
    this.#figures();
    this.#poll();
    this.#rules();
  }

  stop() {
    this.feed?.stop();
  }

  #take(event) {
    this.#store.take(event);
    if (event.kind === "call.started") this.#named(event.call_id);
  }

  /** The calls that are on, and what was warned about in them. */
  async #live() {
    const { calls } = await this.api.get("/v1/calls", { status: "live", limit: 500 });
    const oldest = calls.map(({ started_at }) => started_at).sort()[0];
    const { warnings } = calls.length
      ? await this.api.get("/v1/warnings", { since: oldest, limit: 500 })
      : { warnings: [] };
    this.#store.set(
      filled(
        this.#store.state,
        calls,
        warnings.filter(({ status }) => status !== "retracted"),
      ),
    );
    return { events: [] };
  }

  /** What events do not say of a call that has just begun: its team. */
  async #named(call_id) {
    const row = await this.api.get(`/v1/calls/${encodeURIComponent(call_id)}`).catch(() => null);
    if (row && this.#store.state.tiles.has(call_id)) this.#store.set(filled(this.#store.state, [row]));
  }

  #askStats = inOrder(() => this.api.get("/v1/stats").catch(() => null));

  async #figures() {
    this.#stats = (await this.#askStats()) ?? this.#stats;
    this.#store.wake();
  }

  async #rules() {
    const { rules } = await this.api.get("/v1/rules").catch(() => ({ rules: [] }));
    this.#titles = new Map(rules.map(({ id, title }) => [id, title]));
    this.#store.wake();
  }

  #askAppeals = inOrder(() => this.api.get("/v1/warnings", { appeal: "open", limit: 100 }).catch(() => null));

  async #poll() {
    const found = await this.#askAppeals();
    if (!found) return;
    const known = new Map(this.#appeals.map((item) => [item.warning_id, item]));
    this.#appeals = found.warnings.toReversed().map((item) => known.get(item.warning_id) ?? item);
    this.#store.wake();
  }

  #tick() {
    const now_ms = Date.now();
    let wall = swept(this.#store.state, now_ms);
    const due = now_ms - this.#arranged_ms >= ARRANGE_MS;
    if (due) {
      this.#arranged_ms = now_ms;
      wall = arranged(wall, now_ms, now_ms - this.#pointed_ms < HELD_MS);
    }
    this.#store.set(wall);
    this.#store.wake();
  }

  #draw() {
    const now_ms = Date.now();
    let wall = this.#store.state;
    // Calls that came or went since the wall was last arranged get or lose their place at once.
    if (wall.tiles.size !== wall.order.length || wall.order.some((id) => !wall.tiles.has(id))) {
      wall = arranged(wall, now_ms, true);
      this.#store.state = wall;
    }
    const tiles = [...wall.tiles.values()];
    this.filters.show({ tiles, filters: this.#filters });
    const visible = new Set(tiles.filter((tile) => passes(tile, this.#filters)).map(({ call_id }) => call_id));
    this.wall.show({ wall, visible, open: this.#open, now_ms });
    this.link.show({ status: this.#status, now_ms });
    if (this.#stats) this.day.show({ stats: this.#stats, titles: this.#titles });
    this.queue.show({ appeals: this.#appeals, api: this.api });
    this.badge.hidden = !this.#appeals.length;
    setText(this.badge, this.#appeals.length);
    this.tabs.mark(this.#tab);
    this.day.hidden = this.#tab !== "day" || !this.#stats;
    this.queue.hidden = this.#tab !== "appeals";
  }

  #filter({ name, value }) {
    this.#filters = { ...this.#filters, [name]: value };
    this.#store.wake();
  }

  #choose(name) {
    this.#tab = name;
    this.#store.wake();
  }

  #show(call_id) {
    const from = this.#open;
    this.#open = call_id;
    const drawer = this.drawer.firstChild ?? this.drawer.appendChild(document.createElement("cm-call-drawer"));
    drawer.show({ call_id, agent_id: this.#store.state.tiles.get(call_id)?.agent_id ?? "", api: this.api });
    this.drawer.hidden = false;
    if (!from) drawer.focus();
    this.#store.wake();
  }

  #hide() {
    const before = this.#open;
    this.#open = "";
    this.drawer.hidden = true;
    this.drawer.replaceChildren();
    this.#store.wake();
    this.wall.focusTile(before);
  }
}
