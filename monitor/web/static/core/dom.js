/**
 * Making and changing DOM nodes. Text only ever enters as text: nothing here parses markup, and there is no way
 * to set a `style` attribute (the Content-Security-Policy forbids it; numbers go in as custom properties).
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. Props: `class`, `text`, `vars` (custom properties), `on` ({type: listener} with `signal`),
 * `data` (dataset), any other key is an attribute (`true` sets it empty; `false`, `null` leave it out).
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** An SVG element, same props as {@link h}. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  const { on, signal, vars, data, text, ...attributes } = props;
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  if (data) Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(vars ?? {})) node.style.setProperty(name, value);
  for (const [type, listener] of Object.entries(on ?? {})) node.addEventListener(type, listener, { signal });
  if (text !== undefined) node.textContent = text;
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** Sets, empties or removes an attribute, and only when that changes something. */
export function setAttribute(node, name, value) {
  if (name === "style" || name.startsWith("on")) throw new TypeError(`attribute ${name} is not allowed`);
  if (value === false || value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const wanted = value === true ? "" : String(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

/** Writes text only when it changed, so that an idle page costs no layout. */
export function setText(node, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

/**
 * News of a thing writes its form anew: what somebody has written in `before`, and where the focus was in it, is found
 * again in `after`, by the `name` of each field and button. `focused` is what had the focus before it was taken out.
 */
export function carryOver(before, after, focused) {
  for (const field of before.querySelectorAll("input[name]")) {
    const same = after.querySelector(`[name="${field.name}"]`);
    if (same) same.value = field.value;
  }
  if (focused?.name && before.contains(focused)) after.querySelector(`[name="${focused.name}"]`)?.focus();
}

/**
 * Scrolls `within`, and nothing around it, as far as it takes to see `node`; `scrollIntoView` moves the whole page.
 * Of a node that is taller than its frame the top is shown.
 */
export function reveal(node, within, room_px = 12) {
  const box = node.getBoundingClientRect();
  const frame = within.getBoundingClientRect();
  const above = box.top - frame.top - room_px;
  const below = box.bottom - frame.bottom + room_px;
  if (above < 0) within.scrollTop += above;
  else if (below > 0) within.scrollTop += Math.min(above, below);
}

/**
 * Makes the children of `parent` mirror `items`: nodes are kept by key, made once, updated in place, and moved only
 * when the order differs. Children that carry no key (headings, empty notices) are left where they are, in front.
 */
export function keyed(parent, items, keyOf, make, update) {
  const nodes = (parent.cmNodes ??= new Map());
  const kept = new Set();
  let cursor = null;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    const key = keyOf(item, index);
    kept.add(key);
    let node = nodes.get(key);
    if (!node) {
      node = make(item);
      nodes.set(key, node);
    }
    update?.(node, item);
    if (node.parentNode !== parent || node.nextSibling !== cursor) parent.insertBefore(node, cursor);
    cursor = node;
  }
  for (const [key, node] of nodes) {
    if (kept.has(key)) continue;
    nodes.delete(key);
    // It may have moved to another parent meanwhile: then it is that one's.
    if (node.parentNode === parent) node.remove();
  }
}
