"""A language model on the other end of a real connection: it answers well, late, with a banned phrase, with rubbish."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.engines.wording import MOST_CHARS, Wording
from monitor.events import Warning as WarningEvent
from monitor.frames import Side
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.timeline import Ms
from tests.test_live import ROW, play, running

pytestmark = pytest.mark.anyio

RULE = Path(__file__).parents[2] / "rules" / "banned" / "not-my-job.yaml"
CLASSES = RULE.parents[1] / "classes.yaml"
GOOD = "您的发票由我来跟进，十分钟内给您回复，好吗？"


class Model:
    """What the model says, and what it was asked."""

    def __init__(self, say: Callable[[], Any]) -> None:
        self.say, self.asked = say, []
        self.released = threading.Event()


@contextmanager
def serving(model: Model) -> Iterator[str]:
    """The address of an OpenAI-compatible server with one model."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.asked.append((self.path, self.headers.get("Authorization"), body))
            answer = model.say()
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        model.released.set()
        server.shutdown()
        server.server_close()


def says(text: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


WARNING = WarningEvent(
    call_id="c1",
    at_ms=Ms(2000),
    warning_id="c1:agent-500:not-my-job",
    status="confirmed",
    rule_id="not-my-job",
    title="推诿：这事不归我做",
    category="推诿",
    severity="major",
    side=Side.AGENT,
    quote="这事不归我做",
    phrase="这事不归我做",
    match="literal",
    score=1.0,
    from_ms=Ms(500),
    to_ms=Ms(2000),
    rewrite="我来帮您联系负责的同事",
    advice="把客户往外推",
    basis="",
    utterance_id="c1:agent-500",
)


async def offered(say: Callable[[], Any], model: Model | None = None, **settings: Any) -> str:
    model = model or Model(say)
    with serving(model) as url:
        wording = Wording(url, "qwen", **settings)
        try:
            return await wording.offer(WARNING, ["客户：我的电话是13812345678"])
        finally:
            await wording.close()


async def test_a_good_answer_is_taken_and_only_masked_text_was_sent() -> None:
    model = Model(lambda: says(f"「{GOOD}」"))
    assert await offered(model.say, model, key="sk-1") == GOOD
    [(path, key, body)] = model.asked
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer sk-1", "qwen")
    told = body["messages"][1]["content"]
    assert "这事不归我做" in told
    assert "13812345678" not in told


async def test_a_late_answer_is_not_waited_for() -> None:
    model = Model(lambda: None)
    model.say = lambda: says(GOOD) if model.released.wait(60) else None
    assert await offered(model.say, model, wait_s=0.1) == ""


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        {},
        {"choices": []},
        says(None),
        says(["x"]),
        says(""),
        says("一\n二"),
        says("好" * (MOST_CHARS + 1)),
    ],
    ids=["text", "empty", "no choice", "null", "list", "nothing", "two lines", "too long"],
)
async def test_rubbish_is_no_wording(answer: Any) -> None:
    assert await offered(lambda: answer) == ""


async def test_nobody_there_is_no_wording() -> None:
    wording = Wording("http://127.0.0.1:9/v1", "qwen")
    assert await wording.offer(WARNING, []) == ""
    await wording.close()


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(parse.load([RULE, CLASSES]))


async def test_a_live_warning_gets_the_wording_for_its_case(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(Side.AGENT, 500, 2500, "这事不归我做").until(4000)
    model = Model(lambda: says(GOOD))
    with serving(model) as url:
        wording = Wording(url, "qwen", wait_s=10)
        async with running(tmp_path, matcher, call.engine(), wording=wording) as run:
            live = await run.live.open(ROW)
            await play(live, call, to_ms=4000)
            told = await run.until(kind="warning", rewrite=GOOD)
            first = next(event for event in run.of("warning") if event["status"] == "confirmed")
            assert first["rewrite"] != GOOD
            assert (told["warning_id"], told["status"]) == (first["warning_id"], "confirmed")
            await (await live.connect()).hang_up()
        await wording.close()
    assert "坐席：这事不归我做" in model.asked[0][2]["messages"][1]["content"]


async def test_a_wording_that_breaks_a_rule_is_never_shown(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = (
        scene().say(Side.AGENT, 500, 2500, "这事不归我做").say(Side.AGENT, 4500, 6500, "这块不是我负责的").until(8000)
    )
    answers = iter(["不好意思，这个不归我管", GOOD])
    with serving(Model(lambda: says(next(answers)))) as url:
        wording = Wording(url, "qwen", wait_s=10)
        async with running(tmp_path, matcher, call.engine(), wording=wording) as run:
            live = await run.live.open(ROW)
            await play(live, call, to_ms=3800)
            await run.until(kind="warning", status="confirmed")
            await play(live, call, from_ms=3800, to_ms=8000)
            await run.until(kind="warning", rewrite=GOOD)
            assert not [event for event in run.of("warning") if "不归我管" in event["rewrite"]]
            await (await live.connect()).hang_up()
        await wording.close()
