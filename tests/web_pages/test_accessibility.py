"""axe-core on every page and in every state that has something of its own to show, light and dark."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
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
    """Idle, calm, warning, its record open, prompt with ring, settings, end of call."""
    page = desk("agent", "huadong-1007", color_scheme=scheme, **QUIET).sidebar()
    card = page.locator("cm-now-card .card")
    for state in sidebar_states(floor, page, card):
        assert faults(page) == [], state


def sidebar_states(floor: Any, page: Page, card: Any) -> Iterator[str]:
    yield "idle"
    call = floor.call("c1").say("agent", GREETING).say("customer", "你好，我要退款。")
    expect(card).to_have_attribute("data-kind", "reply")
    yield "reply"
    page.keyboard.press("d")
    expect(card).to_have_attribute("data-kind", "calm")
    yield "calm"
    call.say("agent", BANNED)
    expect(card).to_have_attribute("data-kind", "warning")
    page.locator("cm-side-shelf li .row").first.click()
    yield "warning"
    page.locator("cm-prefs-menu .opener").click()
    yield "settings"
    page.keyboard.press("Escape")
    call.hang_up()
    expect(card).to_have_attribute("data-kind", "ended")
    yield "ended"
    silent = floor.call("c2").say("agent", GREETING).quiet(4_300)
    expect(card).to_have_attribute("data-kind", "prompt")
    yield "prompt"
    silent.say("agent", "您好，请问有什么可以帮助您？")
    expect(page.locator("cm-time-ring")).to_have_attribute("data-waiting", "")
    yield "ring"


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
    person = desk("supervisor", viewport={"width": 1280, "height": 860}, color_scheme=scheme, **QUIET)
    page = person.open("/calls/c1")
    expect(page.locator("cm-warning-list li")).to_have_count(1)
    assert faults(page) == [], "call"
    page = person.open("/rules?id=not-my-job")
    page.get_by_label("试一句话").fill(BANNED)
    expect(page.locator("cm-rule-trial li")).to_have_count(1)
    assert faults(page) == [], "rules"
    page = person.open("/audit")
    expect(page.locator("cm-audit-desk form")).to_be_visible()
    assert faults(page) == [], "audit"
