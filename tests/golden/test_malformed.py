"""Malformed inputs: each gets one clear answer with a stable code, and what is sound beside it is judged all the same.

``docs/errors.md`` lists every case of :data:`FILES`, :data:`GAPS` and :data:`LINES` with what it gives;
``tests/docs/test_errors.py`` holds it to that.
"""

import asyncio
import json
import re
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from monitor import cli, config
from monitor.audio.g711 import encode_mulaw
from monitor.commands.serve import given
from monitor.frames import AudioFrame, Side
from monitor.sinks import accounts
from monitor.sinks.database import connect, upgrade, url_of, writing
from monitor.sources.files import open_recording
from monitor.web.client import call_path, socket_url
from monitor.web.server import Background

HERE = Path(__file__).resolve()
CLIP = HERE.parents[2] / "samples" / "clips" / "greeting.flac"
CALL = HERE.parents[2] / "samples" / "calls" / "silent-handled-badly.flac"
RULES = HERE.parents[1] / "few_rules"


@pytest.fixture(autouse=True)
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model, few rules: these tests are about what never becomes a call."""
    script = tmp_path / "script.json"
    script.write_text("[]", encoding="utf-8")
    monkeypatch.setenv("MONITOR_ENGINE__KIND", "scripted")
    monkeypatch.setenv("MONITOR_ENGINE__SCRIPT", str(script))
    monkeypatch.setenv("MONITOR_RULES", json.dumps([str(RULES)]))
    monkeypatch.chdir(tmp_path)


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _wav(path: Path, *, channels: int = 2, rate_hz: int = 8000, frames: int = 8000) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(b"\0\0" * channels * frames)


def _truncated(path: Path) -> None:
    whole = CALL.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _damaged(path: Path) -> None:
    whole = bytearray(CALL.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4000] = bytes(4000)
    path.write_bytes(whole)


FILES: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "a file without a byte": ("empty.wav", "AUD-005", lambda path: path.write_bytes(b"")),
    "a text file called .wav": ("text.wav", "AUD-002", lambda path: path.write_text("您好\n" * 50)),
    "the first 40 bytes of a WAV": ("header.wav", "AUD-002", lambda path: (_wav(path), _cut(path, 40))),
    "a WAV with no samples": ("silent.wav", "AUD-005", lambda path: _wav(path, frames=0)),
    "a WAV with three channels": ("three.wav", "AUD-003", lambda path: _wav(path, channels=3)),
    "a file that is not there": ("missing.flac", "AUD-006", lambda _: None),
    "a folder without recordings": ("nothing", "AUD-009", lambda path: path.mkdir()),
}
"""What goes in: the file's name, the code it gives, how it is made."""

