"""The sidebar in a page of another origin: one script tag, one element."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

CRM = Path(__file__).resolve().parents[2] / "samples" / "crm.html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is the test's."""


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """A web server of its own origin, with nothing in it yet."""
    folder = tmp_path / "crm"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.folder = folder  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def opened(browser: Browser, crm: Any, floor: Any, agent: str, token: str) -> tuple[Page, list[str]]:
    text = CRM.read_text(encoding="utf-8")
    assert "http://127.0.0.1:8000/" in text
    (crm.folder / "crm.html").write_text(text.replace("http://127.0.0.1:8000", floor.url), encoding="utf-8")
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"http://127.0.0.1:{crm.server_address[1]}/crm.html#agent={agent}&token={token}")
    return page, faults


def test_one_script_tag_in_a_crm_page(browser: Browser, crm: Any, tmp_path: Path, open_at: Callable[..., Any]) -> None:
    """Another origin, a token instead of a cookie: captions, warnings, events, keys only inside, hang-up to the page."""
    floor = open_at(tmp_path / "data", access={"origins": (f"http://127.0.0.1:{crm.server_address[1]}",)})
    page, faults = opened(browser, crm, floor, "huadong-1007", floor.token("agent", "huadong-1007"))
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
    call = floor.call("c1").say("agent", "您好，请问有什么可以帮您？").say("agent", "这事不归我管。")
    expect(page.locator("#log")).to_have_text("提醒：推诿：这事不归我管（not-my-job）")
    card = page.locator("cm-now-card .card")
    expect(card).to_have_attribute("data-status", "confirmed")
    page.get_by_label("本次来电记录").press_sequentially("adc")
    expect(page.get_by_label("本次来电记录")).to_have_value("adc")
    expect(card).to_have_attribute("data-kind", "warning")
    page.locator("cm-side-shelf [role=tab]").first.focus()
    page.keyboard.press("d")
    expect(card).to_have_attribute("data-kind", "calm")
    page.locator("cm-side-shelf li .row").click()
    page.locator("cm-side-shelf .acts .button").last.click()
    expect(page.locator("cm-side-shelf li .tail")).to_contain_text("已申诉")
    call.hang_up()
    expect(card).to_have_attribute("data-kind", "ended")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(250, 250, 250)"
    assert faults == []
    page.context.close()


def test_hanging_up_is_the_pages_to_do(browser: Browser, crm: Any, tmp_path: Path, open_at: Callable[..., Any]) -> None:
    """With `hangup` the button is there while the protocol runs, and works only when the protocol allows it."""
    floor = open_at(tmp_path / "data", access={"origins": (f"http://127.0.0.1:{crm.server_address[1]}",)})
    page, _ = opened(browser, crm, floor, "huadong-1007", floor.token("agent", "huadong-1007"))
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
    call = floor.call("c1").say("agent", "您好，请问有什么可以帮您？").quiet(4_300)
    button = page.locator("cm-now-card [data-name=hangup]")
    expect(button).to_be_disabled()
    call.say("agent", "您好，请问有什么可以帮助您？").quiet(4_300)
    call.say("agent", "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！").quiet(4_300)
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("#log")).to_contain_text("坐席按了挂机：c1")
    page.context.close()


def test_an_origin_that_is_not_allowed_gets_nothing(browser: Browser, crm: Any, floor: Any) -> None:
    """Without `access.origins` the script is not even loaded."""
    page, _ = opened(browser, crm, floor, "huadong-1007", floor.token("agent", "huadong-1007"))
    page.wait_for_load_state("load")
    assert page.evaluate("customElements.get('compliance-sidebar') === undefined")
    page.context.close()


def test_in_a_frame_of_another_site_the_token_does(
    browser: Browser, crm: Any, tmp_path: Path, open_at: Callable[..., Any]
) -> None:
    """`?embed=1&token=…` in an iframe: the token leaves the address, the page works without a cookie."""
    origin = f"http://127.0.0.1:{crm.server_address[1]}"
    floor = open_at(tmp_path / "data", access={"frames": (origin,)})
    token = floor.token("agent", "huadong-1007")
    frame = f"{floor.url}/agent/huadong-1007?embed=1&token={token}".replace("127.0.0.1", "localhost")
    (crm.folder / "frame.html").write_text(f'<iframe width="360" height="860" src="{frame}"></iframe>')
    page = browser.new_context().new_page()
    page.goto(f"{origin}/frame.html")
    inside = page.frame_locator("iframe")
    expect(inside.locator("cm-link-state")).to_have_attribute("data-phase", "live")
    floor.call("c1").say("agent", "您好，请问有什么可以帮您？")
    expect(inside.locator("cm-caption-list li")).to_have_count(1)
    assert token not in page.frames[1].evaluate("location.href")
    page.context.close()
