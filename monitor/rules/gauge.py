"""What can be measured in a call: each gauge turns cues into one running figure.

A gauge gives *values* (speech rate, loudness, shares, counts) as they become known, or it is a *stop
watch* that says since when something lasts (silence, a monologue, the call).
"""

from collections.abc import Sequence
from typing import NamedTuple

from monitor.frames import Side
from monitor.rules.cues import Cue
from monitor.rules.scene import Scene
from monitor.rules.wording import Wordings
from monitor.timeline import Ms


class Setting(NamedTuple):
    """What a measure rule sets for its gauge."""

    side: Side
    window_ms: int
    least_ms: int
    least_count: int
    overlap_ms: int
    words: Wordings
    against: Wordings
    terms: Sequence[tuple[str, Wordings]]


class Reading(NamedTuple):
    """One value and the stretch it is about."""

    value: float
    from_ms: Ms


class Gauge:
    """A figure of one call. ``hears`` names the cues it wants."""

    hears: tuple[type, ...] = ()

    def __init__(self, setting: Setting, scene: Scene) -> None:
        self.setting, self.scene = setting, scene

    def take(self, cue: Cue) -> Reading | None:
        """The new value, or None when this cue changes nothing."""
        return None

    def reset(self) -> None:
        """Begin anew; what this means is the gauge's."""

    def since_ms(self) -> Ms | None:
        """For a stop watch: since when it runs; None while it stands."""
        return None

    def final(self) -> Reading | None:
        """The value of the whole call, for limits that are judged at its end."""
        return None