GAPS: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "the first half of a FLAC": ("half.flac", "damaged", _truncated),
    "a FLAC with 4000 bytes of zeros in its middle": ("damaged.flac", "damaged", _damaged),
}
"""What goes in and is judged as far as it goes: the file's name, the reason of the ``audio.gap`` it gives."""


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize("case", FILES)
def test_a_bad_recording_is_refused_by_name(case, tmp_path, capsys):
    name, code, make = FILES[case]
    make(tmp_path / name)
    assert cli.main(["audit", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert code in told
    assert name in told


@pytest.mark.parametrize("case", GAPS)
def test_a_damaged_recording_is_judged_as_far_as_it_goes(case, tmp_path):
    name, reason, make = GAPS[case]
    make(tmp_path / name)
    assert cli.main(["audit", str(tmp_path / name), "--out", str(tmp_path / "out")]) in (0, 1)
    lines = (tmp_path / "out" / "calls" / name).with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert {it["reason"] for it in events if it["kind"] == "audio.gap"} == {reason}
    assert events[-1]["kind"] == "call.ended"


def test_one_bad_recording_stops_none_of_the_others(tmp_path, capsys):
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "a.wav").write_text("not audio")
    shutil.copy(CLIP, folder / "b.flac")
    (folder / "c.wav").write_bytes(b"")
    assert cli.main(["audit", str(folder), "--out", str(tmp_path / "out")]) == 2
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    codes = {Path(call["file"]).name: call.get("error", {}).get("code") for call in report["calls"]}
    assert codes == {"a.wav": "AUD-002", "b.flac": None, "c.wav": "AUD-005"}
    assert "AUD-002" in capsys.readouterr().err


OTHERS: dict[str, str] = {
    "a rule file that is not YAML": "`RULE-001` with its line, together with every other fault; exit status 2",
    "a rule of a kind that there is not": "`RULE-002` with its line",
    "a rule with a field that there is not": "`RULE-003` with its line",
    "a model file with another checksum": "`WGT-003` with the file's name; exit status 2, nothing is loaded",
    "a setting that there is not": "`CFG-001` with its name; exit status 2",
    "a wrong token": "close 4401, `ACC-001`",
    "mu-law sound declared as pcm16": "close 4400, `AUD-014`, within the first seconds of speech",
    "frames that end in the middle of a sample": "nothing: the rest of the sample is waited for",
}
"""The cases of the tests below, for the page."""


# ── rules, weights, settings, text ───────────────────────────────────────────────────────────────


def test_every_fault_of_every_rule_file_is_told_at_once_with_its_line(tmp_path, capsys):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "broken.yaml").write_text("id: broken\nkind: banned\ntitle: [\n", encoding="utf-8")
    (rules / "unknown.yaml").write_text("id: unknown\nkind: banished\ntitle: x\n", encoding="utf-8")
    (rules / "misspelt.yaml").write_text(
        "id: misspelt\nkind: banned\ntitle: x\nseverity: major\nphrases: [你好]\nadvise: y\n", encoding="utf-8"
    )
    assert cli.main(["audit", str(CLIP), "--out", str(tmp_path / "out"), "--rules", str(rules)]) == 2
    told = capsys.readouterr().err
    assert re.search(r"RULE-001 \S*broken\.yaml:\d+", told)
    assert re.search(r"RULE-002 \S*unknown\.yaml:2", told)
    assert re.search(r"RULE-003 \S*misspelt\.yaml:6", told)


