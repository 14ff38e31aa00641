"""axe-core on every page and in every state that has something of its own to show, light and dark."""

import json
import re
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
GREETING = "您好，请问有什么可以帮您？"
BANNED = "这事不归我管。"
QUIET = {"reduced_motion": "reduce", "bypass_csp": True}
"""Nothing fades while colours are measured; axe-core itself writes inline styles, which our policy forbids."""


def faults(page: Page) -> list[str]:
    """Serious and critical findings, each with the elements it is about."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{fault['id']}: {fault['help']} {[node['target'] for node in fault['nodes']][:4]} {fault['nodes'][0]['any'][:1]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_sidebar_in_its_states(floor: Any, desk: Callable[..., Any], scheme: str) -> None:
    """Idle, reply, calm, provisional, warning with its record open, settings, note, end, prompt, ring, hang-up, offline."""
    agent = desk("agent", "huadong-1007", color_scheme=scheme, **QUIET)
    page = agent.sidebar()
    card = page.locator("cm-now-card .card")
    for state in sidebar_states(floor, page, card):
        assert faults(page) == [], state
    agent.context.set_offline(True)
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "offline")
    assert faults(page) == [], "offline"


def sidebar_states(floor: Any, page: Page, card: Any) -> Iterator[str]:
    yield "idle"
    call = floor.call("c1").say("agent", GREETING).say("customer", "你好，我要退款。")
    expect(card).to_have_attribute("data-kind", "reply")
    yield "reply"
    page.keyboard.press("d")
    expect(card).to_have_attribute("data-kind", "calm")
    yield "calm"
    floor.book.mishear("c1", BANNED)  # in each partial, however few there is time for
    call.say("agent", f"{BANNED}我帮您查一下。", pause_ms=0)
    expect(card).to_have_attribute("data-status", "provisional")
    yield "provisional"
    call.quiet(1_000)
    expect(card).to_have_attribute("data-status", "confirmed")
    page.locator("cm-side-shelf li .row").first.click()
    yield "warning"
    page.locator("cm-prefs-menu .opener").click()
    yield "settings"
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    with floor.api() as api:
        api.post("/v1/calls/c1/notes", json={"text": "先道歉。"}).raise_for_status()
    expect(card).to_have_attribute("data-kind", "note")
    page.get_by_role("tab", name=re.compile("留言")).click()
    yield "note"
    call.hang_up()
    expect(card).to_have_attribute("data-kind", "ended")
    yield "ended"
    silent = floor.call("c2").say("agent", GREETING).quiet(4_300)
    expect(card).to_have_attribute("data-kind", "prompt")
    yield "prompt"
    silent.say("agent", "您好，请问有什么可以帮助您？")
    expect(page.locator("cm-time-ring")).to_have_attribute("data-waiting", "")
    yield "ring"
    silent.quiet(4_300).say("agent", "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！").quiet(4_300)
    expect(card.locator(".end")).to_have_attribute("data-free", "")
    yield "may hang up"


def test_supervisor_in_its_states(floor: Any, desk: Callable[..., Any], scheme: str) -> None:
    """Empty, with calls in all groups, a call open, the queue of appeals."""
    page = desk("supervisor", viewport={"width": 1280, "height": 860}, color_scheme=scheme, **QUIET).open("/supervisor")
    expect(page.locator("cm-call-wall .none")).to_be_visible()
    assert faults(page) == [], "empty"
    floor.call("c1", "huadong-1001").say("agent", GREETING).say("agent", BANNED)
    floor.call("c2", "huanan-1002").say("agent", GREETING).say("customer", "我要投诉。")
    floor.call("c3", "huanan-1003").say("agent", GREETING)
    expect(page.locator("cm-call-tile")).to_have_count(3)
    expect(page.locator("section[data-group=act] cm-call-tile")).to_have_count(1)
    assert faults(page) == [], "calls"
    page.locator("cm-call-tile button").first.click()
    expect(page.locator("cm-call-drawer cm-caption-list li").first).to_be_visible()
    assert faults(page) == [], "drawer"
    page.keyboard.press("Escape")
    with floor.api("agent", "huadong-1001") as api:
        [warning] = api.get("/v1/warnings", params={"call_id": "c1"}).json()["warnings"]
        api.post(f"/v1/warnings/{warning['warning_id']}/appeal", json={"comment": "不是我说的"}).raise_for_status()
    page.get_by_role("tab", name="申诉").click()
    expect(page.locator("cm-appeal-queue li")).to_have_count(1)
    assert faults(page) == [], "appeals"


def test_the_other_pages(floor: Any, desk: Callable[..., Any], scheme: str) -> None:
    """Sign-in, call, rules with a tried sentence, audit."""
    floor.call("c1").say("agent", GREETING).say("customer", "你好。").quiet(6_000).say("agent", BANNED).hang_up()
    stranger = desk("", color_scheme=scheme, **QUIET).open("/login")
    assert faults(stranger) == [], "login"
    stranger.get_by_label("访问令牌").fill("nonsense")
    stranger.keyboard.press("Enter")
    expect(stranger.get_by_role("alert")).to_be_visible()
    assert faults(stranger) == [], "refused"
    person = desk("supervisor", viewport={"width": 1280, "height": 860}, color_scheme=scheme, **QUIET)
    page = person.open("/calls/c1")
    expect(page.locator("cm-warning-list li")).to_have_count(1)
    assert faults(page) == [], "call"
    for name in ("得分明细", "必说项"):
        page.get_by_role("tab", name=re.compile(name)).click()
        assert faults(page) == [], name
    page = person.open("/rules?id=not-my-job")
    page.get_by_label("试一句话").fill(BANNED)
    expect(page.locator("cm-rule-trial li")).to_have_count(1)
    assert faults(page) == [], "rules"
    page.locator("cm-rule-book .list li a").filter(has_text="无声电话").first.click()
    page.locator("cm-rule-sheet summary").click()
    assert faults(page) == [], "a protocol"
    page = person.open("/audit")
    expect(page.locator("cm-audit-desk form")).to_be_visible()
    assert faults(page) == [], "audit"


def test_a_report(
    tmp_path: Path, open_at: Callable[..., Any], desk_of: Callable[..., Any], voice: Callable[..., bytes]
) -> None:
    """An audit's report with a call opened in it, in both schemes; narrow, with a file that could not be read."""
    script = tmp_path / "script.json"
    line = {"side": "agent", "from_ms": 500, "to_ms": 3_000, "text": f"{GREETING}{BANNED}"}
    script.write_text(json.dumps([line]), encoding="utf-8")
    floor = open_at(tmp_path / "data", engine={"kind": "scripted", "script": script})
    sound = np.zeros((40_000, 2), dtype="<i2")
    sound[4_000:24_000, 0] = np.frombuffer(voice(2_500, 8_000), "<i2")
    file = tmp_path / "20260309-090512-huadong-1001.wav"
    with wave.open(str(file), "wb") as recording:
        recording.setparams((2, 2, 8_000, 0, "NONE", ""))
        recording.writeframes(sound.tobytes())
    (tmp_path / "broken.wav").write_text("this is not audio")
    page = desk_of(floor, "auditor", viewport={"width": 360, "height": 860}, **QUIET).open("/audit")
    page.locator("cm-audit-desk input[type=file]").set_input_files([file, tmp_path / "broken.wav"])
    view = page.locator("cm-audit-view")
    expect(view.locator("table")).to_be_visible(timeout=300_000)
    view.locator("tbody button").first.click()
    expect(view.locator("cm-warning-list li").first).to_be_visible()
    for name in ("light", "dark"):
        page.emulate_media(color_scheme=name)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", name)
        assert faults(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") == 360
