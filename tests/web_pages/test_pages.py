"""The call, audit and rules pages."""

import json
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

GREETING = "您好，请问有什么可以帮您？"
BANNED = "这事不归我管。"
WIDE = {"viewport": {"width": 1280, "height": 900}}


def test_a_finished_call(floor: Any, desk: Callable[..., Any]) -> None:
    """Waveform with marks and silences, transcript that follows what is heard, score, warnings, verdict."""
    call = floor.call("c1").say("agent", GREETING).say("customer", "我的退款怎么还没有到。").quiet(7_000)
    call.say("agent", BANNED).hang_up("customer")
    supervisor = desk("supervisor", **WIDE)
    supervisor.context.add_init_script("HTMLMediaElement.prototype.play = async () => {};")  # where it is stays there
    page = supervisor.open("/calls/c1")
    expect(page.locator("h1")).to_have_text("huadong-1007")
    expect(page.locator("cm-call-page .score b")).to_have_text("75")
    expect(page.locator("cm-call-page .reasons li").first).to_contain_text("推诿：这事不归我管")
    lines = page.locator("cm-caption-list li")
    expect(lines).to_have_count(3)
    expect(page.locator("cm-wave-form .marks button")).to_have_count(1)
    page.wait_for_function(
        """(colors) => {
          const canvas = document.querySelector("cm-call-page").shadowRoot.querySelector("cm-wave-form").shadowRoot.querySelector("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const drawn = new Set();
          for (let at = 0; at < data.length; at += 4) drawn.add([data[at], data[at + 1], data[at + 2]].join());
          return colors.every((color) => drawn.has(color));
        }""",
        arg=["11,99,132", "109,74,148", "253,240,220"],  # agent, customer, silence
    )
    page.locator("cm-wave-form .marks button").click()
    expect(lines.nth(2)).to_have_attribute("data-now", "")
    expect(page.locator("cm-warning-list li")).to_have_attribute("data-now", "")
    assert page.locator("cm-call-page audio").evaluate("audio => audio.currentTime") > 10
    lines.first.click()
    expect(lines.first).to_have_attribute("data-now", "")
    page.locator("cm-wave-form canvas").focus()
    page.keyboard.press("End")
    expect(lines.nth(2)).to_have_attribute("data-now", "")
    warning = page.locator("cm-warning-list li")
    warning.get_by_label("说明（可不填）").fill("原话如此")
    warning.get_by_role("button", name="维持提醒").click()
    expect(warning.locator(".history")).to_have_text(re.compile("王主管.*维持.*原话如此"))
    expect(warning.get_by_role("button", name="维持提醒")).to_have_attribute("aria-pressed", "true")


def test_a_call_that_is_on_grows(floor: Any, desk: Callable[..., Any]) -> None:
    """The page of a live call follows it to its end."""
    call = floor.call("c1").say("agent", GREETING)
    page = desk("supervisor", **WIDE).open("/calls/c1")
    expect(page.locator("cm-caption-list li")).to_have_count(1)
    expect(page.locator("cm-call-page .facts")).to_contain_text("正在通话")
    call.say("customer", "你好。").say("agent", BANNED)
    expect(page.locator("cm-caption-list li")).to_have_count(3)
    expect(page.locator("cm-warning-list li")).to_have_count(1)
    call.hang_up()
    expect(page.locator("cm-call-page .score b")).to_have_text("75")


def test_without_recordings_the_call_is_still_there(
    tmp_path: Path, open_at: Callable[..., Any], desk_of: Callable[..., Any]
) -> None:
    """Recordings are off by default: the page says so, and draws the levels instead."""
    floor = open_at(tmp_path / "data", recordings={"keep": False})
    floor.call("c1").say("agent", GREETING).hang_up()
    page = desk_of(floor, "supervisor", **WIDE).open("/calls/c1")
    expect(page.locator("cm-call-page .player p")).to_be_visible()
    expect(page.locator("cm-call-page audio")).to_be_hidden()
    expect(page.locator("cm-caption-list li")).to_have_count(1)


def test_an_agent_may_appeal_on_the_call_page(floor: Any, desk: Callable[..., Any]) -> None:
    """After the call, with a comment; no verdict buttons."""
    floor.call("c1").say("agent", GREETING).say("agent", BANNED).hang_up()
    page = desk("agent", "huadong-1007", **WIDE).open("/calls/c1")
    warning = page.locator("cm-warning-list li")
    expect(warning.get_by_role("button", name="维持提醒")).to_have_count(0)
    warning.get_by_label("说明（可不填）").fill("我在念客户的原话")
    warning.get_by_role("button", name="申诉").click()
    expect(warning.locator(".history")).to_contain_text("提出申诉：我在念客户的原话")
    expect(warning.get_by_role("button", name="申诉")).to_have_count(0)


