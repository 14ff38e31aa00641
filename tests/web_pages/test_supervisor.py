"""The wall, the opened call, notes, appeals from the sidebar to the rule's precision."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

GREETING = "您好，请问有什么可以帮您？"
BANNED = "这事不归我管。"
WIDE = {"viewport": {"width": 1280, "height": 860}}


def wall(desk: Callable[..., Any]) -> Page:
    page = desk("supervisor", **WIDE).open("/supervisor")
    expect(page.locator("cm-supervisor-floor > .floor cm-link-state, cm-link-state").first).to_have_attribute(
        "data-phase", "live"
    )
    return page


def test_calls_stand_by_need(floor: Any, desk: Callable[..., Any]) -> None:
    """A complaint and a critical warning come first; a calm call stays small; an ended call leaves."""
    page = wall(desk)
    expect(page.locator("cm-call-wall .none")).to_be_visible()
    floor.call("c3", "beifang-1003", team="夜班").say("agent", GREETING).say("customer", "我要投诉你们。")
    floor.call("c2", "huanan-1002").say("agent", GREETING).say("agent", BANNED)
    calm = floor.call("c1", "huadong-1001").say("agent", GREETING)
    expect(page.locator("section[data-group=calm] cm-call-tile .who")).to_have_text(["huadong-1001"])
    expect(page.locator("section[data-group=act] cm-call-tile .who")).to_have_text(["huanan-1002"])
    expect(page.locator("section[data-group=watch] cm-call-tile .who")).to_have_text(["beifang-1003"])
    first = page.locator("section[data-group=act] cm-call-tile")
    expect(first.locator("button")).to_have_attribute("data-severity", "critical")
    expect(first.locator(".title")).to_have_text("推诿：这事不归我管")
    expect(page.locator("section[data-group=watch] .state")).to_have_text(re.compile("投诉|没有声音数据"))
    calm.hang_up()
    expect(page.locator("cm-call-tile")).to_have_count(2, timeout=30_000)


def test_a_call_that_needs_somebody_moves_up_and_stays(floor: Any, desk: Callable[..., Any]) -> None:
    """The last change on the wall is a calm call that is calm no more: it stands above, and only there."""
    page = wall(desk)
    floor.call("c1", "huadong-1001").say("agent", GREETING)
    call = floor.call("c2", "huanan-1002").say("agent", GREETING)
    expect(page.locator("section[data-group=calm] cm-call-tile")).to_have_count(2)
    call.say("agent", BANNED)
    expect(page.locator("section[data-group=act] h2 .number")).to_have_text("1")
    expect(page.locator("section[data-group=act] cm-call-tile .who")).to_have_text(["huanan-1002"])
    expect(page.locator("section[data-group=calm] cm-call-tile .who")).to_have_text(["huadong-1001"])


def test_a_wall_opened_late_knows_what_was_warned_about(floor: Any, desk: Callable[..., Any]) -> None:
    """Calls that began before the page was opened have their agent, state, team and warnings."""
    floor.call("c2", "huanan-1002", team="夜班").say("agent", GREETING).say("agent", BANNED)
    page = wall(desk)
    tile = page.locator("section[data-group=act] cm-call-tile")
    expect(tile.locator(".who")).to_have_text("huanan-1002")
    expect(tile.locator(".title")).to_have_text("推诿：这事不归我管")
    expect(page.get_by_label("班组").locator("option")).to_have_text(["全部班组", "夜班"])


def test_filters(floor: Any, desk: Callable[..., Any]) -> None:
    """By team, state, severity, rule and name; an empty wall says so."""
    floor.call("c1", "huadong-1001", team="华东").say("agent", GREETING)
    floor.call("c2", "huanan-1002", team="华南").say("agent", GREETING).say("agent", BANNED)
    floor.call("c3", "huanan-1003", team="华南").say("agent", GREETING).say("customer", "我要投诉你们。")
    page = wall(desk)
    tiles = page.locator("cm-call-tile")
    expect(tiles).to_have_count(3)
    page.get_by_label("班组").select_option("华南")
    expect(tiles).to_have_count(2)
    page.locator(".states button").filter(has_text="投诉").click()
    expect(tiles).to_have_count(1)
    page.locator(".states button").filter(has_text="投诉").click()
    page.get_by_label("级别").select_option("critical")
    expect(tiles.locator(".who")).to_have_text(["huanan-1002"])
    page.get_by_label("规则", exact=True).select_option("not-my-job")
    page.get_by_label("坐席或通话号").fill("1003")
    expect(tiles).to_have_count(0)
    expect(page.locator("cm-call-wall .none")).to_have_text("没有符合条件的通话")


def test_opened_call_and_note_to_the_agent(floor: Any, desk: Callable[..., Any]) -> None:
    """A tile opens its call from the beginning and live; a note reaches the agent's card; Escape closes."""
    sidebar = desk("agent", "huadong-1007").sidebar()
    page = wall(desk)
    call = floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    expect(sidebar.locator("cm-now-card .card")).to_have_attribute("data-kind", "warning")
    page.locator("cm-call-tile button").click()
    drawer = page.locator("cm-call-drawer")
    expect(drawer.locator("cm-caption-list li")).to_have_count(2)
    expect(drawer.locator("cm-time-line .marks button")).to_have_count(1)
    call.say("customer", "那找谁呀。")
    expect(drawer.locator("cm-caption-list li")).to_have_count(3)
    drawer.get_by_label("给坐席留言").fill("先道歉，运费我们出。")
    drawer.get_by_label("给坐席留言").press("Enter")
    expect(drawer.locator(".said")).to_contain_text("已发送")
    sidebar.keyboard.press("d")
    expect(sidebar.locator("cm-now-card .say p")).to_have_text("先道歉，运费我们出。")
    expect(sidebar.locator("cm-now-card .title")).to_contain_text("王主管")
    sidebar.get_by_role("tab", name=re.compile("留言")).click()
    expect(sidebar.locator("cm-side-shelf .note p")).to_have_text("先道歉，运费我们出。")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    call.hang_up()


