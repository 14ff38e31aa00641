// The small pure parts: silences, reports, severities, marked quotes' order, dictionaries.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { en } from "../../monitor/web/static/i18n/en.js";
import { zh } from "../../monitor/web/static/i18n/zh.js";
import { inOrder } from "../../monitor/web/static/core/in-order.js";
import { byAgent, byHour, byRule, byScore, named, worstFirst } from "../../monitor/web/static/state/report.js";
import { stretches } from "../../monitor/web/static/state/marks.js";
import { seated } from "../../monitor/web/static/state/seats.js";
import { counts, gravest, weight } from "../../monitor/web/static/state/severity.js";
import { played } from "../../monitor/web/static/state/tape.js";
import { silences } from "../../monitor/web/static/state/silence.js";

const STATIC = new URL("../../monitor/web/static/", import.meta.url);

test("silences lie between the speech of both sides, overlaps and order notwithstanding", () => {
  const said = [
    { from_ms: 20_000, to_ms: 22_000 },
    { from_ms: 1_000, to_ms: 9_000 },
    { from_ms: 2_000, to_ms: 4_000 },
  ];
  assert.deepEqual(silences(said, 30_000), [
    { from_ms: 9_000, to_ms: 20_000 },
    { from_ms: 22_000, to_ms: 30_000 },
  ]);
  assert.deepEqual(silences(said, 24_000), [{ from_ms: 9_000, to_ms: 20_000 }]);
  assert.deepEqual(silences([], 4_999), []);
  assert.deepEqual(silences([], 5_000), [{ from_ms: 0, to_ms: 5_000 }]);
});

const call = (file, score, ...rules) => ({
  file,
  score,
  warnings: rules.map((rule_id) => ({ rule_id, title: rule_id, severity: rule_id === "a" ? "critical" : "minor" })),
});

test("scores are counted in tens, a hundred by itself", () => {
  const columns = byScore([call("1", 0), call("2", 9), call("3", 10), call("4", 99), call("5", 100), call("6", null)]);
  assert.deepEqual(
    columns.map(({ value }) => value),
    [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1],
  );
});

test("rules are ranked by their warnings, with the calls they touched", () => {
  assert.deepEqual(
    byRule([call("1", 1, "a", "a", "b"), call("2", 1, "b"), call("3", 1, "b")]).map(
      ({ rule_id, warnings, calls, severity }) => [rule_id, warnings, calls, severity],
    ),
    [
      ["b", 3, 3, "minor"],
      ["a", 2, 1, "critical"],
    ],
  );
});

test("a recording's name may tell agent and hour, and need not", () => {
  assert.deepEqual(named("20260309-165207-huadong-1007.wav"), { agent_id: "huadong-1007", hour: 16 });
  assert.deepEqual(named("x/20260309_0905_1007.flac"), { agent_id: "1007", hour: 9 });
  assert.deepEqual(named("20260309-993000-1007.wav"), { agent_id: "", hour: null });
  assert.deepEqual(named("silent-call.wav"), { agent_id: "", hour: null });
});

test("agents and hours are counted where names tell them", () => {
  const calls = [
    call("20260309-090000-a7.wav", 1, "a"),
    call("20260309-110000-a7.wav", 1, "a", "b"),
    call("other.wav", 1, "a"),
  ];
  assert.deepEqual(byAgent(calls), [{ agent_id: "a7", warnings: 3, calls: 2 }]);
  assert.deepEqual(byHour(calls), [
    { label: "9", value: 1 },
    { label: "10", value: 0 },
    { label: "11", value: 2 },
  ]);
  assert.deepEqual(byHour([call("other.wav", 1)]), []);
});

test("the worst call comes first, the unreadable last", () => {
  const calls = [
    call("good", 100),
    { file: "broken", score: null, warnings: [], error: {} },
    call("bad", 20, "a"),
    call("worse", 20, "a", "b"),
    call("unscored", null),
  ];
  assert.deepEqual(
    worstFirst(calls).map(({ file }) => file),
    ["worse", "bad", "good", "unscored", "broken"],
  );
});

test("severities", () => {
  const warnings = [{ severity: "minor" }, { severity: "critical" }, { severity: "minor" }, { severity: "unheard" }];
  assert.deepEqual(counts(warnings), { critical: 1, major: 0, minor: 2, hint: 0 });
  assert.equal(gravest(warnings), "critical");
  assert.equal(gravest([]), "");
  assert.ok(
    weight("critical") > weight("major") &&
      weight("major") > weight("minor") &&
      weight("minor") > weight("hint") &&
      weight("hint") > weight("?"),
  );
});

test("both dictionaries have the same keys with the same slots", () => {
  assert.deepEqual(Object.keys(en), Object.keys(zh));
  const slots = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const key of Object.keys(zh)) assert.deepEqual(slots(en[key]), slots(zh[key]), key);
});