def test_a_call_that_is_not_there(floor: Any, desk: Callable[..., Any]) -> None:
    """An unknown id is said to be unknown."""
    page = desk("supervisor", **WIDE).open("/calls/nothing")
    expect(page.get_by_role("alert")).to_contain_text("找不到")


def test_every_rule_and_a_sentence_to_try(floor: Any, desk: Callable[..., Any]) -> None:
    """List, search, kinds, one rule in full; a sentence shows what fires, where and by which way of matching."""
    page = desk("supervisor", **WIDE).open("/rules")
    rows = page.locator("cm-rule-book .list li")
    expect(rows).to_have_count(8)
    page.get_by_label("种类").select_option("banned")
    expect(rows).to_have_count(2)
    page.get_by_label("种类").select_option("")
    page.get_by_label("搜索规则、话语、出处").fill("§一.1")
    rows.filter(has_text="这事不归我管").click()
    sheet = page.locator("cm-rule-sheet")
    expect(sheet).to_contain_text("《测试手册》§一.1")
    expect(sheet).to_contain_text("这件事由我来跟进")
    expect(sheet.locator("ul.lines li")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"\?id=not-my-job"))
    page.get_by_label("试一句话").fill("不好意思，这事不归我管，这个我也不懂")
    trial = page.locator("cm-rule-trial")
    expect(trial.locator("li")).to_have_count(2)
    expect(trial.locator(".heard mark")).to_have_text(["这事不归我管", "这个我也不懂"])
    expect(trial.locator("li").first).to_contain_text("匹配方式")
    page.get_by_label("说话的人").select_option("customer")
    expect(trial.locator(".clean")).to_be_visible()
    rows.filter(has_text="这事不归我管").click()
    expect(page).to_have_url(re.compile(r"\?id=not-my-job"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/rules$"))


def recording(path: Path, voice: Callable[..., bytes]) -> None:
    """A stereo recording of ten seconds: the agent speaks, then the customer."""
    import numpy as np

    sound = np.zeros((80_000, 2), dtype="<i2")
    sound[4_000:24_000, 0] = np.frombuffer(voice(2_500, 8_000), "<i2")
    sound[40_000:56_000, 1] = np.frombuffer(voice(2_000, 8_000), "<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(sound.tobytes())


def test_recordings_in_report_out(
    tmp_path: Path, open_at: Callable[..., Any], desk_of: Callable[..., Any], voice: Callable[..., bytes]
) -> None:
    """Dropped recordings, progress per file, plots, worst first, downloads; a broken file is named."""
    script = tmp_path / "script.json"
    lines = [
        {"side": "agent", "from_ms": 500, "to_ms": 3_000, "text": f"{GREETING}{BANNED}"},
        {"side": "customer", "from_ms": 5_000, "to_ms": 7_000, "text": "那找谁呀。"},
    ]
    script.write_text(json.dumps(lines), encoding="utf-8")
    floor = open_at(tmp_path / "data", engine={"kind": "scripted", "script": script})
    files = [tmp_path / "20260309-090512-huadong-1001.wav", tmp_path / "20260309-111503-huanan-1002.wav"]
    for file in files:
        recording(file, voice)
    (tmp_path / "broken.wav").write_text("this is not audio")
    page = desk_of(floor, "auditor", **WIDE).open("/audit")
    expect(page.locator("cm-audit-desk .past")).to_contain_text("还没有质检过录音")
    page.locator("cm-audit-desk input[type=file]").set_input_files([*files, tmp_path / "broken.wav"])
    view = page.locator("cm-audit-view")
    expect(view.locator(".files li")).to_have_count(3)
    expect(view.locator("table")).to_be_visible(timeout=300_000)
    expect(view.locator("dd").first).to_have_text("2")
    expect(view.locator("tbody tr").first.locator(".score")).to_have_text(re.compile(r"^\d+$"))
    expect(view.locator("tbody tr").last).to_contain_text("broken.wav")
    expect(view.locator("tbody tr").last.locator(".error")).to_be_visible()
    expect(view.locator("cm-bar-list").first.locator("li").first).to_contain_text("推诿：这事不归我管")
    expect(view.locator("cm-bar-list").last.locator("li")).to_have_count(2)
    expect(view.locator("cm-column-plot").last.locator("li")).to_have_count(3)
    view.locator("tbody button").first.click()
    expect(view.locator("cm-warning-list li").first).to_contain_text("这事不归我管")
    for name in ("JSON", "CSV"):
        with page.expect_download() as download:
            view.get_by_role("link", name=name, exact=True).click()
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        assert "not-my-job" in text
    page.reload()
    expect(view.locator("table")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    view.get_by_role("button", name="删除").click()
    expect(page.locator("cm-audit-desk .past")).to_contain_text("还没有质检过录音")
