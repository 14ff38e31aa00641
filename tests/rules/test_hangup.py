"""Hanging up: nobody is cut off, nobody is left without a goodbye, and only a known agent is judged."""

from collections.abc import Callable

import pytest

Said = Callable[..., list[str]]

BYE = "id: bye\nkind: intent\nphrases: [再见]"
SILENT = "id: silent\nkind: intent\nside: agent\nphrases: [电话没有声音]"
RULE = """
id: h
kind: hang-up
unless_before: [silent]
leaves: [bye]
takes_leave: [再见]
last_turns: 2
still_speaking_ms: 800
first_ms: 2000
cut_off: {title: 打断, severity: major}
no_goodbye: {title: 没道别, severity: major}
first: {title: 抢先, severity: hint}
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("C2:我要退货 H:agent", ["h:warning.cut-off@2"]),
        ("C2:我要退货 Q0.7 H:agent", ["h:warning.cut-off@2.7"]),
        ("C2:我要退货 Q0.9 H:agent", ["h:warning.no-goodbye@2.9"]),
        ("C2:我要退货 A2:好的再见 Q1 H:agent", ["h:warning.first@5"]),
        ("C2:我要退货 A2:好的再见 Q2 H:agent", []),
        ("C2:好的再见 A2:再见 H:agent", []),
        ("C2:好的再见 Q0.1 H:agent", ["h:warning.no-goodbye@2.1"]),
        (
            "C2:我要退货 A2:再见 C2:等等我还有 A2:您说吧 C1:还有 A2:好的 C2:还有呢 A2:没了 Q1 H:agent",
            ["h:warning.no-goodbye@16"],
        ),
        ("C2:我要退货 H:customer", []),
        ("C2:我要退货 H", []),
        ("A2:您好 Q9 H:agent", []),
        ("C2:我要退货 A2:您的电话没有声音 H:agent", []),
    ],
)
def test_hanging_up(said: Said, call: str, expected: list[str]) -> None:
    """Who, when, after what."""
    assert [it for it in said(call, BYE, SILENT, RULE) if it.startswith("h:")] == expected
