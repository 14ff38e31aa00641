/** Numbers and times as people read them. */

import { language, t } from "./i18n.js";

/** `mm:ss`, or `h:mm:ss` from an hour on. */
export function clock(ms) {
  const total = Math.max(0, Math.floor((ms ?? 0) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const rest = `${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** A length of time in words: `8 秒`, `3 分 20 秒`, `2 小时 5 分`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.round((ms ?? 0) / 1000));
  if (seconds < 60) return t("time.s", { s: seconds });
  if (seconds < 3600) return t("time.ms", { m: Math.floor(seconds / 60), s: seconds % 60 });
  return t("time.hm", { h: Math.floor(seconds / 3600), m: Math.floor(seconds / 60) % 60 });
}

/** `86 %` of a share 0–1; a dash where there is none. */
export function percent(share) {
  return share === null || share === undefined || Number.isNaN(share) ? "–" : `${Math.round(share * 100)}%`;
}

/** A count or figure, grouped; a dash where there is none. */
export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString(locale(), { maximumFractionDigits: digits });
}

/** Day and time of day of an RFC 3339 time, in the reader's zone. */
export function dateTime(rfc3339) {
  const when = new Date(rfc3339 ?? NaN);
  if (Number.isNaN(when.getTime())) return "–";
  return when.toLocaleString(locale(), {
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
}

export function timeOfDay(rfc3339) {
  const when = new Date(rfc3339 ?? NaN);
  if (Number.isNaN(when.getTime())) return "–";
  return when.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

function locale() {
  return language() === "en" ? "en-GB" : "zh-CN";
}
