"""All rules of order and time together: whatever happens on the line, in order, and however time is told."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.events import Event, Prompt, Requirement, Warning
from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.conduct import Conduct, warm_up
from monitor.rules.cues import Clock, Cue, Ended, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.parse import load
from monitor.rules.wording import Wordings
from monitor.text.reading import read
from monitor.timeline import Ms

RULES = load([Path(__file__).parents[2] / "rules"])
BOTH = (Side.AGENT, Side.CUSTOMER)

AGENT = [
    "您好，花语旗舰店，请问有什么可以帮您",
    "嗯",
    "请您稍等，我帮您查一下",
    "非常抱歉，给您添麻烦了",
    "这个我不太清楚",
    "请问您的订单号是多少",
    "您的电话没有声音，请您换一部电话打来",
    "我核实后回复您",
    "请您大声一点好吗",
    "我没有权限",
    "感谢您的来电，祝您生活愉快，再见",
    "什么？",
]
CUSTOMER = [
    "喂",
    "嗯",
    "我要投诉你们",
    "气死我了",
    "谢谢",
    "一三八一二三四五六七八",
    "我姓王",
    "你他妈的",
    "你有男朋友吗",
    "我在开会呢",
    "怎么还没到",
    "这样不行",
    "等一下，我找找",
    "请问是建设银行吗",
    "没有其他问题了，再见",
]

seconds = st.sampled_from([0.3, 1, 2, 4.4, 5, 8, 9, 31])
plus = st.sampled_from(["", "", "", "+", "+0.7"])
stretch = st.one_of(
    st.builds("{}A{}:{}".format, plus, st.integers(1, 9), st.sampled_from(AGENT)),
    st.builds("{}C{}:{}".format, plus, st.integers(1, 9), st.sampled_from(CUSTOMER)),
    st.builds("Q{}".format, seconds),
    st.builds("X{}:{}".format, st.sampled_from([0.3, 2]), st.sampled_from(["agent", "customer"])),
    st.builds("L:{}={},{}".format, st.sampled_from(["agent", "customer"]), st.integers(-60, -5), st.integers(0, 40)),
)
enders = st.sampled_from(["agent", "customer", "unknown"])


def possible(parts: list[str], by: str) -> str:
    """Two people may speak at once, one person speaks one sentence after the other."""
    call: list[str] = []
    for part in parts:
        both = {it for it in (part + " " + (call[-1] if call else "")) if it in "AC"} == {"A", "C"}
        call.append(part if both else part.removeprefix("+0.7").removeprefix("+"))
    return " ".join([*call, f"H:{by}"])


calls = st.builds(possible, st.lists(stretch, max_size=25), enders)
directions = st.sampled_from(["inbound", "outbound"])


@given(calls, directions, st.sampled_from([20, 333, 7000]))
@settings(max_examples=120)
def test_any_call(call: str, direction: str, clock_ms: int) -> None:
    """Nothing raises; events come in order of time; how finely time is told changes nothing."""
    events = tape.play(RULES, call, direction, clock_ms=1000)  # type: ignore[arg-type]
    assert [it.at_ms for it in events] == sorted(it.at_ms for it in events)
    assert tape.play(RULES, call, direction, clock_ms=clock_ms) == events  # type: ignore[arg-type]
    consistent(events)


def consistent(events: list[Event]) -> None:
    """What holds of every call's events together."""
    open_prompts: dict[str, str] = {}
    requirements: dict[tuple[str, int], str] = {}
    warned: set[str] = set()
    for event in events:
        match event:
            case Prompt(prompt_id=name, status="shown"):
                assert name not in open_prompts, "shown twice"
                open_prompts[name] = "shown"
            case Prompt(prompt_id=name, status=status):
                assert name in open_prompts, "taken away before it was shown"
                open_prompts[name] = status
            case Requirement(rule_id=name, occasion=occasion, status=status):
                assert requirements.get((name, occasion)) in (None, "pending"), "decided twice"
                requirements[name, occasion] = status
            case Warning(warning_id=name, from_ms=from_ms, to_ms=to_ms, at_ms=at_ms):
                assert name not in warned, "charged twice"
                assert from_ms <= to_ms == at_ms
                assert event.status == "confirmed"
                warned.add(name)
    assert "shown" not in open_prompts.values(), "left on the screen at the end of the call"


