/**
 * `/calls/{id}`: one call, while it is on or afterwards: its sound with the warnings on it, the transcript that
 * follows what is heard, the score with its reasons, every warning with its history.
 */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { Feed } from "../core/feed.js";
import { clock, dateTime, duration } from "../core/format.js";
import { t } from "../core/i18n.js";
import { inOrder } from "../core/in-order.js";
import { failed, troubleLine } from "../core/page.js";
import { HEARTBEAT_S } from "../core/socket.js";
import { Store } from "../core/store.js";
import { sheet } from "../core/styles.js";
import { Tabs } from "../core/tabs.js";
import { View } from "../core/view.js";
import { newCall, step } from "../state/call.js";
import { silences } from "../state/silence.js";

const css = await sheet(import.meta.url, "call-page.css");
const CAPTIONS_KEPT = 20_000;
const WAVE_POINTS = 1_600;
/** Below this a call is one to talk about. */
const LOW_SCORE = 60;
const WAVE_EVERY_MS = 10_000;

export class CallPage extends View {
  static sheets = [css];

  #call_id = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1));
  #store = new Store(newCall(this.#call_id, CAPTIONS_KEPT), step);
  #row = null;
  #wave = { sides: {}, step_ms: 1_000, source: "" };
  #wave_ms = 0;
  #found = new Map();
  #at_ms = 0;
  #current = "";
  #tab = "warnings";
  #quiet = { captions: null, end_ms: -1, list: [] };

