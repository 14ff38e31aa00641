import pytest

from monitor.frames import Side
from monitor.rules.match import ACCEPT_LLR, Matcher
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet, parse_rule
from monitor.text.reading import read

BASE = "kind: banned\ntitle: 试\nstatus: trial\nseverity: major\n"


def matcher(**rules: str) -> Matcher:
    made = {}
    for name, text in rules.items():
        name = name.replace("_", "-")
        lines = {line.split(":")[0] for line in text.splitlines()}
        base = "".join(line + "\n" for line in BASE.splitlines() if line.split(":")[0] not in lines)
        rule = parse_rule(f"id: {name}\n{base}{text}", f"{name}.yaml", {"我": "我们?"})
        assert isinstance(rule, BannedRule)
        made[name] = rule
    return Matcher(RuleSet(made, classes={"我": "我们?"}))


def fired(found: Matcher, said: str, side: Side = Side.AGENT) -> list[tuple[str, str, str]]:
    reading = read(said)
    return [
        (hit.rule.id, hit.match, reading.quote(hit.start, hit.end))
        for hit in found.find(reading, side)
        if not hit.needs_audio
    ]


NOT_MINE = matcher(not_mine="phrases: [这事不归我做]\npatterns: ['不归{@我}{管|负责}']\nwords: [推诿]\n")


@pytest.mark.parametrize(
    ("said", "way", "quote"),
    [
        ("您好，這事不歸我做", "literal", "這事不歸我做"),
        ("退款不归咱们管", "pattern", "不归咱们管"),
        ("我这是推诿", "word", "推诿"),
        ("您好，这是不规我做", "pinyin", "这是不规我做"),
    ],
)
def test_four_ways_to_find(said: str, way: str, quote: str) -> None:
    """Each says how it found the words, and which."""
    assert fired(NOT_MINE, said) == [("not-mine", way, quote)]


@pytest.mark.parametrize("side", [Side.CUSTOMER, Side.UNKNOWN])
def test_only_the_agent_is_charged(side: Side) -> None:
    """Not the customer who says it, nor a voice that nobody knows."""
    assert fired(NOT_MINE, "这事不归我做", side) == []


def test_rules_may_judge_anybody() -> None:
    """``side: any`` and ``side: customer``."""
    both = matcher(any_one="side: any\nphrases: [不要脸]\n", caller="side: customer\nphrases: [我要投诉]\n")
    assert fired(both, "不要脸，我要投诉", Side.CUSTOMER) == [
        ("any-one", "literal", "不要脸"),
        ("caller", "literal", "我要投诉"),
    ]
    assert fired(both, "不要脸，我要投诉", Side.UNKNOWN) == [("any-one", "literal", "不要脸")]
    assert fired(both, "不要脸，我要投诉") == [("any-one", "literal", "不要脸")]


def test_exceptions_hold_where_they_overlap() -> None:
    """By spelling and by sound; elsewhere in the sentence they excuse nothing."""
    promise = matcher(promise="words: [保证]\nphrases: [我保证没问题]\nunless: ['为了.{0,4}保证']\n")
    assert fired(promise, "为了保证安全") == []
    assert fired(promise, "为了您好。我保证明天到") == [("promise", "word", "保证")]
    refund = matcher(refund="phrases: [就是不能退款]\nunless: ['不{能|}退款?吗']\n")
    assert fired(refund, "旧是不能退款吗") == []
    assert fired(refund, "旧是不能退款了") == [("refund", "pinyin", "旧是不能退款")]


def test_quoted_words_are_not_charged_unless_the_rule_says_so() -> None:
    """«您说的“不归我管”是谁说的» is a question."""
    assert fired(NOT_MINE, "您说的“不归我管”是谁说的") == []
    always = matcher(always="phrases: [不归我管]\nreported: fire\n")
    assert fired(always, "您说的“不归我管”是谁说的") == [("always", "literal", "不归我管")]


def test_the_same_words_cost_once() -> None:
    """The most severe rule is charged, the other named."""
    two = matcher(mild="severity: minor\nphrases: [不归我管]\n", worse="severity: critical\nphrases: [这事不归我管]\n")
    hits = two.find(read("这事不归我管，真的，这事不归我管"), Side.AGENT)
    assert [(hit.rule.id, hit.also) for hit in hits] == [("worse", ("mild",))]


def test_near_sounds_wait_for_the_audio() -> None:
    """And the audio decides."""
    hits = NOT_MINE.find(read("您好，这事不为我做"), Side.AGENT)
    assert [(hit.needs_audio, hit.candidate, hit.match) for hit in hits] == [(True, "这事不归我做", "pinyin")]
    confirmed = NOT_MINE.judge(hits[0], 0.0)
    assert confirmed is not None
    assert (confirmed.needs_audio, confirmed.match) == (False, "acoustic")
    assert confirmed.score > hits[0].score
    assert NOT_MINE.judge(hits[0], ACCEPT_LLR - 0.01) is None
    assert NOT_MINE.judge(hits[0], ACCEPT_LLR) is not None
    assert NOT_MINE.judge(confirmed, -9.0) is confirmed


def test_drafts_never_fire() -> None:
    """They are loaded, nothing more."""
    assert fired(matcher(a="status: draft\nphrases: [不归我管]\n"), "不归我管") == []


def test_nothing_said_nothing_found() -> None:
    """Empty and wordless utterances."""
    assert [fired(NOT_MINE, said) for said in ("", "……", "嗯嗯", "   ")] == [[], [], [], []]


def test_the_same_reading_gives_the_same_hits() -> None:
    """Matching has no memory."""
    reading = read("这事不归我做，这是不规我做")
    assert NOT_MINE.find(reading, Side.AGENT) == NOT_MINE.find(reading, Side.AGENT)


def test_a_warm_matcher_makes_nothing_more_for_the_sentences_it_knows() -> None:
    """What is made at first use is made before the first call."""
    cold = matcher(
        not_mine="phrases: [这事不归我做]\nexamples: {hit: [这事不归我做, 这是不规我做], miss: [这事归我做]}\n",
    )
    cold.warm_up()
    made = dict(cold._sounds._known)
    assert made
    assert fired(cold, "这是不规我做") == [("not-mine", "pinyin", "这是不规我做")]
    assert cold._sounds._known == made