def test_due_times_come_before_the_cue_of_the_same_instant() -> None:
    """Five seconds are up the moment the customer begins: the prompt comes, and goes."""
    names = [
        tape.notation(it)
        for it in tape.play(RULES, "A2:您好，花语旗舰店，请问有什么可以帮您 Q5 C1:喂")
        if isinstance(it, Prompt)
    ]
    assert names[:2] == ["prompt.ask-again", "prompt.ask-again.cleared"]


def test_next_due() -> None:
    """The driver may ask when to come back."""
    conduct = Conduct(RULES, "c", "inbound", BOTH)
    for cue in tape.cues("A2:您好，花语旗舰店，请问有什么可以帮您").cues:
        conduct.feed(cue)
    assert conduct.next_due_ms() == 7000
    assert [tape.notation(it) for it in conduct.feed(Clock(Ms(7000)))][:1] == ["prompt.ask-again"]


@pytest.mark.parametrize("sides", [(Side.UNKNOWN,), (Side.AGENT,), (Side.CUSTOMER,), ()])
def test_a_recording_of_one_side_charges_nobody(sides: tuple[Side, ...]) -> None:
    """Rules that need both sides do not run where they are not told apart."""
    conduct = Conduct(RULES, "c", "inbound", sides)
    cues: list[Cue] = [
        VoiceOn(Side.UNKNOWN, Ms(0)),
        Spoke(Side.UNKNOWN, Ms(0), Ms(900), "u", read("你有男朋友吗")),
        VoiceOff(Side.UNKNOWN, Ms(900)),
        Levels(Side.UNKNOWN, Ms(1000), -20.0, 20.0),
        *tape.cues("A2:什么 Q9 A1:喂").cues,
        Ended(Ms(60_000), Side.AGENT),
    ]
    said = [event for cue in cues for event in conduct.feed(cue)]
    assert not [it for it in said if isinstance(it, Warning | Requirement | Prompt)]


def test_nothing_after_the_end() -> None:
    """A call that is over says no more."""
    conduct = Conduct(RULES, "c", "inbound", BOTH)
    conduct.feed(Ended(Ms(1000), Side.AGENT))
    assert conduct.feed(Clock(Ms(99_000))) == []


def test_direction_decides_which_rules_run() -> None:
    """A call out does not want the greeting of a call in."""
    asked = {
        direction: {
            it.rule_id for it in tape.play(RULES, "A2:您好 C3:你好，哪位", direction) if isinstance(it, Requirement)
        }  # type: ignore[arg-type]
        for direction in ("inbound", "outbound")
    }
    assert "opening-greeting-inbound" in asked["inbound"] - asked["outbound"]
    assert "opening-outbound" in asked["outbound"] - asked["inbound"]


def test_a_long_call_stays_small() -> None:
    """What is remembered of a call does not grow with it."""
    conduct = Conduct(RULES, "c", "inbound", BOTH)
    hour = "A3:好的，请您稍等，我帮您查一下 C3:那我的快递怎么还没到 " * 600
    for cue in tape.cues(hour).cues:
        conduct.feed(cue)
    scene = conduct.scene
    assert len(scene.turns) <= 24
    assert len(scene.heard) <= len(RULES.rules) * 4
    assert not scene.signals


def test_no_call_compiles_what_was_warmed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls would wait for it."""
    warm_up(RULES)

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("a wording is compiled while a call is opened")

    monkeypatch.setattr(Wordings, "__init__", compiled)
    Conduct(RULES, "c1", "inbound", BOTH)
    Conduct(RULES, "c2", "outbound", BOTH)
    with pytest.raises(AssertionError, match="compiled"):
        Wordings(["没有编译过"])