  build() {
    this.heading = h("h1");
    this.facts = h("p", { class: "facts number" });
    this.points = h("b", { class: "number" });
    this.score = h("p", { class: "score" }, this.points, h("span", { text: t("card.points") }));
    this.trouble = troubleLine();
    this.wave = document.createElement("cm-wave-form");
    this.audio = h("audio", { controls: true, preload: "metadata", "aria-label": t("call.audio"), hidden: true });
    this.audio.addEventListener("timeupdate", () => this.#heard());
    this.mute = h("p", { text: t("call.noAudio"), hidden: true });
    this.captions = h("cm-caption-list", { class: "panel", "data-times": true, "data-seekable": true });
    this.reasons = h("ul", { class: "reasons" });
    this.checks = h("cm-check-list", { "data-open": true });
    this.warnings = document.createElement("cm-warning-list");
    this.parts = { warnings: this.warnings, reasons: this.reasons, checks: this.checks };
    this.counts = Object.fromEntries(Object.keys(this.parts).map((name) => [name, h("span", { class: "number" })]));
    this.panel = h("div", {}, Object.values(this.parts));
    const tabs = Object.entries(this.counts).map(([name, count]) => [
      name,
      [h("span", { text: t(`call.${name}`) }), count],
    ]);
    this.tabs = new Tabs({
      tabs: Object.fromEntries(tabs),
      label: t("call.found"),
      panel: this.panel,
      choose: (name) => {
        this.#tab = name;
        this.#store.wake();
      },
    });
    this.shadowRoot.append(
      h("div", { class: "top" }, h("div", {}, this.heading, this.facts), this.score),
      this.trouble,
      this.wave,
      h("div", { class: "player" }, this.audio, this.mute),
      h("div", { class: "columns" }, this.captions, h("section", { class: "panel side" }, this.tabs.node, this.panel)),
    );
    this.#row && this.#sound();
  }

  rebuilt() {
    this.#store.wake();
  }

  start() {
    const { signal } = this;
    this.addEventListener("cm-seek", ({ detail }) => this.#seek(detail), { signal });
    this.addEventListener("cm-review", ({ detail }) => this.#decide("review", detail), { signal });
    this.addEventListener("cm-appeal", ({ detail }) => this.#decide("appeal", detail), { signal });
    this.#store.read(() => this.#draw(), signal);
    this.#load();
  }

  stop() {
    this.feed?.stop();
  }

  get #path() {
    return `/v1/calls/${encodeURIComponent(this.#call_id)}`;
  }

  async #load() {
    try {
      this.#row = await this.api.get(this.#path);
      this.#sound();
      if (this.#row.status === "live") this.#follow();
      else for (const event of await this.api.all(`${this.#path}/events`, "events")) this.#store.take(event);
      await Promise.all([this.#loudness(), this.#histories()]);
    } catch (error) {
      if (error.status === 401) return this.tell("cm-session-over", {});
      this.#wrong(error);
    }
    return undefined;
  }

  #follow() {
    this.feed = new Feed({
      url: (cursor) => this.api.socketUrl(`${this.#path}/events`, { after: cursor ?? 0, heartbeat: HEARTBEAT_S }),
      cursorOf: ({ seq }) => seq,
      past: async () => ({ events: [] }),
      take: (event) => {
        this.#store.take(event);
        if (event.kind === "call.ended" || (event.kind === "measure" && event.at_ms - this.#wave_ms > WAVE_EVERY_MS))
          this.#loudness();
        if (event.kind === "warning") this.#histories();
        if (event.kind === "call.ended") this.feed.stop();
      },
      onStatus: () => {},
    });
    this.feed.start();
  }

  #askWave = inOrder(() => this.api.get(`${this.#path}/waveform`, { points: WAVE_POINTS }).catch(() => null));

  async #loudness() {
    this.#wave_ms = this.#store.state.at_ms;
    this.#wave = (await this.#askWave()) ?? this.#wave;
    this.#store.wake();
  }

  #askWarnings = inOrder(() =>
    this.api.all("/v1/warnings", "warnings", { call_id: this.#call_id, limit: 500 }).catch(() => null),
  );

  async #histories() {
    const warnings = await this.#askWarnings();
    if (!warnings) return;
    this.#found = new Map(warnings.map((warning) => [warning.warning_id, warning]));
    this.#store.wake();
  }

  #sound() {
    this.audio.hidden = !this.#row.recorded;
    this.mute.hidden = this.#row.recorded;
    if (this.#row.recorded && this.#row.status !== "live")
      setAttribute(this.audio, "src", this.api.fileUrl(`${this.#path}/audio`));
  }

  #heard() {
    this.#at_ms = Math.round(this.audio.currentTime * 1000);
    this.#store.wake();
  }

  #seek({ at_ms, warning_id = "" }) {
    this.#at_ms = at_ms;
    this.#current = warning_id;
    if (!this.audio.hidden && this.audio.src) {
      this.audio.currentTime = at_ms / 1000;
      this.audio.play().catch(() => {});
    }
    this.#store.wake();
    if (!warning_id) return;
    this.#tab = "warnings";
    // Where the list scrolls by itself the warning is brought into view; a whole page is not moved under the hand.
    if (this.panel.scrollHeight > this.panel.clientHeight)
      requestAnimationFrame(() => this.warnings.reveal(warning_id, this.panel));
  }

  async #decide(act, { warning_id, ...body }) {
    this.trouble.hidden = true;
    try {
      await this.api.post(`/v1/warnings/${encodeURIComponent(warning_id)}/${act}`, body);
      await this.#histories();
    } catch (error) {
      this.#wrong(error);
    }
  }

  #wrong(error) {
    this.trouble.hidden = false;
    setText(this.trouble, failed(error));
  }

  #draw() {
    const call = this.#store.state;
    const row = this.#row;
    const length_ms = Math.max(1, call.ended?.at_ms ?? Math.max(call.at_ms, row?.last_ms ?? 0));
    setText(this.heading, row?.agent_id || call.agent_id || this.#call_id);
    this.#head(call, row, length_ms);
    this.wave.show({
      sides: this.#wave.sides,
      step_ms: this.#wave.step_ms,
      length_ms,
      silences: this.#silences(call, length_ms),
      gaps: call.gaps,
      warnings: call.warnings,
      at_ms: Math.min(this.#at_ms, length_ms),
    });
    const live = call.phase === "live" && row?.status === "live";
    this.captions.show({
      captions: call.captions,
      warnings: call.warnings,
      gaps: call.gaps,
      live,
      now_ms: live && !this.#at_ms ? null : this.#at_ms,
    });
    this.checks.show({ requirements: call.requirements });
    const listed = call.warnings.map((warning) => this.#found.get(warning.warning_id) ?? warning);
    this.#choose({ warnings: listed.length, reasons: "", checks: met(call.requirements) });
    const role = this.session.role;
    this.warnings.show({
      warnings: listed,
      mayReview: role === "supervisor" || role === "admin",
      mayAppeal: role === "agent",
      current: this.#current,
    });
  }

  #choose(counts) {
    for (const [name, part] of Object.entries(this.parts)) {
      setText(this.counts[name], counts[name]);
      part.hidden = name !== this.#tab;
    }
    this.tabs.mark(this.#tab);
  }

  #head(call, row, length_ms) {
    const facts = [
      dateTime(row?.started_at || call.started_at),
      t(`direction.${call.direction}`),
      duration(length_ms),
      row?.team,
      row?.status === "live" ? t("call.live") : "",
      row?.model && t("call.model", { name: row.model }),
      row?.rules_version && t("call.rules", { version: row.rules_version.slice(0, 8) }),
      this.#call_id,
    ].filter(Boolean);
    keyed(
      this.facts,
      facts.map((text, at) => ({ text, at })),
      ({ at }) => at,
      () => h("span"),
      (node, { text }) => setText(node, text),
    );
    const summary = call.ended?.summary ?? row?.summary ?? {};
    this.score.hidden = summary.score === undefined || summary.score === null;
    setText(this.points, summary.score);
    setAttribute(this.score, "data-low", summary.score < LOW_SCORE);
    const reasons = summary.reasons ?? [];
    const rows = reasons.length
      ? reasons
      : [{ none: t(summary.score === undefined ? "call.noScore" : "card.endedClean") }];
    keyed(
      this.reasons,
      rows,
      (reason) => reason.none ?? `${reason.rule_id}@${reason.at_ms}`,
      (reason) => this.#reason(reason),
    );
  }

  #reason({ none, title, at_ms, points }) {
    if (none) return h("li", {}, h("p", { text: none }));
    const go = h("button", {
      class: "number",
      type: "button",
      text: clock(at_ms),
      on: { click: () => this.#seek({ at_ms }) },
    });
    return h("li", {}, h("span", { text: title }), go, h("b", { class: "number", text: points }));
  }

  #silences(call, end_ms) {
    if (this.#quiet.captions !== call.captions || this.#quiet.end_ms !== end_ms) {
      this.#quiet = { captions: call.captions, end_ms, list: silences(call.captions, end_ms) };
    }
    return this.#quiet.list;
  }
}

function met(requirements) {
  return requirements.length
    ? `${requirements.filter(({ status }) => status === "met").length} / ${requirements.length}`
    : "";
}
