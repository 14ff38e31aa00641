/**
 * `<compliance-sidebar agent-id="…">`: everything an agent sees, as one element, on our page or in any CRM.
 * docs/embed.md lists its attributes and events.
 */

import { Api } from "../core/api.js";
import { chime } from "../core/chime.js";
import { copy } from "../core/clipboard.js";
import { h, setText } from "../core/dom.js";
import { Feed } from "../core/feed.js";
import { setLanguage, t } from "../core/i18n.js";
import { stalled } from "../core/media-clock.js";
import { read, write } from "../core/prefs.js";
import { HEARTBEAT_S } from "../core/socket.js";
import { Store } from "../core/store.js";
import { sheet } from "../core/styles.js";
import { themed } from "../core/theme.js";
import { View } from "../core/view.js";
import { card, newDesk, step } from "../state/agent.js";

const tokens = await sheet(import.meta.url, "../css/tokens.css");
const css = await sheet(import.meta.url, "compliance-sidebar.css");
/** Where this script came from is where the server is; "" on the server's own pages. */
const ORIGIN = new URL(import.meta.url).origin;
const HOME = ORIGIN === location.origin ? "" : ORIGIN;
const TICK_MS = 500;
/** How often a desk with open appeals asks whether they were decided. */
const REVIEWS_MS = 10_000;

/** Events of the contract that the embedding page is told of, and under which name. */
const TOLD = {
  "call.started": "compliance-call",
  "call.ended": "compliance-call",
  warning: "compliance-warning",
  prompt: "compliance-prompt",
  requirement: "compliance-requirement",
  note: "compliance-note",
};

export class ComplianceSidebar extends View {
  static sheets = [tokens, css];
  static observedAttributes = ["agent-id", "server", "token", "lang", "theme"];

  #feed = null;
  #store = null;
  #api = null;
  #token = "";
  #status = { phase: "connecting", since_ms: Date.now(), recovered: null };
  #said = [];
  #hush = null;

  build() {
    this.head = h("cm-call-head", { mine: true });
    this.menu = h("cm-prefs-menu", { sidebar: true });
    this.card = document.createElement("cm-now-card");
    this.checks = document.createElement("cm-check-list");
    this.captions = document.createElement("cm-caption-list");
    this.shelf = document.createElement("cm-side-shelf");
    this.link = document.createElement("cm-link-state");
    this.live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
    this.shadowRoot.append(
      h("header", {}, this.head, this.menu),
      h("div", { class: "columns" }, this.card, this.checks, this.captions, this.shelf),
      this.link,
      this.live,
    );
  }

  rebuilt() {
    this.#store?.wake();
  }