const sources = readdirSync(STATIC, { recursive: true })
  .filter((name) => /\.(js|html|css)$/.test(name))
  .map((name) => [name, readFileSync(new URL(name, STATIC), "utf8")]);

test("every key that the pages use is in the dictionary, and none is there for nothing", () => {
  const code = sources
    .filter(([name]) => name.endsWith(".js") && !name.startsWith("i18n"))
    .map(([, text]) => text)
    .join("\n");
  const used = [...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key]) => key);
  for (const key of used) assert.ok(key in zh, key);
  // Keys made of parts stand in the code as templates.
  const templates = [...code.matchAll(/\bt\(\s*`([^`]+)`/g)].map(
    ([, made]) => new RegExp(`^${made.replaceAll(".", "\\.").replaceAll(/\$\{[^}]+\}/g, "[^.]+")}$`),
  );
  const unused = Object.keys(zh).filter(
    (key) => !code.includes(`"${key}"`) && !templates.some((made) => made.test(key)),
  );
  assert.deepEqual(unused, []);
});

test("text enters the pages as text: nothing parses markup, no inline script or style, no other host", () => {
  for (const [name, text] of sources) {
    if (name.endsWith(".js")) {
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML|createContextualFragment/,
        name,
      );
      assert.doesNotMatch(text.replaceAll("http://www.w3.org/2000/svg", ""), /["'`]https?:\/\//, name);
    }
    if (name.endsWith(".html")) {
      assert.doesNotMatch(text, /\sstyle=|\son\w+=|<style|https?:/, name);
      for (const [, inside] of text.matchAll(/<script[^>]*>([^]*?)<\/script>/g)) assert.equal(inside.trim(), "", name);
    }
    if (name.endsWith(".css")) assert.doesNotMatch(text, /url\(["']?(?:https?:)?\/\//, name);
  }
});

test("only main.js gives elements their names", () => {
  for (const [name, text] of sources)
    if (name.endsWith(".js") && name !== "main.js") assert.doesNotMatch(text, /customElements\.define/, name);
});

test("marks that would lie on each other make room to both sides, in the order of their times", () => {
  const rounded = (seats) => seats.map((seat) => Math.round(seat * 1000) / 1000);
  assert.deepEqual(rounded(seated([0.1, 0.9], 0.05)), [0.1, 0.9]);
  assert.deepEqual(rounded(seated([0.5, 0.5], 0.1)), [0.45, 0.55]);
  assert.deepEqual(rounded(seated([0.52, 0.5, 0.51], 0.1)), [0.61, 0.41, 0.51]);
  // Making room for two may touch a third: then all three share it.
  assert.deepEqual(rounded(seated([0.3, 0.42, 0.42], 0.1)), [0.28, 0.38, 0.48]);
  assert.deepEqual(seated([], 0.1), []);
});

test("a tape is told as what happens in turn", () => {
  assert.deepEqual(
    played("A2:您好，请问有什么可以帮您 Q5.5 +1.5C3 L:customer=-45,8 X2:customer H:agent H").map(
      ({ kind, side, text, seconds }) => [kind, side, text, seconds],
    ),
    [
      ["said", "agent", "您好，请问有什么可以帮您", "2"],
      ["quiet", "", "", "5.5"],
      ["said", "customer", "", "3"],
      ["level", "customer", "", ""],
      ["lost", "customer", "", "2"],
      ["ended", "agent", "", ""],
      ["ended", "", "", ""],
    ],
  );
  assert.deepEqual(played("A2:喂 ??").at(-1), { kind: "said", side: "", text: "??", seconds: "" });
  assert.deepEqual(played(""), []);
});

test("quotes are marked where they stand, of two that overlap the second has the rest", () => {
  const told = (...args) => stretches(...args).map(({ text, severity }) => (severity ? `[${text}]` : text));
  const major = (quote) => ({ quote, severity: "major" });
  assert.deepEqual(told("这事我也不懂，你问厂家吧。", [major("你问厂家吧"), major("我也不懂，你")]), [
    "这事",
    "[我也不懂，你]",
    "[问厂家吧]",
    "。",
  ]);
  assert.deepEqual(told("不归我管", [major("不归我管"), major("归我"), major("没有"), major("")]), ["[不归我管]"]);
  assert.deepEqual(told("您好", []), ["您好"]);
  assert.deepEqual(told("", [major("您")]), []);
});

test("an answer that a later question's answer overtook is dropped, a merely slow one is not", async () => {
  const open = [];
  const ask = inOrder((what) => new Promise((resolve) => open.push(() => resolve(what))));
  const [first, second, third] = [ask("first"), ask("second"), ask("third")];
  open[1]();
  assert.equal(await second, "second");
  open[0]();
  assert.equal(await first, undefined);
  open[2]();
  assert.equal(await third, "third");
});
