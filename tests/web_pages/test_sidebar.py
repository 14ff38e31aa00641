"""The agent's page: what it shows of a call, and when."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

GREETING = "您好，请问有什么可以帮您？"
BANNED = "这事不归我管。"


def captions(page: Page) -> Locator:
    """The texts of all captions, oldest first; a partial stands where its final will, so wait for the words."""
    return page.locator("cm-caption-list li .text")


def card(page: Page) -> Any:
    return page.locator("cm-now-card .card")


LISTEN = """() => {
  window.told = [];
  const live = document.querySelector("compliance-sidebar").shadowRoot.querySelector("[aria-live=polite]");
  new MutationObserver(() => live.textContent && window.told.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
}"""
"""Keeps what a screen reader is told; the page forgets it after a few seconds."""


def test_a_call_from_greeting_to_score(floor: Any, desk: Callable[..., Any]) -> None:
    """Captions of both sides, a warning with the words marked and the rewrite large, and the score at the end."""
    page = desk("agent", "huadong-1007").sidebar()
    expect(page.locator("cm-call-head .state")).to_have_text("等待来电")
    call = floor.call("c1").say("agent", GREETING).say("customer", "我的退款怎么还没有到。")
    expect(page.locator("cm-caption-list li")).to_have_count(2)
    call.say("agent", BANNED)
    expect(card(page)).to_have_attribute("data-kind", "warning")
    expect(card(page)).to_have_attribute("data-status", "confirmed")
    expect(card(page).locator(".heard mark")).to_contain_text("不归我管")
    with floor.api() as api:
        [warning] = api.get("/v1/warnings", params={"call_id": "c1"}).json()["warnings"]
    expect(card(page).locator(".say p")).to_have_text(warning["rewrite"])
    expect(card(page).locator(".why")).to_have_text(warning["advice"])
    expect(page.locator("cm-caption-list mark")).to_have_text(warning["quote"])
    expect(page.locator("cm-side-shelf li .title")).to_have_text(warning["title"])
    call.hang_up("customer")
    expect(card(page)).to_have_attribute("data-kind", "ended")
    expect(card(page).locator(".score")).to_be_visible()
    expect(page.locator("cm-call-head .state")).to_have_text("已结束")
    expect(captions(page)).to_have_text([GREETING, "我的退款怎么还没有到。", BANNED])


def test_a_page_opened_in_the_middle_of_a_call_knows_it_from_the_start(floor: Any, desk: Callable[..., Any]) -> None:
    """Opening, or opening again, loses nothing of the call that is on."""
    call = floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    page = desk("agent", "huadong-1007").sidebar()
    expect(page.locator("cm-caption-list li")).to_have_count(2)
    page.reload()
    expect(page.locator("cm-side-shelf li")).to_have_count(1)
    call.say("customer", "那你帮我问问。")
    expect(captions(page)).to_have_text([GREETING, BANNED, "那你帮我问问。"])


WATCH = """
window.said = [];
window.shown = [];
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      const text = event.kind === "transcript" && event.status === "final" ? event.text
        : event.kind === "warning" && event.status === "confirmed" ? event.rewrite
        : event.kind === "prompt" && event.status === "shown" ? event.say
        : event.kind === "note" ? event.text : "";
      if (text) window.said.push([event.kind, text]);
    });
  }
};
const seen = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.hidden) return "";
  return [...(node.shadowRoot ?? node).childNodes].map(seen).join("");
};
const look = () => {
  if (window.shown.length < window.said.length) {
    const text = seen(document.body);
    for (const one of window.said) if (!window.shown.includes(one) && text.includes(one[1])) window.shown.push(one);
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def test_everything_on_the_socket_is_seen(floor: Any, desk: Callable[..., Any]) -> None:
    """Final captions, rewrites, prompts and notes: the words of each message stand on the page in some frame.

    How long that takes is measured by `bench/pages.py`.
    """
    agent = desk("agent", "huadong-1007")
    agent.context.add_init_script(WATCH)
    page = agent.sidebar()
    call = floor.call("c1").say("agent", GREETING)
    with floor.api() as api:
        api.post("/v1/calls/c1/notes", json={"text": "退款今天到账，可以直接告诉客户。"}).raise_for_status()
    page.wait_for_function("() => window.shown.some(([kind]) => kind === 'note')")  # before a warning is more urgent
    for text in ("我的退款怎么还没有到。", "都等了一个星期了。", "你们到底管不管。"):
        call.say("customer", text)
        call.say("agent", f"{text[0]}，这事不归我管。")
    page.wait_for_function("() => window.said.length >= 11 && window.shown.length === window.said.length")
    call.hang_up()
    kinds = {kind for kind, _ in page.evaluate("window.shown")}
    assert {"transcript", "warning", "note"} <= kinds


def test_what_was_misheard_goes_quietly(floor: Any, desk: Callable[..., Any]) -> None:
    """A hit on a partial is shown as provisional; when the final takes it back, the card is calm and nothing is left."""
    page = desk("agent", "huadong-1007").sidebar()
    call = floor.call("c1").say("agent", GREETING)
    expect(card(page)).to_have_attribute("data-kind", "calm")
    page.evaluate(
        """() => {
          window.states = [];
          const card = document.querySelector("compliance-sidebar").shadowRoot.querySelector("cm-now-card").shadowRoot.querySelector(".card");
          new MutationObserver(() => window.states.push(card.dataset.status ?? "")).observe(card, { attributes: true });
        }"""
    )
    floor.book.mishear("c1", "这事不归我管")
    call.say("agent", "这是哪位师傅给您安装的空调，我帮您查一下再给您回复好吗。", pause_ms=0)
    expect(card(page)).to_have_attribute("data-status", "provisional")  # the final waits for the end of the utterance
    expect(page.locator("cm-caption-list mark")).to_have_count(1)
    call.quiet(1_000)
    expect(page.locator("cm-caption-list li[data-status=final]")).to_have_count(2)
    expect(card(page)).to_have_attribute("data-kind", "calm")
    with floor.api() as api:
        events = api.get("/v1/calls/c1/events", params={"kinds": "warning"}).json()["events"]
    assert {event["status"] for event in events} == {"provisional", "retracted"}
    assert events[-1]["status"] == "retracted"
    assert "confirmed" not in page.evaluate("window.states")
    expect(page.locator("cm-side-shelf li")).to_have_count(0)
    expect(page.locator("cm-caption-list mark")).to_have_count(0)


def test_a_comment_is_kept_while_its_warning_changes(floor: Any, desk: Callable[..., Any]) -> None:
    """Somebody may be writing when the final confirms a warning: neither the words nor the focus are lost."""
    page = desk("agent", "huadong-1007").sidebar()
    floor.book.mishear("c1", BANNED)  # in each partial, however few there is time for
    call = floor.call("c1").say("agent", f"{BANNED}我帮您查一下。", pause_ms=0)
    row = page.locator("cm-side-shelf li")
    expect(row).to_have_attribute("data-status", "provisional")
    row.locator(".row").click()
    comment = row.get_by_label("申诉说明（可不填）")
    comment.press_sequentially("客户说")
    call.quiet(1_000)
    expect(row).to_have_attribute("data-status", "confirmed")
    expect(comment).to_have_value("客户说")
    page.keyboard.type("的")
    expect(comment).to_have_value("客户说的")


def test_the_silent_call_to_the_permitted_hang_up(floor: Any, desk: Callable[..., Any]) -> None:
    """Ring, sentence and next step at every step; hanging up is offered only when the protocol allows it."""
    page = desk("agent", "huadong-1007").sidebar()
    say, ring = card(page).locator(".say p"), page.locator("cm-time-ring .figure span.number")
    may_not, may = "还不能挂机", "现在可以挂机"
    call = floor.call("c1").say("agent", GREETING).quiet(4_300)
    expect(card(page)).to_have_attribute("data-kind", "prompt")
    expect(say).to_have_text("您好，请问有什么可以帮助您？")
    expect(card(page).locator(".end")).to_have_text(may_not)
    call.say("agent", "您好，请问有什么可以帮助您？")
    expect(card(page).locator(".next")).to_have_text("等客户开口，时间到就进入下一步")
    expect(ring).to_have_text(re.compile("^[1-5]$"))
    expect(card(page).locator(".end")).to_have_text(may_not)
    call.quiet(4_300)
    closing = "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！"
    expect(say).to_have_text(closing)
    expect(card(page).locator(".end")).to_have_text(may_not)
    call.say("agent", closing)
    expect(ring).to_have_text(re.compile("^[1-5]$"))
    call.quiet(4_300)
    expect(card(page).locator(".end")).to_have_text(may)
    expect(card(page).locator(".end")).to_have_attribute("data-free", "")
    call.hang_up("agent")
    expect(card(page)).to_have_attribute("data-kind", "ended")
    expect(page.locator("cm-side-shelf li")).to_have_count(0)


def test_the_silent_call_hung_up_early(floor: Any, desk: Callable[..., Any]) -> None:
    """Hanging up before the last five seconds: never offered, and a warning with the rule's reason."""
    page = desk("agent", "huadong-1007").sidebar()
    call = (
        floor.call("c1").say("agent", GREETING).quiet(4_300).say("agent", "您好，请问有什么可以帮助您？").quiet(4_300)
    )
    call.say("agent", "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！").quiet(1_000)
    expect(card(page).locator(".end")).to_have_text("还不能挂机")
    call.hang_up("agent")
    expect(card(page)).to_have_attribute("data-kind", "ended")
    row = page.locator("cm-side-shelf li").filter(has_text="不足五秒就挂机")
    expect(row).to_have_count(1)
    row.locator(".row").click()
    expect(row.locator(".basis")).to_contain_text("怎样处理客户投诉")


def test_one_key_copies_and_one_key_dismisses(floor: Any, desk: Callable[..., Any]) -> None:
    """C copies what to say, D sends the card away; while one writes, keys are letters."""
    agent = desk("agent", "huadong-1007", permissions=["clipboard-read", "clipboard-write"])
    page = agent.sidebar()
    floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    expect(card(page)).to_have_attribute("data-status", "confirmed")
    rewrite = card(page).locator(".say p").inner_text()
    page.evaluate(LISTEN)
    page.keyboard.press("c")
    page.wait_for_function("() => window.told.some((text) => text.includes('已复制'))")
    assert page.evaluate("navigator.clipboard.readText()") == rewrite
    page.locator("cm-side-shelf li .row").click()
    page.locator("cm-side-shelf .more input").fill("")
    page.locator("cm-side-shelf .more input").press_sequentially("dad")
    expect(card(page)).to_have_attribute("data-kind", "warning")
    page.locator("cm-side-shelf .more input").blur()
    page.keyboard.press("d")
    expect(card(page)).to_have_attribute("data-kind", "calm")
    expect(page.locator("cm-side-shelf li")).to_have_count(1)


def test_hostile_and_endless_captions_are_text(floor: Any, desk: Callable[..., Any]) -> None:
    """Markup is shown as it was heard; a word of ten thousand characters is cut, wraps and moves nothing."""
    page = desk("agent", "huadong-1007").sidebar()
    page.evaluate("window.broken = false")
    hostile = "<img src=x onerror=window.broken=true><script>window.broken=true</script>"
    # Greeted: a greeting still to be said would come before the note below.
    call = floor.call("c1").say("agent", GREETING).say("customer", hostile, 3_000)
    expect(page.locator("cm-caption-list li .text").last).to_have_text(hostile)
    call.say("customer", "啊" * 10_000, 4_000)
    expect(page.locator("cm-caption-list li")).to_have_count(3)
    assert page.evaluate("window.broken") is False
    assert page.locator("cm-caption-list img, cm-caption-list script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.documentElement.scrollHeight") == 860
    box = page.locator("cm-caption-list").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    with floor.api() as api:
        api.post("/v1/calls/c1/notes", json={"text": "<b>" + "长" * 490}).raise_for_status()
    expect(card(page).locator(".say p")).to_contain_text("<b>长长")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_nothing_jumps(floor: Any, desk: Callable[..., Any]) -> None:
    """Whatever the card shows, card, checklist, captions and record stay where they are."""
    page = desk("agent", "huadong-1007").sidebar()

    def places() -> list[object]:
        names = ("cm-now-card", "cm-check-list", "cm-caption-list", "cm-side-shelf", "cm-link-state")
        return [page.locator(name).bounding_box() for name in names]

    before = places()
    call = floor.call("c1").say("agent", GREETING)
    expect(page.locator("cm-caption-list li")).to_have_count(1)
    assert places() == before
    call.say("agent", BANNED)
    expect(card(page)).to_have_attribute("data-kind", "warning")
    assert places() == before
    call.hang_up()
    expect(card(page)).to_have_attribute("data-kind", "ended")
    assert places() == before


def test_warnings_are_announced_politely_and_motion_is_optional(floor: Any, desk: Callable[..., Any]) -> None:
    """A polite live region says what a sighted agent sees; with reduced motion nothing animates; sound stays off."""
    agent = desk("agent", "huadong-1007", reduced_motion="reduce")
    agent.context.add_init_script(
        "window.sounds = 0; window.AudioContext = class { constructor() { window.sounds += 1; } };"
    )
    page = agent.sidebar()
    floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    live = page.locator("compliance-sidebar [aria-live='polite']")
    expect(live).to_contain_text("请改说")
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("window.sounds") == 0
    page.keyboard.press("s")
    assert page.evaluate("localStorage.getItem('call-monitor.sound')") == "on"


FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  if (!node || node === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  return {
    name: node.getAttribute("aria-label") || node.textContent.trim().slice(0, 40) || node.tagName,
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    inside: box.width > 0 && box.height > 0 && box.left >= 0 && box.right <= innerWidth && box.top < innerHeight,
  };
}"""


def walked(page: Page, steps: int) -> list[str]:
    """The names of what Tab comes to; each with a visible outline, in the window."""
    names = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None:
            break
        assert at["outlined"], at
        assert at["inside"], at
        names.append(at["name"])
    return names


def test_by_keyboard_alone(floor: Any, desk: Callable[..., Any]) -> None:
    """Tab comes to everything in the order of reading, the focus is always seen, Enter and arrows do the rest."""
    page = desk("agent", "huadong-1007", reduced_motion="reduce").sidebar()
    floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    expect(card(page)).to_have_attribute("data-status", "confirmed")
    rewrite = card(page).locator(".say p").inner_text()
    names = walked(page, 12)
    wanted = ["设置", rewrite[:40], "复制C", "申诉A", "知道了D"]
    assert [name for name in names if name in wanted] == wanted
    [tab] = [name for name in names if name.startswith("提醒")]
    assert names.index(tab) > names.index("知道了D")
    page.locator("cm-side-shelf [role=tab]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("cm-side-shelf [role=tab][aria-selected=true]")).to_contain_text("话术")
    page.keyboard.press("ArrowLeft")
    row = page.locator("cm-side-shelf li .row")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("cm-side-shelf .more")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    expect(page.locator("cm-side-shelf li .tail")).to_contain_text("已申诉")
    page.locator("cm-prefs-menu .opener").focus()
    page.keyboard.press("Enter")
    expect(page.locator("cm-prefs-menu .panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("cm-prefs-menu .panel")).to_be_hidden()
    assert page.evaluate(FOCUSED)["name"] == "设置"


def test_what_a_screen_reader_is_told(floor: Any, desk: Callable[..., Any]) -> None:
    """Warning, prompt, note and permission to hang up, each once in whole sentences; a provisional warning never."""
    page = desk("agent", "huadong-1007").sidebar()
    page.evaluate(LISTEN)
    call = floor.call("c1").say("agent", GREETING)
    floor.book.mishear("c1", "这事不归我管")
    call.say("agent", "这是哪位师傅给您安装的空调，我帮您查一下再给您回复好吗。")
    expect(page.locator("cm-caption-list li[data-status=final]")).to_have_count(2)
    floor.book.mishear("c1", "")
    assert page.evaluate("window.told") == []
    call.say("agent", BANNED)
    page.wait_for_function(
        "() => window.told.join().includes('严重提醒：推诿：这事不归我管。请改说：这件事由我来跟进')"
    )
    with floor.api() as api:
        api.post("/v1/calls/c1/notes", json={"text": "先道歉。"}).raise_for_status()
    page.wait_for_function("() => window.told.join().includes('王主管 留言：先道歉。')")
    call.hang_up()
    silent = floor.call("c2").say("agent", GREETING).quiet(4_300)
    page.wait_for_function("() => window.told.join().includes('请说：您好，请问有什么可以帮助您？')")
    silent.say("agent", "您好，请问有什么可以帮助您？").quiet(4_300)
    closing = "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！"
    silent.say("agent", closing).quiet(4_300)
    page.wait_for_function("() => window.told.join().includes('现在可以挂机')")


def test_english_by_dictionary_and_dark_by_choice(floor: Any, desk: Callable[..., Any]) -> None:
    """Switched in the page, kept for the next time; what rules say stays Chinese."""
    page = desk("agent", "huadong-1007").sidebar()
    floor.call("c1").say("agent", GREETING).say("agent", BANNED)
    expect(card(page)).to_have_attribute("data-kind", "warning")
    page.locator("cm-prefs-menu .opener").click()
    page.get_by_role("button", name="English").click()
    expect(card(page).locator(".say h3")).to_have_text("Say instead")
    expect(card(page).locator(".heard mark")).to_contain_text("不归我管")
    page.locator("cm-prefs-menu .opener").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("cm-side-shelf [role=tab]").first).to_contain_text("Warnings")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
