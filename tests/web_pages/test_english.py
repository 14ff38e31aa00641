"""English by dictionary: switched in the page, no word of ours stays Chinese on any page or in any state."""

import json
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

GREETING = "您好，请问有什么可以帮您？"
BANNED = "这事不归我管。"
SAID = (GREETING, BANNED, "你好，我要退款。", "我要投诉你们。", "退款今天到账。", "我在转述。")
WIDE = {"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"}
CHINESE = re.compile(r"[㐀-鿿][㐀-鿿，。？！：、]*")

WORDS = """() => {
  const found = [document.title];
  const look = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || ["NOSCRIPT", "STYLE"].includes(node.tagName)) return;
    for (const name of ["aria-label", "aria-valuetext", "title", "placeholder", "alt"])
      if (node.hasAttribute(name)) found.push(node.getAttribute(name));
    for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) look(child);
  };
  look(document.body);
  return found;
}"""


def chinese(page: Page, content: str) -> set[str]:
    """Chinese on the page, seen or not, that is neither a rule's nor anybody's words."""
    runs = {run.strip() for text in page.evaluate(WORDS) for run in CHINESE.findall(text)}
    return {run for run in runs if run not in content}


def switch(page: Page) -> None:
    """To English, by the page's own menu."""
    page.locator("cm-prefs-menu .opener").first.click()
    page.get_by_role("button", name="English").click()
    page.keyboard.press("Escape")


@pytest.fixture
def content(floor: Any) -> str:
    """Everything that may be Chinese on an English page: rules, what was said, names, the switch back."""
    with floor.api() as api:
        rules = api.get("/v1/rules").json()
    return json.dumps(rules, ensure_ascii=False) + "\n".join((*SAID, "王主管", "中文"))


def test_the_sidebar(floor: Any, desk: Callable[..., Any], content: str) -> None:
    """Idle, warning with its record open, reply, note, ring, end."""
    page = desk("agent", "huadong-1007", reduced_motion="reduce").sidebar()
    card = page.locator("cm-now-card .card")
    switch(page)
    assert chinese(page, content) == set(), "idle"
    call = floor.call("c1").say("agent", GREETING).say("customer", SAID[2])
    expect(card).to_have_attribute("data-kind", "reply")
    assert chinese(page, content) == set(), "reply"
    call.say("agent", BANNED)
    expect(card).to_have_attribute("data-kind", "warning")
    expect(card.locator(".say h3")).to_have_text("Say instead")
    page.locator("cm-side-shelf li .row").first.click()
    with floor.api() as api:
        api.post("/v1/calls/c1/notes", json={"text": SAID[4]}).raise_for_status()
    expect(page.get_by_role("tab", name=re.compile("Notes"))).to_contain_text("1")
    assert chinese(page, content) == set(), "warning"
    call.hang_up()
    expect(card).to_have_attribute("data-kind", "ended")
    assert chinese(page, content) == set(), "ended"
    floor.call("c2").say("agent", GREETING).quiet(4_300).say("agent", "您好，请问有什么可以帮助您？")
    expect(page.locator("cm-time-ring")).to_have_attribute("data-waiting", "")
    assert chinese(page, content) == set(), "ring"


def test_wall_call_and_rules(floor: Any, desk: Callable[..., Any], content: str) -> None:
    """The wall empty and with calls, the opened call, appeals, a call page with a history, rules, a tried sentence."""
    person = desk("supervisor", **WIDE)
    page = person.open("/supervisor")
    expect(page.locator("cm-call-wall .none")).to_be_visible()
    switch(page)
    assert chinese(page, content) == set(), "empty wall"
    floor.call("c1", "huadong-1001").say("agent", GREETING).say("agent", BANNED).quiet(6_000)
    floor.call("c2", "huadong-1002").say("agent", GREETING).say("customer", SAID[3])
    expect(page.locator("section[data-group=act] cm-call-tile")).to_have_count(1)
    expect(page.locator("section[data-group=watch] cm-call-tile")).to_have_count(1)
    with floor.api("agent", "huadong-1001") as api:
        [warning] = api.get("/v1/warnings", params={"call_id": "c1"}).json()["warnings"]
        api.post(f"/v1/warnings/{warning['warning_id']}/appeal", json={"comment": SAID[5]}).raise_for_status()
    page.get_by_role("tab", name=re.compile("Appeals")).click()
    expect(page.locator("cm-appeal-queue li")).to_have_count(1)
    page.locator("section[data-group=act] cm-call-tile button").click()
    expect(page.locator("cm-call-drawer cm-caption-list li:not(.gap)")).to_have_count(2)
    assert chinese(page, content) == set(), "wall"
    page.goto(f"{floor.url}/calls/c1")
    expect(page.locator("cm-warning-list .history")).to_contain_text(SAID[5])
    assert chinese(page, content) == set(), "call"
    page.goto(f"{floor.url}/rules?id=not-my-job")
    page.get_by_label("Try a sentence").fill(BANNED)
    expect(page.locator("cm-rule-trial li")).to_have_count(1)
    assert chinese(page, content + "这事不归我管") == set(), "rules"


def test_sign_in_and_audit(
    tmp_path: Path, open_at: Callable[..., Any], desk_of: Callable[..., Any], voice: Callable[..., bytes]
) -> None:
    """Sign-in with a refusal; the audit page empty, and with a report opened."""
    script = tmp_path / "script.json"
    lines = [{"side": "agent", "from_ms": 500, "to_ms": 3_000, "text": f"{GREETING}{BANNED}"}]
    script.write_text(json.dumps(lines), encoding="utf-8")
    floor = open_at(tmp_path / "data", engine={"kind": "scripted", "script": script})
    with floor.api() as api:
        content = json.dumps(api.get("/v1/rules").json(), ensure_ascii=False) + "\n".join((*SAID, "中文"))
    page = desk_of(floor, "", **WIDE).open("/login")
    switch(page)
    page.get_by_label("Access token").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert chinese(page, content) == set(), "sign-in"
    page = desk_of(floor, "auditor", **WIDE).open("/audit")
    expect(page.locator("cm-audit-desk form")).to_be_visible()
    switch(page)
    assert chinese(page, content) == set(), "no audit"
    sound = np.zeros((40_000, 2), dtype="<i2")
    sound[4_000:24_000, 0] = np.frombuffer(voice(2_500, 8_000), "<i2")
    file = tmp_path / "20260309-090512-huadong-1001.wav"
    with wave.open(str(file), "wb") as recording:
        recording.setparams((2, 2, 8_000, 0, "NONE", ""))
        recording.writeframes(sound.tobytes())
    page.locator("cm-audit-desk input[type=file]").set_input_files([file])
    view = page.locator("cm-audit-view")
    expect(view.locator("table")).to_be_visible(timeout=300_000)
    view.locator("tbody button").first.click()
    expect(view.locator("cm-warning-list li").first).to_be_visible()
    assert chinese(page, content) == set(), "report"
