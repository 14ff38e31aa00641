"""A desk's own sound, sent to a real server: two paces into one stream, and a line that breaks."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from monitor import cli
from monitor.commands import listen
from monitor.errors import DeviceError, InputError
from monitor.frames import AudioFrame, Side
from monitor.web.desk import DeskLine, Interleaver

A, C = Side.AGENT, Side.CUSTOMER


def frame(side: Side, start: int, values: range) -> AudioFrame:
    return AudioFrame(
        side=side, start=start, rate_hz=8000, pcm=b"".join(value.to_bytes(2, "little", signed=True) for value in values)
    )


def test_sides_of_different_pace_come_out_in_step() -> None:
    interleaver = Interleaver((A, C), 8000)
    assert interleaver.push(frame(A, 0, range(1, 1601))) == []
    assert interleaver.push(frame(C, 0, range(-500, 0))) == []
    ((at_ms, first),) = interleaver.push(frame(C, 500, range(-900, -500)))
    assert (at_ms, len(first)) == (0, 800 * 4)
    assert first[:4] == b"\x01\x00" + (-500).to_bytes(2, "little", signed=True)
    ((at_ms, _),) = interleaver.push(frame(C, 900, range(700)))
    assert at_ms == 100


def test_what_a_device_lost_is_quiet_and_what_it_repeats_is_dropped() -> None:
    interleaver = Interleaver((A,), 8000)
    interleaver.push(frame(A, 0, range(1, 401)))
    ((_, piece),) = interleaver.push(frame(A, 600, range(1, 401)))
    assert piece[800:1200] == bytes(400)
    interleaver = Interleaver((A,), 8000)
    interleaver.push(frame(A, 0, range(1, 401)))
    ((_, piece),) = interleaver.push(frame(A, 200, range(201, 900)))
    assert piece == b"".join(value.to_bytes(2, "little") for value in range(1, 801))


class Sound:
    """What a microphone would give: a scene's frames, the sides in turn; then it is pulled out."""

    sides = (A, C)
    rate_hz = 8000

    def __init__(self, frames: list[AudioFrame], error: DeviceError | None = None) -> None:
        self.frames, self.error = frames, error
        self.goes_on = asyncio.Event()
        self.holds_at = -1

    async def __aenter__(self) -> "Sound":
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        for number, item in enumerate(self.frames):
            if number == self.holds_at:
                await self.goes_on.wait()
            yield item
        if self.error:
            raise self.error


@pytest.fixture
def spoken(scene: Any, script: list[dict[str, Any]]) -> list[AudioFrame]:
    call = scene(rate_hz=8000)
    for line in script:
        call.say(Side(line["side"]), line["from_ms"], line["to_ms"], line["text"])
    return [item for item in call.until(8_500).inputs() if isinstance(item, AudioFrame)]


def query(agent_id: str = "d1") -> dict[str, object]:
    return {"agent_id": agent_id, "format": "pcm16", "rate": 8000, "layout": "agent,customer"}


@pytest.mark.anyio
async def test_a_broken_line_comes_back_with_what_it_kept(desk: Any, spoken: Any, take: Any) -> None:
    sound = Sound(spoken)
    sound.holds_at = 300
    line = DeskLine(desk.url, desk.token("ingest"), "desk-1", query())
    troubles: list[InputError] = []
    sending = asyncio.create_task(line.send(troubles.append))
    listening = asyncio.create_task(line.listen(sound, Interleaver(sound.sides, 8000)))  # type: ignore[arg-type]
    async with desk.events("desk-1") as events:
        got = await take(events, kind="measure", at_ms=2000)
        async with desk.line("desk-1", "d1", from_ms=3_200) as other:  # takes the line over, then leaves it
            got += await take(events, kind="audio.gap")
            with pytest.raises(InputError, match=r"NET-003.*CALL-004"):
                await sending
            await other.close()
        sending = asyncio.create_task(line.send(troubles.append))
        sound.goes_on.set()
        await listening
        line.finish()
        await sending
        got += await take(events, kind="call.ended")
    assert got[-1]["at_ms"] >= 8_500
    assert "not-my-job" in {event.get("rule_id") for event in got}


@pytest.mark.anyio
async def test_a_server_that_is_not_there_yet_is_waited_for(serve: Any, spoken: Any, take: Any) -> None:
    # Bound, so that nobody else is given the port meanwhile; never listening, so that connections are refused.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    desk = serve(port=port)
    token, url = desk.token("ingest"), desk.url
    desk.background.stop()
    line = DeskLine(url, token, "desk-2", query())
    troubles: list[InputError] = []
    tried = asyncio.Event()

    def trouble(error: InputError) -> None:
        troubles.append(error)
        tried.set()

    sending = asyncio.create_task(line.send(trouble))
    await line.listen(Sound(spoken), Interleaver((A, C), 8000))  # type: ignore[arg-type]
    await asyncio.wait_for(tried.wait(), 120)
    desk = await asyncio.to_thread(serve, port=port)
    await asyncio.wait_for(line.connected.wait(), 120)
    line.finish()
    await sending
    assert {error.code for error in troubles} == {"NET-001"}
    async with desk.events("desk-2") as events:
        assert (await take(events, kind="call.ended"))[-1]["at_ms"] == 8_500
    held.close()


def test_listening_to_this_computer_tells_what_was_found(
    spoken: Any, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
    monkeypatch.setenv("MONITOR_ENGINE__KIND", "scripted")
    monkeypatch.setenv("MONITOR_ENGINE__SCRIPT", str(tmp_path / "script.json"))
    gone = DeviceError("「耳麦」没有声音数据了", code="DEV-005")
    monkeypatch.setattr(listen, "open_microphone", lambda *_: Sound(spoken, gone))
    rules = str(Path(__file__).parents[1] / "few_rules")
    assert cli.main(["listen", "--rules", rules, "--agent", "d1"]) == 2  # the microphone was pulled out
    told = capsys.readouterr()
    assert "DEV-005" in told.err
    monkeypatch.setattr(listen, "open_microphone", lambda *_: Sound(spoken))
    assert cli.main(["listen", "--rules", rules, "--agent", "d1"]) == 1
    told = capsys.readouterr()
    assert "坐席：这事不归我做" in told.out
    assert "改说：这件事由我来跟进，好吗？" in told.out
    assert "☎ 结束（挂断）：重要 1，得分 90" in told.out
    assert "/agent/d1?token=cm_" in told.err


def test_a_server_and_its_token_belong_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["listen", "--server", "http://127.0.0.1:1"]) == 2
    assert "INP-005" in capsys.readouterr().err
