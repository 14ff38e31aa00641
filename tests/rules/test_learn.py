from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.rules import learn as learning
from monitor.rules.hit import Found
from monitor.rules.learn import LEAST_EXAMPLES, learn, train
from monitor.rules.meaning import Meaning
from monitor.rules.model import BannedRule, Lesson
from monitor.rules.parse import RuleSet
from monitor.text.reading import read

WHO = ("这事", "这个", "这块业务", "退款的事", "发票", "安装", "物流的问题", "您说的这个")
DENIES = ("不归我管", "我不负责", "不是我的活", "我管不着", "我们这边不弄", "跟我没关系", "别来找我", "我可不管")
DOES = ("我来跟进", "我帮您查", "马上给您处理", "我负责到底", "今天就办好", "请您放心", "稍后回复您", "已经登记了")


def rule(name: str, hits: list[str], misses: list[str]) -> BannedRule:
    examples = {"hit": tuple({"say": text} for text in hits), "miss": tuple({"say": text} for text in misses)}
    return BannedRule.model_validate(
        {"id": name, "kind": "banned", "title": "试", "status": "stable", "severity": "major", "phrases": ("没门儿",),
         "examples": examples, "rewrite": "这件事由我来跟进"}
    )  # fmt: skip


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    one = rule("mine", [who + how for who in WHO for how in DENIES], [who + how for who in WHO for how in DOES])
    other = rule("rude", [f"{who}你烦不烦{end}" for who in WHO for end in ("啊", "呢", "，快点说")], ["您别着急"])
    return RuleSet({"mine": one, "rude": other}, ordinary=("您好，请问有什么可以帮您", "好的，请您稍等"), version="v1")


@pytest.fixture(scope="module")
def meaning(ruleset: RuleSet) -> Meaning:
    learnt = train(ruleset)
    assert learnt is not None
    return Meaning(learnt, ruleset.of(BannedRule))


def found_in(meaning: Meaning, said: str) -> list[Found]:
    return list(meaning.find(meaning.look(read(said))))


def test_unseen_wordings_are_found(meaning: Meaning) -> None:
    """With the rule whose examples are most alike, and the example."""
    found = found_in(meaning, "您好，维修这方面我们管不着，别来找我")
    assert [(item.rule.id, item.match) for item in found] == [("mine", "meaning")]
    assert 0.5 <= found[0].score <= 1
    assert found[0].phrase in {example.text for example in found[0].rule.examples.hit}
    assert [item.rule.id for item in found_in(meaning, "维修的事你烦不烦啊")] == ["rude"]


@pytest.mark.parametrize(
    "said", ["您好，请问有什么可以帮您", "维修的事我来跟进，请您放心", "今天天气不错", "嗯", "", "大象在月亮上散步"]
)
def test_harmless_sentences_are_not(meaning: Meaning, said: str) -> None:
    """Neither what was learnt as harmless nor what is about something else."""
    assert found_in(meaning, said) == []


def test_learning_is_not_random(ruleset: RuleSet, meaning: Meaning) -> None:
    """The same rules give the same classifier, bit for bit."""
    again = train(ruleset)
    assert again is not None
    assert np.array_equal(again.weights, meaning.learnt.weights)
    assert (again.bias, again.threshold) == (meaning.learnt.bias, meaning.learnt.threshold)


def test_calibration_rises(meaning: Meaning) -> None:
    """A clearer case never scores lower."""
    values, scores = meaning.learnt.knots
    assert np.all(np.diff(values) > 0)
    assert np.all(np.diff(scores) >= 0)


def test_too_few_examples_teach_nothing(ruleset: RuleSet) -> None:
    """A small rule set works without."""
    few = rule("few", ["不归我管"] * 3, ["我来管"] * 3)
    assert LEAST_EXAMPLES > 3
    assert train(RuleSet({"few": few})) is None


def test_rules_may_stay_out(ruleset: RuleSet) -> None:
    """``meaning: false``, hints and drafts are not learnt."""
    out = {name: item.model_copy(update={"meaning": False}) for name, item in ruleset.rules.items()}
    hints = {name: item.model_copy(update={"severity": "hint"}) for name, item in ruleset.rules.items()}
    drafts = {name: item.model_copy(update={"status": "draft"}) for name, item in ruleset.rules.items()}
    assert [train(replace(ruleset, rules=rules)) for rules in (out, hints, drafts)] == [None, None, None]


def test_what_was_learnt_is_kept(ruleset: RuleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start reads it, and finds the same."""
    monkeypatch.setattr(learning, "_known", {})
    first = learn(ruleset, tmp_path / "kept")
    monkeypatch.setattr(learning, "_known", {})
    monkeypatch.setattr(learning, "train", lambda _: pytest.fail("learnt again"))
    second = learn(ruleset, tmp_path / "kept")
    assert first is not None
    assert second is not None
    said = "维修这方面我们管不着"
    rules = ruleset.of(BannedRule)
    assert found_in(Meaning(first, rules), said) == found_in(Meaning(second, rules), said) != []
    assert first.unseen == second.unseen > 0.5


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file", b"not a zip at all"])
def test_a_damaged_file_is_learnt_anew(
    ruleset: RuleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    """And written again."""
    monkeypatch.setattr(learning, "_known", {})
    (tmp_path / "v1.npz").write_bytes(damage)
    assert learn(ruleset, tmp_path) is not None
    assert (tmp_path / "v1.npz").stat().st_size > 1000


def test_one_process_learns_once(ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules of the same version are the same rules."""
    monkeypatch.setattr(learning, "_known", {})
    first = learn(ruleset)
    monkeypatch.setattr(learning, "train", lambda _: pytest.fail("learnt again"))
    assert learn(ruleset) is first


def test_recommended_wordings_are_harmless(ruleset: RuleSet) -> None:
    """A rewrite is what agents are told to say."""
    assert list(learning.recommended(ruleset.rules["mine"])) == ["这件事由我来跟进"]


def test_lessons_teach(ruleset: RuleSet) -> None:
    """What they say is said by the rule they name; what they call harmless is; a lesson of no rule in force is not."""
    strange = "这个月亮不在我口袋里"
    lessons = (
        Lesson(lesson="mine", said=(strange,), harmless=("您看月亮真圆",)),
        Lesson(lesson="ordinary", harmless=("今天是星期三",)),
        Lesson(lesson="gone", said=("没有这条规则",)),
    )
    taught = replace(ruleset, lessons=lessons)
    samples = {sample.text: (sample.banned, sample.rule_id) for sample in learning._samples(taught)}
    assert samples[strange] == (True, "mine")
    assert samples["您看月亮真圆"] == samples["今天是星期三"] == (False, "")
    assert "没有这条规则" not in samples
    learnt = train(taught)
    assert learnt is not None
    assert [item.rule.id for item in found_in(Meaning(learnt, ruleset.of(BannedRule)), strange)] == ["mine"]


def test_enough_is_enough(ruleset: RuleSet) -> None:
    """Once so many sentences have been judged unseen, the other folds are left."""
    samples = learning._samples(ruleset)
    values, truth = learning._Table.of(samples).judged_unseen(enough=10)
    assert len(values) == len(truth)
    assert 10 <= len(values) < len(samples) / 2
