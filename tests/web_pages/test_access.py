"""Getting in, and what one agent may not see of another."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_signing_in_by_token_and_out(floor: Any, desk: Callable[..., Any]) -> None:
    """A pasted token leads to the page one was sent away from; logging out ends the session."""
    page = desk("").open("/supervisor")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("访问令牌").fill("nonsense")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("令牌不对，或已过期、被停用")
    page.get_by_label("访问令牌").fill(f"  {floor.token('supervisor')}  ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(floor.url + "/supervisor")
    expect(page.locator("cm-nav-bar .who")).to_have_text("王主管")
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(floor.url + "/login")
    page.goto(floor.url + "/supervisor")
    expect(page).to_have_url(re.compile("/login"))


def test_signing_in_by_link(floor: Any, desk: Callable[..., Any]) -> None:
    """A link with the token signs in; the token is in no address and no history afterwards."""
    token = floor.token("agent", "huadong-1007")
    page = desk("").open(f"/login#token={token}")
    expect(page).to_have_url(floor.url + "/agent/huadong-1007")
    assert token not in page.evaluate(
        "JSON.stringify([location.href, document.referrer, document.cookie, {...localStorage}])"
    )
    other = desk("").open(f"/agent/huadong-1007?token={token}")
    expect(other).to_have_url(floor.url + "/agent/huadong-1007")


def test_a_login_link_leads_nowhere_else(floor: Any, desk: Callable[..., Any]) -> None:
    """`next` is followed to pages of ours alone."""
    for there in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
        page = desk("").open(f"/login?next={there}#token={floor.token('supervisor')}")
        expect(page).to_have_url(floor.url + "/supervisor")


def test_failed_tries_are_slowed(floor: Any, desk: Callable[..., Any]) -> None:
    """After a few wrong tokens the page says how long to wait."""
    page = desk("").open("/login")
    alert = page.get_by_role("alert")
    for number in range(9):
        page.get_by_label("访问令牌").fill(f"wrong-{number}")
        with page.expect_response("**/v1/session"):
            page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="登录")).to_be_enabled()  # the answer is on the page
        if "秒再试" in (alert.text_content() or ""):
            break
    expect(alert).to_contain_text("秒再试")


def test_an_agent_sees_nothing_of_another(floor: Any, desk: Callable[..., Any]) -> None:
    """Agent A tries page, API and sockets of agent B: refused every time, and logged."""
    floor.call("b1", "huadong-2002").say("agent", "您好，请问有什么可以帮您？").say("agent", "这事不归我管。").hang_up()
    floor.call("a1", "huadong-1001").say("agent", "您好，请问有什么可以帮您？")
    with floor.api() as api:
        [warning] = api.get("/v1/warnings", params={"call_id": "b1"}).json()["warnings"]
    page = desk("agent", "huadong-1001").open("/agent/huadong-2002")
    expect(page.get_by_role("alert")).to_contain_text("不能看这个页面")
    for path in ("/calls/b1", "/supervisor", "/rules", "/audit"):
        page.goto(floor.url + path)
        expect(page.get_by_role("alert")).to_contain_text("不能看这个页面")
    page.goto(floor.url + "/agent/huadong-1001")
    captions = page.locator("cm-caption-list li")  # and, while nobody sends sound, lines that say so
    expect(captions.filter(has_text="您好，请问有什么可以帮您？")).to_have_count(1)
    expect(captions.filter(has_text="这事不归我管")).to_have_count(0)
    tried = page.evaluate(
        """async (id) => {
          const ask = async (method, path, body) => (await fetch(path, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json" } })).status;
          const listen = (path) => new Promise((resolve) => {
            const socket = new WebSocket(`ws://${location.host}${path}`);
            socket.onmessage = () => resolve("a message");
            socket.onclose = ({ code }) => resolve(code);
          });
          return [
            await ask("GET", "/v1/calls/b1"),
            await ask("GET", "/v1/calls/b1/events"),
            await ask("GET", "/v1/calls/b1/audio"),
            await ask("GET", "/v1/calls/b1/waveform"),
            await ask("GET", "/v1/calls?agent_id=huadong-2002"),
            await ask("GET", "/v1/warnings?agent_id=huadong-2002"),
            await ask("GET", `/v1/warnings/${encodeURIComponent(id)}`),
            await ask("POST", `/v1/warnings/${encodeURIComponent(id)}/appeal`, { comment: "" }),
            await ask("POST", `/v1/warnings/${encodeURIComponent(id)}/review`, { verdict: "overturned" }),
            await ask("POST", "/v1/calls/b1/notes", { text: "x" }),
            await ask("POST", "/v1/calls/a1/notes", { text: "x" }),
            await ask("GET", "/v1/stats"),
            await ask("GET", "/v1/audits"),
            await ask("GET", "/v1/access"),
            await listen("/v1/calls/b1/events"),
            await listen("/v1/agents/huadong-2002/events"),
            await listen("/v1/events"),
          ];
        }""",
        warning["warning_id"],
    )
    assert tried == [403] * 14 + [4403] * 3
    everything = page.evaluate("async () => JSON.stringify(await (await fetch('/v1/calls')).json())")
    assert "b1" not in everything
    assert "huadong-2002" not in everything
    with floor.api("admin") as api:
        log = api.get("/v1/access", params={"limit": 200}).json()["entries"]
    refused = [entry for entry in log if entry["code"] == "ACC-002"]
    assert len(refused) >= 22
    assert all("huadong-1001" in entry["who"] for entry in refused)


def test_a_session_that_ends_sends_to_the_sign_in(floor: Any, desk: Callable[..., Any]) -> None:
    """A socket that is refused because the session is over leads to the sign-in page, and back afterwards."""
    agent = desk("agent", "huadong-1007")
    page = agent.sidebar()
    agent.context.clear_cookies()
    agent.context.set_offline(True)
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "offline")
    agent.context.set_offline(False)
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fagent%2Fhuadong-1007"))
    page.get_by_label("访问令牌").fill(floor.token("agent", "huadong-1007"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(floor.url + "/agent/huadong-1007")
