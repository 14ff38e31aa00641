"""Connections that break: nothing missing, nothing twice, and the page says what happened."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from websockets.sync.client import connect

from monitor.web.client import socket_url

pytestmark = pytest.mark.browser

GREETING = "您好，请问有什么可以帮您？"


def told(page: Page) -> list[str]:
    return page.locator("cm-caption-list li .text").all_inner_texts()


def finals(page: Page) -> Locator:
    """Lines that will not change any more: a partial may still stand where a sentence is going to be."""
    return page.locator("cm-caption-list li[data-status=final]")


def stored(floor: Any, call_id: str = "c1") -> list[str]:
    """What the server holds as final, in the order in which people began to speak."""
    with floor.api() as api:
        events = api.get(f"/v1/calls/{call_id}/events", params={"kinds": "transcript"}).json()["events"]
    finals = [event for event in events if event["status"] == "final" and event["text"]]
    return [event["text"] for event in sorted(finals, key=lambda event: event["from_ms"])]


def wait_for_finals(floor: Any, count: int, call_id: str = "c1") -> None:
    """What was sent has not been judged yet; the call's events tell when it has."""
    query = {"after": 0, "token": floor.token("supervisor")}
    with connect(socket_url(floor.url, f"/v1/calls/{call_id}/events", query), compression=None) as events:
        while count:
            event = json.loads(events.recv())
            count -= event["kind"] == "transcript" and event["status"] == "final" and bool(event["text"])


def test_network_cut_and_back(floor: Any, desk: Callable[..., Any]) -> None:
    """The page says at once that it is offline, goes on from its last event, and says what was brought back."""
    agent = desk("agent", "huadong-1007")
    page = agent.sidebar()
    call = floor.call("c1").say("agent", GREETING)
    expect(page.locator("cm-caption-list li")).to_have_count(1)
    agent.context.set_offline(True)
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "offline")
    expect(page.locator("cm-link-state .word")).to_contain_text("网络已断开")
    call.say("customer", "我的快递在哪里。").say("agent", "这事不归我管。").say("customer", "那找谁呀。")
    wait_for_finals(floor, 4)  # what is published after the page is back has not been missed
    assert len(told(page)) == 1
    agent.context.set_offline(False)
    expect(page.locator("cm-link-state .word")).to_have_text(re.compile("已恢复：断开 .+，补回 [1-9][0-9]* 条"))
    expect(finals(page)).to_have_count(4)
    assert told(page) == stored(floor)
    expect(page.locator("cm-side-shelf li")).to_have_count(1)


def test_a_minute_of_sleep(floor: Any, desk: Callable[..., Any]) -> None:
    """A laptop that wakes up makes a new connection at once, names the sleep, and has everything."""
    agent = desk("agent", "huadong-1007")
    agent.context.clock.install()
    agent.context.add_init_script("""
      window.opened = 0;
      window.WebSocket = class extends WebSocket {
        constructor(...args) {
          super(...args);
          window.opened += 1;
        }
      };
    """)
    page = agent.sidebar()
    call = floor.call("c1").say("agent", GREETING)
    expect(page.locator("cm-caption-list li")).to_have_count(1)
    assert page.evaluate("window.opened") == 1
    call.say("customer", "我的快递在哪里。")
    expect(finals(page)).to_have_count(2)  # a line that is still heard after the sleep is not given up
    # Every timer is late by a minute, as when the lid was closed.
    agent.context.clock.fast_forward("01:00")
    page.wait_for_function("() => window.opened >= 2")
    call.say("agent", "我帮您查一下。")
    expect(page.locator("cm-link-state .word")).to_contain_text("电脑休眠了")
    expect(finals(page)).to_have_count(3)
    assert told(page) == stored(floor)


SCRIPT = [
    {"side": "agent", "from_ms": 0, "to_ms": 2_730, "text": GREETING},
    {"side": "customer", "from_ms": 3_430, "to_ms": 5_130, "text": "我的快递在哪里。"},
    {"side": "agent", "from_ms": 30_000, "to_ms": 31_500, "text": "这事不归我管。"},
    {"side": "customer", "from_ms": 32_200, "to_ms": 33_400, "text": "那找谁呀。"},
]


class Killable:
    """`monitor serve` as a process of its own, to be killed without warning and started again."""

    def __init__(self, data: Path, script: Path, rules: tuple[Path, ...], port: int) -> None:
        rules_given = [option for path in rules for option in ("--rules", str(path))]
        self._command = [
            sys.executable,
            "-m",
            "monitor",
            "serve",
            "--port",
            str(port),
            "--data",
            str(data),
            *rules_given,
        ]
        self._script = script
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        environment = {
            **os.environ,
            "MONITOR_ENGINE__KIND": "scripted",
            "MONITOR_ENGINE__SCRIPT": str(self._script),
            "MONITOR_LIVE__RECONNECT_S": "900",
            "MONITOR_LIVE__STALL_S": "900",
        }
        self._process = subprocess.Popen(self._command, env=environment, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.url = found[0]
                # The address is told just before connections are taken.
                with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
                    client.get(f"{self.url}/healthz").raise_for_status()
                return
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()


@pytest.fixture
def killable(tmp_path: Path, free_port: int, rules_of_tests: tuple[Path, ...]) -> Iterator[Killable]:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT), encoding="utf-8")
    server = Killable(tmp_path / "data", script, rules_of_tests, free_port)
    server.start()
    yield server
    server.kill()


def test_server_killed_and_started_again(
    killable: Killable, tmp_path: Path, floor_of: Callable[..., Any], desk_of: Callable[..., Any]
) -> None:
    """SIGKILL in the middle of a call: the page waits, comes back by itself, and shows every event once."""
    floor = floor_of(killable, tmp_path / "data")
    page = desk_of(floor, "agent", "huadong-1007").sidebar()
    call = floor.call("c1")
    call.play(SCRIPT[:2])
    expect(finals(page)).to_have_count(2)
    before = told(page)
    killable.kill()
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "lost")
    expect(page.locator("cm-link-state .word")).to_contain_text("正在重连")
    killable.start()
    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
    expect(page.locator("cm-link-state .word")).to_contain_text("已恢复")
    again = floor.call("c1", from_ms=29_000)
    again.at_ms = 29_000
    again.play(SCRIPT[2:])
    expect(finals(page)).to_have_count(4)
    assert told(page)[:2] == before
    lines = [text for text in told(page) if "没有声音数据" not in text]
    assert lines == stored(floor)
    expect(page.locator("cm-side-shelf li")).to_have_count(1)
    expect(page.locator("cm-caption-list li.gap").first).to_contain_text("没有声音数据")
