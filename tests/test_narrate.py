from typing import Any

import pytest

from monitor.narrate import Narrator

WARNING: dict[str, Any] = {
    "kind": "warning", "at_ms": 9_000, "warning_id": "w", "status": "provisional",
    "rule_id": "not-my-job", "title": "推诿",
    "severity": "major", "quote": "这事不归我做", "match": "literal", "from_ms": 7_600, "to_ms": 9_000,
    "lag_ms": 420,
    "rewrite": "这件事由我来跟进。",
}  # fmt: skip


def told(*events: dict[str, Any]) -> list[str]:
    narrator = Narrator()
    return [line for event in events for line in narrator.lines({"at_ms": 0} | event)]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"kind": "call.started", "agent_id": "a1", "direction": "outbound"}, "00:00.0 ☎ 坐席 a1 开始（呼出）"),
        (
            {"kind": "transcript", "status": "final", "side": "customer", "from_ms": 61_200, "text": "我要退货"},
            "01:01.2 客户：我要退货",
        ),
        (
            {"kind": "prompt", "prompt_id": "p", "status": "shown", "say": "您好", "title": "问候"},
            "00:00.0 ➤ 现在说：您好",
        ),
        (
            {"kind": "prompt", "prompt_id": "p", "status": "missed", "say": "", "title": "问候"},
            "00:00.0 ✗ 没有说：问候",
        ),
        ({"kind": "requirement", "status": "met", "rule_id": "r", "title": "问候"}, "00:00.0 ✓ 问候"),
        ({"kind": "reply", "say": "已为您登记"}, "00:00.0 💬 可以这样说：已为您登记"),
        ({"kind": "note", "from": "组长", "text": "慢一点"}, "00:00.0 ✉ 组长：慢一点"),
        (
            {"kind": "audio.gap", "side": "agent", "from_ms": 0, "to_ms": 1_500, "reason": "jump"},
            "00:00.0 … 坐席侧缺 1.5 秒声音（jump）",
        ),
        (
            {"kind": "call.ended", "reason": "hangup", "summary": {"score": 90, "warnings": {"major": 1, "minor": 0}}},
            "00:00.0 ☎ 结束（挂断）：重要 1，得分 90",
        ),
        ({"kind": "call.ended", "reason": "别的", "summary": {}}, "00:00.0 ☎ 结束（别的）：没有警告"),
    ],
)
def test_what_is_told_of_each_kind(event: dict[str, Any], line: str) -> None:
    assert told(event) == [line]


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "measure"},
        {"kind": "transcript", "status": "partial", "text": "我"},
        {"kind": "transcript", "status": "final", "text": ""},
        {"kind": "requirement", "status": "pending", "rule_id": "r", "title": "x"},
        {"kind": "prompt", "prompt_id": "p", "status": "cleared", "say": "x"},
        {"kind": "something.new"},
    ],
)
def test_what_is_not_told(event: dict[str, Any]) -> None:
    assert told(event) == []


def test_a_warning_is_told_once_a_status_and_its_rewrite_once() -> None:
    assert told(WARNING, WARNING, WARNING | {"status": "confirmed"}) == [
        "00:07.6 ⚠ 重要 推诿 「这事不归我做」 疑似，0.42 秒后",
        "          改说：这件事由我来跟进。",
        "00:07.6 ⚠ 重要 推诿 「这事不归我做」 确认，0.42 秒后",
    ]
    assert told(WARNING, WARNING | {"status": "retracted"})[-1] == "00:07.6 ↩ 撤回：推诿"


def test_what_was_not_said_is_told_once_with_what_to_say() -> None:
    missed = {"kind": "requirement", "status": "missed", "rule_id": "r", "title": "问候"}
    warning = WARNING | {"match": "absence", "rule_id": "r", "quote": "", "status": "confirmed", "rewrite": "您好。"}
    assert told(missed, warning) == ["00:00.0 ✗ 应说未说：问候", "          该说：您好。"]