def test_an_appeal_from_the_sidebar_to_the_rules_precision(floor: Any, desk: Callable[..., Any]) -> None:
    """One key appeals, one key decides with the sound of the words at hand, and the rule's precision follows."""
    sidebar = desk("agent", "huadong-1007").sidebar()
    page = wall(desk)
    call = (
        floor.call("c1")
        .say("agent", GREETING)
        .say("agent", BANNED)
        .say("customer", "好吧。")
        .say("agent", "这个我也不懂。")
    )
    expect(sidebar.locator("cm-side-shelf li")).to_have_count(2)
    expect(sidebar.locator("cm-now-card .card")).to_have_attribute("data-severity", "critical")
    sidebar.keyboard.press("a")
    expect(sidebar.locator("cm-now-card [data-name=appeal]")).to_contain_text("已申诉")
    sidebar.keyboard.press("d")
    row = sidebar.locator("cm-side-shelf li").filter(has_text="我也不懂")
    row.locator(".row").click()
    row.get_by_label("申诉说明（可不填）").fill("我是在转述客户的话")
    row.get_by_role("button", name="申诉").click()
    expect(row.locator(".tail")).to_contain_text("已申诉")

    page.get_by_role("tab", name=re.compile("申诉")).click()
    queue = page.locator("cm-appeal-queue")
    expect(queue.locator("li")).to_have_count(2)
    expect(queue.locator("li").first).to_contain_text("这事不归我管")
    expect(queue.locator("li").last.locator(".comment")).to_have_text("我是在转述客户的话")
    audio = queue.locator("li").first.locator("audio").get_attribute("src")
    assert audio is not None
    heard = page.context.request.get(floor.url + audio)
    assert heard.ok
    assert heard.body()[:4] == b"RIFF"
    assert len(heard.body()) > 8_000
    queue.locator("ol").focus()
    page.keyboard.press("u")
    expect(queue.locator("li")).to_have_count(1)
    page.keyboard.press("o")
    expect(queue.locator(".none")).to_be_visible()
    expect(row.locator(".tail")).to_contain_text("已撤销", timeout=30_000)
    call.hang_up()

    page.goto(f"{floor.url}/rules?id=dont-know")
    figures = page.locator("cm-rule-sheet .figures dd")
    expect(figures).to_have_text(["1", "1", "0", "1", "0%"])
    page.locator("cm-rule-book li a").filter(has_text="这事不归我管").click()
    expect(figures).to_have_text(["1", "1", "1", "0", "100%"])
    page.goto(f"{floor.url}/calls/c1")
    history = page.locator("cm-warning-list .history")
    expect(history.last).to_contain_text("我是在转述客户的话")
    expect(history.last).to_contain_text("已撤销")


DEEP = """
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
"""
FOCUSED = f"""() => {{
  {DEEP}
  if (!node || node === document.body) return null;
  const {{ outlineStyle, outlineWidth }} = getComputedStyle(node);
  return {{
    name: node.getAttribute("aria-label") || node.textContent.trim().slice(0, 40) || node.tagName,
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
  }};
}}"""


