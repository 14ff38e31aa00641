/** What an audit's report shows as plots: counted here, drawn elsewhere. Pure. */

import { SEVERITIES } from "./severity.js";

/**
 * `20260309-165207-huadong-1007.wav` names its day, time and agent. Recorders that name files otherwise lose the
 * plots by agent and by hour, nothing else.
 */
const NAMED = /(?<day>\d{8})[-_T](?<hour>\d{2})\d{2}(?:\d{2})?[-_](?<agent>[^.]+?)(?:\.[^.]+)?$/u;

/** `{agent_id, hour}` of a recording's file name, as far as it tells. */
export function named(file) {
  const found = NAMED.exec(file.split("/").at(-1));
  if (!found || Number(found.groups.hour) > 23) return { agent_id: "", hour: null };
  return { agent_id: found.groups.agent, hour: Number(found.groups.hour) };
}

/** Calls by score in tens: `0–9` … `90–99`, `100`. */
export function byScore(calls) {
  const columns = Array.from({ length: 11 }, (_, at) => ({
    label: at === 10 ? "100" : `${at * 10}–${at * 10 + 9}`,
    value: 0,
  }));
  for (const { score } of calls)
    if (score !== null && score !== undefined) columns[Math.min(10, Math.floor(score / 10))].value += 1;
  return columns;
}

/** Warnings by rule, most first, the graver of equals first: `{rule_id, title, severity, warnings, calls}`. */
export function byRule(calls) {
  const rules = new Map();
  for (const call of calls) {
    const here = new Set();
    for (const { rule_id, title, severity } of call.warnings) {
      const row = rules.get(rule_id) ?? { rule_id, title, severity, warnings: 0, calls: 0 };
      row.warnings += 1;
      if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(row.severity)) Object.assign(row, { severity, title });
      if (!here.has(rule_id)) row.calls += 1;
      here.add(rule_id);
      rules.set(rule_id, row);
    }
  }
  const rank = ({ severity }) => SEVERITIES.indexOf(severity);
  return [...rules.values()].sort(
    (a, b) => b.warnings - a.warnings || rank(a) - rank(b) || a.rule_id.localeCompare(b.rule_id),
  );
}

/** Warnings by agent, most first; empty where file names do not tell. */
export function byAgent(calls) {
  const agents = new Map();
  for (const call of calls) {
    const { agent_id } = named(call.file);
    if (!agent_id) continue;
    const row = agents.get(agent_id) ?? { agent_id, warnings: 0, calls: 0 };
    row.warnings += call.warnings.length;
    row.calls += 1;
    agents.set(agent_id, row);
  }
  return [...agents.values()].sort((a, b) => b.warnings - a.warnings || a.agent_id.localeCompare(b.agent_id));
}

/** Warnings by hour of the day, from the first to the last hour with a call; empty where file names do not tell. */
export function byHour(calls) {
  const hours = new Map();
  for (const call of calls) {
    const { hour } = named(call.file);
    if (hour !== null) hours.set(hour, (hours.get(hour) ?? 0) + call.warnings.length);
  }
  if (!hours.size) return [];
  const first = Math.min(...hours.keys());
  const last = Math.max(...hours.keys());
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    label: String(first + at),
    value: hours.get(first + at) ?? 0,
  }));
}

/** Calls with the worst first: lowest score, then most warnings; those that could not be read last. */
export function worstFirst(calls) {
  const unread = (call) => (call.error ? 1 : 0);
  return [...calls].sort(
    (a, b) =>
      unread(a) - unread(b) ||
      (a.score ?? 101) - (b.score ?? 101) ||
      b.warnings.length - a.warnings.length ||
      a.file.localeCompare(b.file),
  );
}
