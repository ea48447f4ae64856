"""What is wrong with the way to a gateway: the sum of the words that stand.

A way knows no connection and no time; `door` asks it what becomes of bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from device_emulators.faults.replies import CHANGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator

_TENTH: Final = 0.1
"""A slow way differs from time to time by this part of its latency."""
HOLDS: Final[Mapping[str, tuple[bool, bool]]] = {
    "hang": (True, True),
    "cut": (True, True),
    "cut_to_gateway": (True, False),
    "cut_to_daemon": (False, True),
}
"""Whether a word holds requests, and replies."""
_OF_TIME: Final = frozenset({"slow", "jitter", "late", "dribble"})
KNOWN: Final = frozenset({*HOLDS, *_OF_TIME, *CHANGES, "reorder", "refuse"})
"""Words that a way remembers."""


class Way:
    """The words that stand, and what follows from them.

    Attributes:
        protocol: what is spoken: "modbus_tcp", "opcua", or anything else for bytes without frames.
        quiet: nothing is wrong with what passes.
        changes: what is done to replies, in the order of the words.
    """

    def __init__(self, protocol: str, chance: Generator) -> None:
        """Be undisturbed; `chance` decides what words leave open."""
        self.protocol: Final = protocol
        self._chance: Final = chance
        self._words: Final[dict[str, Mapping[str, Any]]] = {}
        self._look()

    def disturb(self, event: str, values: Mapping[str, Any]) -> None:
        """Let a word stand; it replaces itself."""
        self._words.pop(event, None)
        self._words[event] = dict(values)
        self._look()

    def heal(self) -> None:
        """End all that stands."""
        self._words.clear()
        self._look()

    def _look(self) -> None:
        words = self._words
        self.quiet = not words
        self.changes = tuple((CHANGES[e], v) for e, v in words.items() if e in CHANGES)
        self.reorders = "reorder" in words
        self.refuses = "refuse" in words
        self.cut = "cut" in words
        self.holds_requests = any(HOLDS[word][0] for word in words if word in HOLDS)
        self.holds_replies = any(HOLDS[word][1] for word in words if word in HOLDS)
        self._latency_s = self._value("slow", "latency_s")
        self._jitter_s = self._value("jitter", "jitter_s") + _TENTH * self._latency_s
        self.late_s = self._value("late", "latency_s")
        self.pause_s = self._value("dribble", "pause_s")

    def _value(self, event: str, name: str) -> float:
        return float(self._words[event][name]) if event in self._words else 0.0

    def delay_s(self) -> float:
        """Return how long a piece takes now [s]."""
        if not self._jitter_s:
            return self._latency_s
        return self._latency_s + self._jitter_s * float(self._chance.random())

    def changed(self, frame: bytes) -> Sequence[bytes]:
        """Return the frames that arrive in place of a reply."""
        frames = [frame]
        for change, values in self.changes:
            frames = [new for old in frames for new in change(old, self._chance, values)]
        return frames