  start() {
    const { signal } = this;
    // A page may have set the property before the element was defined: then it hides the accessor.
    if (Object.hasOwn(this, "token")) {
      const { token } = this;
      delete this.token;
      this.#token = token;
    }
    if (!["light", "dark"].includes(this.getAttribute("theme"))) themed(this, signal);
    for (const [name, act] of Object.entries(ACTS))
      this.addEventListener(name, ({ detail }) => act(this, detail), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    if (this.getAttribute("keys") === "page") {
      document.addEventListener("keydown", (event) => event.composedPath().includes(this) || this.#key(event), {
        signal,
      });
    }
    const timers = [
      setInterval(() => this.#store?.wake(), TICK_MS),
      setInterval(() => this.#undecided() && this.#reviews(), REVIEWS_MS),
    ];
    signal.addEventListener("abort", () => timers.forEach(clearInterval));
    this.#connect();
  }

  stop() {
    this.#feed?.stop();
    this.#feed = null;
  }

  attributeChangedCallback(name, before, now) {
    if (name === "lang" && now) setLanguage(now, { keep: false });
    else if (name === "theme") {
      if (now === "light" || now === "dark") this.dataset.theme = now;
    } else if (before !== now && this.isConnected && this.signal) this.#connect();
  }

  /** The call that is on, as state/call.js keeps it; null between calls before the first. */
  get call() {
    return this.#store?.state.call ?? null;
  }

  /** The agent's token; better set as a property than as an attribute, which stands in the page's source. */
  get token() {
    return this.#token || (this.getAttribute("token") ?? "");
  }

  set token(token) {
    if (token === this.token) return;
    this.#token = token;
    if (this.isConnected && this.signal) this.#connect();
  }

  #connect() {
    this.#feed?.stop();
    this.#feed = null;
    const agent_id = this.getAttribute("agent-id");
    if (!agent_id) return;
    const api = new Api({ base: this.getAttribute("server") ?? HOME, token: this.token });
    this.#api = api;
    this.#store = new Store(newDesk(agent_id), step);
    this.#store.read(() => this.#draw(), this.signal);
    const path = encodeURIComponent(agent_id);
    this.#feed = new Feed({
      url: (cursor) => api.socketUrl(`/v1/agents/${path}/events`, { after: cursor, heartbeat: HEARTBEAT_S }),
      cursorOf: (event) => event.cursor,
      past: () => this.#past(agent_id),
      take: (event, live) => this.#take(event, live),
      onStatus: (status) => this.#linked(status),
      onError: (error) => error.status === 401 && this.tell("cm-session-over", {}),
    });
    this.#feed.start();
  }

  /** The call that is on, from its beginning, and what was appealed in it. */
  async #past(agent_id) {
    const { calls } = await this.#api.get("/v1/calls", { agent_id, status: "live", limit: 1 });
    if (!calls.length) return { events: [] };
    const [{ call_id }] = calls;
    const events = await this.#api.all(`/v1/calls/${encodeURIComponent(call_id)}/events`, "events");
    this.#reviews(call_id);
    return { events };
  }

  async #reviews(call_id = this.call?.call_id) {
    const found = await this.#api.get("/v1/warnings", { call_id, limit: 200 }).catch(() => null);
    if (found) this.#store.take({ kind: "page.reviews", reviews: found.warnings });
  }

  #undecided() {
    return Object.values(this.#store?.state.appeals ?? {}).some(({ status, verdict }) => status === "sent" && !verdict);
  }

  #take(event, live) {
    const before = this.#store.state;
    this.#store.take(event);
    if (this.#store.state === before || before.call === this.#store.state.call) return;
    if (TOLD[event.kind]) this.tell(TOLD[event.kind], event);
    if (live) this.#announce(event);
  }

  #linked(status) {
    const before = this.#status;
    this.#status = status;
    if (before.phase !== status.phase) this.tell("compliance-connection", { phase: status.phase, cause: status.cause });
    if (status.phase === "refused") this.tell("cm-session-over", {});
    this.#store?.wake();
  }

  /** Says once and politely what a screen reader should say; sounds only where sound was chosen. */
  #announce(event) {
    let words = "";
    if (event.kind === "warning" && event.status === "confirmed") {
      words = t("say.warning", {
        severity: t(`severity.${event.severity}`),
        title: event.title,
        rewrite: event.rewrite,
      });
    } else if (event.kind === "prompt" && event.status === "shown") {
      words = event.may_end ? t("say.mayEnd") : t("say.prompt", { say: event.say });
    } else if (event.kind === "note") words = t("say.note", { from: event.from, text: event.text });
    if (!words) return;
    this.say(words);
    if (read("sound", this.getAttribute("sound") ?? "off") === "on") chime(event.kind !== "warning");
  }

  /** Adds words to the live region; several at once are read one after the other. */
  say(words) {
    this.#said = [...this.#said, words].slice(-3);
    setText(this.live, this.#said.join(" "));
    clearTimeout(this.#hush);
    this.#hush = setTimeout(() => {
      this.#said = [];
      setText(this.live, "");
    }, 6_000);
  }

  #draw() {
    const now_ms = Date.now();
    const desk = this.#store.state;
    const { call, appeals } = desk;
    this.head.show({ call, now_ms });
    this.card.show({ card: card(desk, now_ms), call, appeals, canHangUp: this.hasAttribute("hangup"), now_ms });
    this.checks.show({ requirements: call?.requirements ?? NONE, idle: !call, now_ms });
    this.captions.show({
      captions: call?.captions ?? NONE,
      warnings: call?.warnings ?? NONE,
      gaps: call?.gaps ?? NONE,
      mine: "agent",
    });
    this.shelf.show({ call, appeals });
    const quiet = call?.phase === "live" && call.measure && stalled(call.clock, now_ms);
    this.link.show({
      status: this.#status,
      now_ms,
      stalled_s: quiet ? Math.floor((now_ms - call.clock.last_received_ms) / 1000) : 0,
    });
  }

  #key(event) {
    if (read("keys", "on") !== "on" || this.getAttribute("keys") === "off") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || writing(event)) return;
    const now = card(this.#store.state, Date.now());
    const key = event.key.toLowerCase();
    if (key === "c" && sayable(now)) ACTS["cm-copy"](this, { text: sayable(now) });
    else if (key === "a" && now.kind === "warning") ACTS["cm-appeal"](this, { warning_id: now.item.warning_id });
    else if (key === "d" && !["idle", "calm", "ended"].includes(now.kind)) ACTS["cm-dismiss"](this, { key: now.key });
    else if (key === "s") this.#sound();
    else if (/^[123]$/.test(key)) {
      const reply = this.call?.replies.toReversed()[Number(key) - 1];
      if (!reply) return;
      ACTS["cm-copy"](this, { text: reply.say });
    } else return;
    event.preventDefault();
  }

  #sound() {
    const sound = read("sound", "off") === "on" ? "off" : "on";
    write("sound", sound);
    this.say(`${t("prefs.sound")} ${t(`prefs.${sound}`)}`);
  }

  /** Sends the appeal; the card shows how it goes. */
  async appeal(warning_id, comment = "") {
    const { call, appeals } = this.#store.state;
    const warning = call?.warnings.find((one) => one.warning_id === warning_id);
    if (!warning || warning.status !== "confirmed" || ["sending", "sent"].includes(appeals[warning_id]?.status)) return;
    const set = (status) => this.#store.take({ kind: "page.appeal", warning_id, status });
    set("sending");
    try {
      await this.#api.post(`/v1/warnings/${encodeURIComponent(warning.warning_id)}/appeal`, { comment });
      set("sent");
      this.say(t("say.appealed"));
      this.tell("compliance-appeal", { call_id: call.call_id, warning_id });
    } catch (error) {
      // 409: it is under appeal or decided already, here or on another screen.
      if (error.status === 409) return set("sent");
      set("failed");
      this.say(t("card.appealFailed"));
    }
    return undefined;
  }

  dismiss(key) {
    this.#store.take({ kind: "page.dismissed", key });
  }
}

const NONE = [];

/** What the parts of the sidebar ask for. */
const ACTS = {
  "cm-copy": async (sidebar, { text }) => {
    if (await copy(text)) sidebar.say(t("say.copied"));
  },
  "cm-appeal": (sidebar, { warning_id, comment }) => sidebar.appeal(warning_id, comment),
  "cm-dismiss": (sidebar, { key }) => sidebar.dismiss(key),
  "cm-hangup": (sidebar, detail) => sidebar.tell("compliance-hangup", detail),
};

function writing(event) {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}

function sayable({ item }) {
  return item?.rewrite || item?.say || "";
}
