"""What the tile on the wall says the call is in."""

from collections.abc import Callable

Said = Callable[..., list[str]]

BAD = "id: bad\nkind: intent\nphrases: [投诉]"
RUDE = "id: rude\nkind: intent\nphrases: [混蛋]"
GO = "id: go\nkind: intent\nside: agent\nphrases: [请稍等]"
STOP = "id: stop\nkind: intent\nside: agent\nphrases: [久等了]"
RULE = """
id: s
kind: call-state
silent_ms: 5000
hold: [go]
hold_over: [stop]
complaint: [bad]
abusive: [rude]
abusive_ms: 10000
"""


def states(said: list[str]) -> list[str]:
    return [it.removeprefix(":state.") for it in said]


def test_silence_hides_what_the_talk_is_about_until_somebody_speaks(said: Said) -> None:
    """A complaint stays one; it is silent after five seconds."""
    assert states(said("Q9 C2:我要投诉 Q6 A2:抱歉", BAD, RUDE, GO, STOP, RULE)) == [
        "talking@9", "complaint@11", "silent@16", "complaint@17",
    ]  # fmt: skip


def test_abuse_is_over_after_a_while(said: Said) -> None:
    """Counted from the last bad word."""
    assert states(said("C2:混蛋 Q2 C2:混蛋 Q2 A9:好 A2:好", BAD, RUDE, GO, STOP, RULE)) == [
        "talking@0", "abusive@2", "talking@16",
    ]  # fmt: skip


def test_hold(said: Said) -> None:
    """From the announcement of the rule that knows, to its end."""
    assert states(said("A2:请稍等 Q9 A2:久等了", BAD, RUDE, GO, STOP, RULE)) == ["talking@0", "hold@2", "talking@13"]