def test_weights_with_a_wrong_checksum_are_refused_by_name(tmp_path, monkeypatch, capsys):
    models = tmp_path / "models"
    (models / "tiny").mkdir(parents=True)
    (models / "tiny" / "model.bin").write_bytes(b"other")
    (models / "manifest.toml").write_text(
        '[models.tiny]\ntitle = "x"\nkind = "whisper"\nlicence = "MIT"\n'
        "[[models.tiny.files]]\n"
        f'name = "model.bin"\nsize = 5\nsha256 = "{"0" * 64}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("MONITOR_ENGINE__KIND", "whisper")
    monkeypatch.setenv("MONITOR_ENGINE__MODEL", "tiny")
    monkeypatch.setenv("MONITOR_ENGINE__MODELS", str(models))
    assert cli.main(["audit", str(CLIP), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "WGT-003" in told
    assert "model.bin" in told


def test_a_misspelt_setting_is_refused(tmp_path, capsys):
    (tmp_path / "monitor.toml").write_text("[engine]\nmodle = 'base'\n", encoding="utf-8")
    assert cli.main(["audit", str(CLIP), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "CFG-001" in told
    assert "modle" in told


# ── the line ─────────────────────────────────────────────────────────────────────────────────────

HALF_SECOND = b"\0\0" * 2 * 4000

LINES: dict[str, tuple[dict[str, Any], list[bytes | str], int, str]] = {
    "a format nobody knows": ({"format": "opus"}, [], 4400, "AUD-010"),
    "a rate that no line has": ({"rate": "7"}, [], 4400, "AUD-011"),
    "a layout with a third party": ({"layout": "agent,boss"}, [], 4400, "AUD-012"),
    "both channels for one side": ({"layout": "agent,agent"}, [], 4400, "AUD-012"),
    "a text frame that is not JSON": ({}, [HALF_SECOND, "hangup please"], 4400, "ING-002"),
    "a text frame that says something else": ({}, [HALF_SECOND, '{"type":"dance"}'], 4400, "ING-002"),
}
"""What goes in: the query, what is sent, the close code and the beginning of the reason."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server that hears nothing but silence."""
    data = tmp_path_factory.mktemp("data")
    script = data / "script.json"
    script.write_text("[]", encoding="utf-8")
    flags = {
        "port": 0,
        "data": data,
        "rules": (RULES,),
        "engine": {"kind": "scripted", "script": script},
    }
    settings = config.load(flags)
    background = Background(settings, given(settings))
    background.start()
    yield background.url, _token(settings)
    background.stop()


def _token(settings: config.Settings) -> str:
    database = connect(url_of(settings.store.url, settings.data))
    upgrade(database)
    with writing(database) as connection, connection.begin():
        _, token = accounts.create_token(connection, "admin", name="malformed")
    database.dispose()
    return token


async def _closing(
    url: str, token: str, call_id: str, query: dict[str, Any], messages: list[bytes | str]
) -> tuple[int, str]:
    """How the server closes a line after these messages."""
    asked = {"agent_id": "a1", "format": "pcm16", "rate": "8000", "layout": "agent,customer", **query}
    headers = {"Authorization": f"Bearer {token}"}
    async with open_socket(socket_url(url, call_path(call_id, "audio"), asked), additional_headers=headers) as socket:
        try:
            for message in messages:
                await socket.send(message)
            async with asyncio.timeout(120):
                await socket.wait_closed()
        except ConnectionClosed:
            pass
        return socket.close_code or 0, socket.close_reason or ""


@pytest.mark.parametrize("case", LINES)
def test_a_line_that_cannot_be_used_is_closed_with_a_reason(case, server):
    query, messages, close_code, reason = LINES[case]
    closed = asyncio.run(_closing(*server, f"bad-{sorted(LINES).index(case)}", query, messages))
    assert closed[0] == close_code
    assert closed[1].startswith(reason)


def test_a_wrong_token_gets_no_call(server):
    closed = asyncio.run(_closing(server[0], "not-a-token", "no-token", {}, [HALF_SECOND]))
    assert closed[0] == 4401
    assert closed[1].startswith("ACC-001")


def test_sound_that_is_not_what_was_declared_is_refused(server):
    """8 kHz mu-law sent as 16-bit PCM gives no words and no error of its own, so it is listened to before."""
    with open_recording(CALL) as recording:
        agent = b"".join(it.pcm for it in recording if isinstance(it, AudioFrame) and it.side is Side.AGENT)
    coded = encode_mulaw(agent)
    pieces: list[bytes | str] = [coded[at : at + 1600] for at in range(0, len(coded), 1600)]
    closed = asyncio.run(_closing(*server, "mulaw", {"layout": "agent"}, pieces))
    assert closed[0] == 4400
    assert closed[1].startswith("AUD-014")
    assert "mu-law" in closed[1]


def test_frames_of_odd_sizes_are_put_together(server):
    """Bytes that end in the middle of a sample wait for the rest; nothing is lost and nothing closes."""
    odd = [HALF_SECOND[:1], HALF_SECOND[1:4], HALF_SECOND[4:4001], HALF_SECOND[4001:], '{"type":"hangup"}']
    assert asyncio.run(_closing(*server, "odd", {}, odd))[0] == 1000


def test_the_server_lives_on_after_all_of_it(server):
    for case in LINES:
        query, messages, _, _ = LINES[case]
        asyncio.run(_closing(*server, f"again-{sorted(LINES).index(case)}", query, messages))
    assert asyncio.run(_closing(*server, "sound", {}, [HALF_SECOND, '{"type":"hangup"}']))[0] == 1000