def test_the_wall_by_keyboard_alone(floor: Any, desk: Callable[..., Any]) -> None:
    """Tab: bar, filters, calls by need; Enter opens a call, Tab comes to the note, Escape leads back to the tile."""
    floor.call("c1", "huadong-1001").say("agent", GREETING)
    floor.call("c2", "huanan-1002").say("agent", GREETING).say("agent", BANNED)
    page = wall(desk)
    expect(page.locator("section[data-group=act] cm-call-tile")).to_have_count(1)
    expect(page.locator("section[data-group=calm] cm-call-tile")).to_have_count(1)
    names = []
    for _ in range(30):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at is not None
        assert at["outlined"], at
        names.append(at["name"])
        if at["name"].startswith("huanan-1002"):
            break
    assert names[:5] == ["现场", "录音质检", "规则", "设置", "退出"]
    assert names.index("退出") < names.index("级别") < names.index("坐席或通话号") < len(names) - 1
    page.keyboard.press("Enter")
    drawer = page.locator("cm-call-drawer")
    expect(drawer.locator("h2")).to_have_text("huanan-1002")
    for _ in range(20):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at["outlined"], at
        if page.evaluate(f"() => {{ {DEEP} return node.id === 'note'; }}"):
            break
    page.keyboard.type("先道歉。")
    page.keyboard.press("Enter")
    expect(drawer.locator(".said")).to_contain_text("已发送：先道歉。")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    assert page.evaluate(FOCUSED)["name"].startswith("huanan-1002")
    page.get_by_role("tab", name="今日").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="申诉")).to_have_attribute("aria-selected", "true")
    expect(page.locator("cm-appeal-queue .none")).to_be_visible()


def test_hostile_words_on_the_wall_and_the_call(floor: Any, desk: Callable[..., Any]) -> None:
    """Markup and endless words from a caller, and from an agent's id, are text on every page of the supervisor."""
    hostile = "<img src=x onerror=window.broken=true>"
    page = wall(desk)
    call = floor.call("c1", "<b>a").say("customer", hostile, 3_000).say("agent", f"{BANNED}{hostile}", 3_000)
    call.say("customer", "啊" * 2_000, 4_000)
    tile = page.locator("section[data-group=act] cm-call-tile")
    expect(tile.locator(".who")).to_have_text("<b>a")
    tile.locator("button").click()
    lines = page.locator("cm-call-drawer cm-caption-list li .text")
    expect(lines).to_have_count(3)
    expect(lines.first).to_have_text(hostile)
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    page.goto(f"{floor.url}/calls/c1")
    expect(page.locator("cm-caption-list li .text").first).to_have_text(hostile)
    expect(page.locator("h1")).to_have_text("<b>a")
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert page.locator("img").count() == page.locator("cm-nav-bar img").count()
    assert page.evaluate("window.broken") is None


def test_todays_figures(floor: Any, desk: Callable[..., Any]) -> None:
    """Calls, warnings, by rule with their titles, by agent; each rule leads to its page."""
    floor.call("c1", "huadong-1001").say("agent", GREETING).say("agent", BANNED).hang_up()
    floor.call("c2", "huadong-1001").say("agent", GREETING).say("agent", "这个我也不懂。").hang_up()
    page = wall(desk)
    day = page.locator("cm-day-panel")
    expect(day.locator("dd").first).to_have_text("2")
    expect(day.locator("dd").nth(1)).to_have_text("2")
    expect(day.locator("cm-bar-list").first.locator("li")).to_have_count(2)
    expect(day.locator("cm-bar-list").last.locator("li")).to_contain_text(["huadong-1001"])
    day.get_by_role("link", name="推诿：这事不归我管").click()
    expect(page.locator("cm-rule-sheet h2")).to_have_text("推诿：这事不归我管")


def test_a_hundred_calls(tmp_path: Path, open_at: Callable[..., Any], desk_of: Callable[..., Any]) -> None:
    """A hundred live calls: each a tile with its warning where there is one, and nothing left when they end."""
    floor = open_at(tmp_path / "data")
    page = wall(partial(desk_of, floor))
    calls = [floor.call(f"c{number}", f"huadong-{1000 + number}") for number in range(100)]
    for call in calls[:10]:
        call.say("agent", BANNED)
    for call in calls[10:]:
        call.quiet(1_000)
    expect(page.locator("cm-call-tile")).to_have_count(100)
    expect(page.locator("section[data-group=act] cm-call-tile")).to_have_count(10)
    expect(page.locator(".states b").first).to_have_text("100")
    page.evaluate("document.querySelector('cm-supervisor-floor').shadowRoot.querySelector('.scroll').scrollTo(0, 1e6)")
    expect(page.locator("section[data-group=calm] cm-call-tile").last).to_be_visible()
    for call in calls:
        call.hang_up()
    expect(page.locator("cm-call-tile")).to_have_count(0, timeout=40_000)
    nodes = page.evaluate(
        "document.querySelector('cm-supervisor-floor').shadowRoot.querySelector('cm-call-wall').shadowRoot.querySelectorAll('*').length"
    )
    assert nodes < 30
