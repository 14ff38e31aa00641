/**
 * The wall: tiles in three groups of need. A tile moves only when its group changes, and then it glides, so that
 * the eye can follow; while somebody points at the wall nothing moves at all.
 */

import { h, keyed, setText } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { sheet } from "../core/styles.js";
import { View } from "../core/view.js";
import { GROUPS } from "../state/wall.js";

const css = await sheet(import.meta.url, "call-wall.css");
const GLIDE_MS = 420;
const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)");

export class CallWall extends View {
  static sheets = [css];

  #nodes = new Map();
  #drawn = new Map();
  #order = null;

  build() {
    this.#nodes.clear();
    this.#drawn.clear();
    this.#order = null;
    this.noneWord = h("b");
    this.noneWhy = h("span");
    this.none = h("p", { class: "none" }, icon("talking"), this.noneWord, this.noneWhy);
    this.sections = GROUPS.map((group) => {
      const count = h("span", { class: "number" });
      const tiles = h("div", { class: "tiles" });
      const section = h(
        "section",
        { data: { group } },
        h("h2", {}, h("span", { text: t(`wall.${group}`) }), count),
        tiles,
      );
      return Object.assign(section, { cmGroup: group, cmCount: count, cmTiles: tiles });
    });
    this.shadowRoot.append(this.none, ...this.sections);
  }

  /**
   * @param {object} data
   * @param {object} data.wall
   * @param {Set<string>} data.visible call ids that pass the filters
   * @param {string} data.open the call that is open, or ""
   * @param {number} data.now_ms
   */
  update({ wall, visible, open, now_ms }) {
    const order = wall.order.filter((id) => visible.has(id));
    this.none.hidden = order.length > 0;
    const some = wall.order.length > 0;
    setText(this.noneWord, t(some ? "wall.noneFound" : "wall.none"));
    setText(this.noneWhy, some ? "" : t("wall.noneWhy"));
    if (!this.#same(order, wall)) this.#arrange(order, wall);
    const second = Math.floor(now_ms / 1000);
    for (const id of order) {
      const tile = wall.tiles.get(id);
      const { group } = wall.places.get(id);
      const drawn = this.#drawn.get(id);
      // A tile is written when its call said something, once a second for its clock, or when it was opened.
      if (drawn?.tile === tile && drawn.second === second && drawn.group === group && drawn.open === (open === id))
        continue;
      this.#drawn.set(id, { tile, second, group, open: open === id });
      this.#nodes.get(id).show({ tile, group, now_ms, open: open === id });
    }
  }

  /** Gives the focus back to the tile whose call was open. */
  focusTile(call_id) {
    this.#nodes.get(call_id)?.shadowRoot.querySelector("button").focus({ preventScroll: true });
  }

  #same(order, wall) {
    const groups = order.map((id) => wall.places.get(id).group);
    const same =
      this.#order?.order.length === order.length &&
      order.every((id, at) => this.#order.order[at] === id && this.#order.groups[at] === groups[at]);
    this.#order = { order, groups };
    return same;
  }

  #arrange(order, wall) {
    const before = still.matches ? new Map() : this.#positions();
    for (const [id] of this.#nodes) {
      if (order.includes(id)) continue;
      this.#nodes.delete(id);
      this.#drawn.delete(id);
    }
    for (const section of this.sections) {
      const ids = order.filter((id) => wall.places.get(id).group === section.cmGroup);
      section.hidden = !ids.length;
      setText(section.cmCount, ids.length);
      keyed(
        section.cmTiles,
        ids,
        (id) => id,
        (id) => this.#node(id),
      );
    }
    this.#glide(before);
  }

  #node(id) {
    if (!this.#nodes.has(id)) this.#nodes.set(id, document.createElement("cm-call-tile"));
    return this.#nodes.get(id);
  }

  #positions() {
    const found = new Map();
    for (const [id, node] of this.#nodes) {
      const box = node.getBoundingClientRect();
      if (box.bottom > 0 && box.top < innerHeight) found.set(id, box);
    }
    return found;
  }

  #glide(before) {
    const moves = [];
    for (const [id, from] of before) {
      const to = this.#nodes.get(id)?.getBoundingClientRect();
      if (!to || (to.left === from.left && to.top === from.top)) continue;
      moves.push([this.#nodes.get(id), from.left - to.left, from.top - to.top]);
    }
    for (const [node, x, y] of moves) {
      node.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
        duration: GLIDE_MS,
        easing: "cubic-bezier(.2, .7, .2, 1)",
      });
    }
  }
}
