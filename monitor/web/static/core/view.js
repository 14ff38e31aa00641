/** The root of every custom element here: a shadow root, its sheets, listeners that end with it, one `show`. */

import { onLanguage } from "./i18n.js";
import { sheet } from "./styles.js";

const common = await sheet(import.meta.url, "../css/common.css");

export class View extends HTMLElement {
  /** Constructed sheets of this element; a subclass sets it. */
  static sheets = [];

  #ending = null;
  #shown = undefined;
  #built = false;

  constructor() {
    super();
    this.attachShadow({ mode: "open", delegatesFocus: this.constructor.delegatesFocus ?? false });
    this.shadowRoot.adoptedStyleSheets = [common, ...this.constructor.sheets];
  }

  /** Ends when the element leaves the page; every listener outside its own shadow takes it. */
  get signal() {
    return this.#ending?.signal;
  }

  connectedCallback() {
    this.#ending = new AbortController();
    this.#ensure();
    onLanguage(() => this.rebuild(), this.#ending.signal);
    this.start?.();
  }

  disconnectedCallback() {
    this.#ending?.abort();
    this.stop?.();
  }

  /** Shows `data`: builds once, then only writes what changed. */
  show(data) {
    this.#shown = data;
    this.#ensure();
    this.update?.(data);
  }

  /** What was shown last. */
  get shown() {
    return this.#shown;
  }

  /** Builds again in the language of now, and shows again what was shown. */
  rebuild() {
    if (!this.#built) return;
    this.shadowRoot.replaceChildren();
    this.build();
    if (this.#shown !== undefined) this.update?.(this.#shown);
    this.rebuilt?.();
  }

  #ensure() {
    if (this.#built) return;
    this.#built = true;
    this.build();
  }

  /** Makes the static nodes in the shadow root. */
  build() {}

  /** Tells the page that something was asked for: `name` with `detail`, through shadow roots. */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
