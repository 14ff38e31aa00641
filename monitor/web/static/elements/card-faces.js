/** What each kind of card says: title, sentence, reason, what to say, ring. Words and times alone; no nodes. */

import { t } from "../core/i18n.js";
import { mediaNow } from "../core/media-clock.js";

/** How the protocols are named that say when hanging up is allowed. */
const SILENT_CALL = "silent-call";

/** What stands on a card: everything optional, all of it text. */
const BLANK = {
  icon: "ring",
  title: "",
  at_ms: null,
  severity: null,
  status: null,
  heard: null,
  why: "",
  label: "",
  say: "",
  calm: "",
  ring: null,
  said: false,
  score: null,
  reasons: [],
};

/**
 * The face of the card for now.
 *
 * @param {{card: object, call: object|null, now_ms: number}} data as the card is shown with
 */
export function faceOf(data) {
  return { ...BLANK, ...FACES[data.card.kind](data) };
}

const FACES = {
  idle: () => ({ title: t("card.idle"), why: t("card.idleWhy") }),

  calm: ({ card }) => ({
    icon: "check",
    title: t("card.label"),
    calm: t("card.calm"),
    label: card.item ? `${t("card.next")} · ${card.item.title}` : "",
    say: card.item ? card.item.say || card.item.title : "",
    why: card.item ? "" : t("card.nextDone"),
  }),

  warning: ({ card: { item }, call }) => ({
    icon: item.severity,
    severity: item.severity,
    status: item.status,
    title: [item.status === "provisional" ? t("card.provisional") : t(`severity.${item.severity}`), item.title].join(
      " · ",
    ),
    at_ms: item.at_ms,
    heard: { text: sentenceOf(item, call), quote: item.quote },
    why: item.status === "provisional" ? t("card.provisionalWhy") : item.advice,
    label: t("card.say"),
    say: item.rewrite,
  }),

  prompt: ({ card: { item }, call, now_ms }) => ({
    icon: "reply",
    title: [item.status === "shown" ? "" : t("card.said"), item.title || item.step].filter(Boolean).join(" · "),
    at_ms: item.at_ms,
    label: t(item.status === "shown" ? "card.sayNow" : "card.said"),
    say: item.say,
    said: item.status !== "shown",
    ring: timed(item) ? ringOf(item, call, now_ms) : null,
  }),

  requirement: ({ card: { item }, call, now_ms }) => ({
    icon: "reply",
    title: `${t("card.requirement")} · ${item.title}`,
    label: t("card.sayNow"),
    say: item.say || item.title,
    ring: ringOf(
      { at_ms: item.at_ms, due_ms: item.due_ms, next_ms: null, status: "shown", protocol: "" },
      call,
      now_ms,
    ),
  }),

  note: ({ card: { item } }) => ({
    icon: "note",
    title: `${t("card.note")} · ${item.from}`,
    say: item.text,
    at_ms: item.at_ms,
  }),

  reply: ({ card: { item } }) => ({
    icon: "reply",
    title: item.title,
    at_ms: item.at_ms,
    why: item.trigger ? t("card.reply", { trigger: item.trigger }) : "",
    label: t("card.sayNow"),
    say: item.say,
  }),

  ended: ({ card: { item } }) => {
    const { score = null, reasons = [], requirements = {} } = item.summary;
    return {
      icon: "ended",
      title: t("card.ended"),
      score: score === null ? null : String(score),
      scoreNote: [t("card.points"), requirements.missed ? t("card.endedMissed", { n: requirements.missed }) : ""]
        .filter(Boolean)
        .join(" · "),
      reasons,
      why: reasons.length ? "" : t("card.endedClean"),
    };
  },
};

/** Whether a prompt's time runs, or it says when hanging up is allowed; any other leaves its room to the sentence. */
function timed({ protocol, due_ms, next_ms, may_end }) {
  return may_end || protocol.startsWith(SILENT_CALL) || Number.isFinite(next_ms ?? due_ms);
}

/** The sentence that holds the quote, if its caption is here; else the quote alone. */
function sentenceOf(warning, call) {
  if (!warning.quote) return "";
  const line = call.captions.findLast(
    ({ utterance_id, text }) => utterance_id === warning.utterance_id && text.includes(warning.quote),
  );
  return line?.text ?? warning.quote;
}

function ringOf(prompt, call, now_ms) {
  const media_ms = mediaNow(call.clock, now_ms) ?? call.at_ms;
  const to_ms = prompt.next_ms ?? prompt.due_ms ?? null;
  const waiting = prompt.status === "done";
  const left_s = to_ms === null ? 0 : Math.max(0, Math.ceil((to_ms - media_ms) / 1000));
  let words = t("ring.now");
  if (prompt.may_end) words = "";
  else if (waiting) words = t("ring.waiting");
  else if (left_s > 0) words = t(prompt.next_ms === null || prompt.next_ms === undefined ? "ring.left" : "ring.next");
  return {
    from_ms: prompt.at_ms,
    to_ms: prompt.may_end || left_s === 0 ? null : to_ms,
    waiting,
    free: prompt.may_end === true,
    end: prompt.protocol.startsWith(SILENT_CALL) ? prompt.may_end === true : null,
    words,
  };
}
