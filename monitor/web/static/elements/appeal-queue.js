/**
 * Appeals that wait for a verdict, oldest first: the words, their sound, what the agent says; one key decides.
 * Keys work while the queue has the focus: J K move, space plays, U upholds the warning, O overturns it.
 */

import { h, keyed, setAttribute, setText } from "../core/dom.js";
import { clock, dateTime } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon, reshape } from "../core/icons.js";
import { failed, troubleLine } from "../core/page.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";

const css = await sheet(import.meta.url, "appeal-queue.css");
/** Sound before and after the words, so that they are heard in their sentence. */
const AROUND_MS = 2_000;
const SOUNDS_AHEAD = 3;

export class AppealQueue extends View {
  static sheets = [css];

  #current = 0;

  build() {
    this.trouble = troubleLine();
    this.none = h("p", { class: "none", text: t("appeals.none") });
    this.list = h("ol", { tabindex: 0, "aria-label": t("appeals.label"), "aria-keyshortcuts": "J K U O Space" });
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.shadowRoot.append(h("p", { class: "head", text: t("appeals.keys") }), this.trouble, this.none, this.list);
  }

  /** @param {{appeals: object[], api: object}} data warnings under appeal, oldest first */
  update({ appeals }) {
    this.#current = Math.max(0, Math.min(this.#current, appeals.length - 1));
    this.none.hidden = appeals.length > 0;
    this.list.hidden = !appeals.length;
    keyed(
      this.list,
      appeals,
      ({ warning_id }) => warning_id,
      () => this.#make(),
      (node, item) => this.#write(node, item),
    );
    this.#point();
  }

  #make() {
    const shape = icon("hint");
    const title = h("span");
    const where = h("a", { class: "where number" });
    const quote = h("p", { class: "quote" });
    const comment = h("p", { class: "comment" });
    const audio = h("audio", { controls: true, preload: "none", "aria-label": t("appeals.audio") });
    const node = h("li", {}, h("h3", {}, shape, title), where, quote, comment, audio);
    audio.addEventListener("error", () => {
      audio.hidden = true;
    });
    const act = (verdict, key) =>
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.#decide(node.cmItem, verdict) } },
        h("span", { text: t(`appeals.${verdict}`) }),
        h("kbd", { text: key, "aria-hidden": "true" }),
      );
    node.append(h("div", { class: "acts" }, act("upheld", "U"), act("overturned", "O")));
    return Object.assign(node, {
      cmShape: shape,
      cmTitle: title,
      cmWhere: where,
      cmQuote: quote,
      cmComment: comment,
      cmAudio: audio,
    });
  }

  #write(node, item) {
    if (node.cmItem === item) return;
    node.cmItem = item;
    setAttribute(node, "data-severity", item.severity);
    reshape(node.cmShape, item.severity);
    setText(node.cmTitle, item.title);
    setText(
      node.cmWhere,
      [item.agent_id, dateTime(item.first_seen_at ?? item.seen_at), clock(item.from_ms)].join(" · "),
    );
    setAttribute(node.cmWhere, "href", `/calls/${encodeURIComponent(item.call_id)}`);
    setText(node.cmQuote, item.quote ? `“${item.quote}”` : item.advice);
    const last = (item.history ?? []).findLast(({ kind }) => kind === "appeal");
    node.cmComment.hidden = !last?.comment;
    setText(node.cmComment, last?.comment ?? "");
    node.cmAudio.hidden = item.recorded === false;
    const src = this.shown.api.fileUrl(`/v1/calls/${encodeURIComponent(item.call_id)}/audio`, {
      from_ms: Math.max(0, item.from_ms - AROUND_MS),
      to_ms: item.to_ms + AROUND_MS,
    });
    setAttribute(node.cmAudio, "src", src);
  }

  #point() {
    for (const [index, node] of [...this.list.children].entries()) {
      setAttribute(node, "aria-current", index === this.#current ? "true" : null);
      // The sound of this one and of the next ones is at hand; a hundred appeals do not load a hundred sounds.
      const ahead = index - this.#current;
      setAttribute(node.cmAudio, "preload", ahead >= 0 && ahead < SOUNDS_AHEAD ? "metadata" : "none");
    }
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const node = this.list.children[this.#current];
    if (!node || (event.target !== this.list && event.key === " ")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      this.#current = Math.max(0, Math.min(this.list.children.length - 1, this.#current + (key === "j" ? 1 : -1)));
      this.#point();
      this.list.children[this.#current].scrollIntoView({ block: "nearest" });
    } else if (key === " ") {
      if (node.cmAudio.paused) node.cmAudio.play().catch(() => {});
      else node.cmAudio.pause();
    } else if (key === "u") this.#decide(node.cmItem, "upheld");
    else if (key === "o") this.#decide(node.cmItem, "overturned");
    else return;
    event.preventDefault();
  }

  async #decide(item, verdict) {
    this.trouble.hidden = true;
    try {
      await this.shown.api.post(`/v1/warnings/${encodeURIComponent(item.warning_id)}/review`, { verdict, comment: "" });
      this.tell("cm-reviewed", { warning_id: item.warning_id, verdict });
    } catch (error) {
      this.trouble.hidden = false;
      setText(this.trouble, failed(error));
    }
  }
}
