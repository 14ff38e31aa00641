/** Shapes. Severity has a shape of its own each, so that colour is never the only sign. */

import { svg } from "./dom.js";

const PATHS = {
  // octagon with !
  critical: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 4v5h2V4zm0 6.2V12h2v-1.8z",
  // triangle with !
  major: "M8 1.2 15.6 14.5H.4zM7.1 6v4.2h1.8V6zm0 5.2V13h1.8v-1.8z",
  // diamond, hollow
  minor: "M8 .8 15.2 8 8 15.2.8 8zM8 3.6 3.6 8 8 12.4 12.4 8z",
  // circle with i
  hint: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM7.1 4v1.8h1.8V4zm0 3v5h1.8V7z",
  check: "M6.2 13 1.4 8.2l1.7-1.7 3.1 3.1 6.7-6.9 1.7 1.7z",
  cross: "m3.3 1.8 4.7 4.7 4.7-4.7 1.5 1.5L9.5 8l4.7 4.7-1.5 1.5L8 9.5l-4.7 4.7-1.5-1.5L6.5 8 1.8 3.3z",
  ring: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zm0 2a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z",
  // states of a call
  talking: "M1 6h2v4H1zm4-3h2v10H5zm4 2h2v6H9zm4-1.5h2v9h-2z",
  silent: "M1 7h3.2v2H1zm5.4 0h3.2v2H6.4zm5.4 0H15v2h-3.2z",
  hold: "M4 2h3v12H4zm5 0h3v12H9z",
  complaint: "M1.5 2h13v9H8.5L5 14.5V11H1.5zM7.1 3.6v3.7h1.8V3.6zm0 4.5v1.6h1.8V8.1z",
  abusive: "M9.5.8 3 9h4l-1 6.2L13 6.5H8.6z",
  ended:
    "M8 5.5c2.7 0 5 .8 6.7 2.3.5.5.5 1.1.2 1.6l-1 1.6c-.3.5-.8.6-1.3.4l-2-.9c-.4-.2-.6-.5-.6-.9V8.4a9 9 0 0 0-4 0v1.2c0 .4-.2.7-.6.9l-2 .9c-.5.2-1 .1-1.3-.4l-1-1.6c-.3-.5-.3-1.1.2-1.6A10 10 0 0 1 8 5.5z",
  // others
  lost: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 2a5 5 0 0 0-3.8 8.2l7-7A5 5 0 0 0 8 3zm3.8 1.8-7 7a5 5 0 0 0 7-7z",
  copy: "M5 1h9v10h-2V3H5zM2 5h8v10H2zm2 2v6h4V7z",
  appeal: "M3 1h2v1h8l-1.5 3L13 8H5v7H3z",
  note: "M2 2h12v8l-4 4H2zm2 2v8h5V9h3V4z",
  reply: "M6.5 3v3c5 0 8 2.5 8.5 7.5-2-2.7-4.5-3.7-8.5-3.7V13L1 8z",
  sound:
    "M8 2v12L4 10.5H1v-5h3zm2 3.2c1 .5 1.7 1.6 1.7 2.8S11 10.3 10 10.8zm0-3.4c2.9.7 5 3.2 5 6.2s-2.1 5.5-5 6.2v-1.7A4.7 4.7 0 0 0 13.3 8 4.7 4.7 0 0 0 10 3.5z",
  muted: "M8 2v12L4 10.5H1v-5h3zm2.3 3.5 2 2 2-2 1.1 1.1-2 2 2 2-1.1 1-2-2-2 2-1.1-1 2-2-2-2z",
  play: "M4 2v12l10-6z",
  pause: "M3 2h4v12H3zm6 0h4v12H9z",
  more: "M6.5 2h3v3h-3zm0 4.5h3v3h-3zm0 4.5h3v3h-3z",
  down: "M2.5 5 8 10.5 13.5 5 15 6.5 8 13.5 1 6.5z",
  lock: "M4 7V5a4 4 0 0 1 8 0v2h1v8H3V7zm2 0h4V5a2 2 0 0 0-4 0z",
  sun: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM7.2 0h1.6v2.5H7.2zm0 13.5h1.6V16H7.2zM0 7.2h2.5v1.6H0zm13.5 0H16v1.6h-2.5zM2.9 1.8l1.8 1.8-1.1 1.1-1.8-1.8zm9.5 9.5 1.8 1.8-1.1 1.1-1.8-1.8zM13.1 1.8l1.1 1.1-1.8 1.8-1.1-1.1zM3.6 11.3l1.1 1.1-1.8 1.8-1.1-1.1z",
  moon: "M6 1a7 7 0 1 0 9 9A6 6 0 0 1 6 1z",
  search:
    "M6.5 1a5.5 5.5 0 0 1 4.4 8.8l4.1 4.1-1.4 1.4-4.1-4.1A5.5 5.5 0 1 1 6.5 1zm0 2a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  upload: "M8 1l5 5h-3v5H6V6H3zM2 13h12v2H2z",
  download: "M6 1h4v5h3l-5 5-5-5h3zM2 13h12v2H2z",
};

/** The shape `name` as an icon that screen readers pass over: the word stands beside it. */
export function icon(name, label = "") {
  const path = svg("path", { d: PATHS[name] ?? PATHS.ring, "fill-rule": "evenodd" });
  if (!label)
    return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", data: { icon: name } }, path);
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", role: "img", "aria-label": label, data: { icon: name } },
    path,
  );
}

/** Gives an icon another shape. */
export function reshape(node, name) {
  if (node.dataset.icon === name) return;
  node.dataset.icon = name;
  node.firstChild.setAttribute("d", PATHS[name] ?? PATHS.ring);
}
