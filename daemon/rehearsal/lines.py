"""What the processes say, in one time.

The plant stamps its lines with plant time, the daemon with its own. Here both are shown in plant
seconds, so that cause and answer stand in order. The daemon's clock is set against ours by the
line that came with the least delay.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LOST: Final = re.compile(r"(\d+\.\d) s of plant time lost")
_LINE: Final = re.compile(r"(?:\[\w+\] *)?(?:held\b|(?P<at>\d+\.\d+) s\b)? *(?P<text>.*)")


class Lines:
    """Rewrites lines of plant and daemon and hands them to `out`."""

    def __init__(self, now_s: Callable[[], float], out: Callable[[str], None]) -> None:
        """Read `now_s` [s] at each line."""
        self._now_s, self._out = now_s, out
        self._began_s: float | None = None
        self._ahead_s = math.inf
        """How far our clock is ahead of the daemon's [s]."""

    def begin(self) -> None:
        """Count plant time from now."""
        self._began_s = self._now_s()

    def show(self, name: str, line: str) -> None:
        """Show a line; the broker's words are for its obituary alone, some are for us."""
        if name == "broker" or "still serving until" in line:
            return
        match = _LINE.fullmatch(line)
        assert match is not None, "the pattern takes any text"
        if self._began_s is not None and (lost := _LOST.search(line)):
            self._began_s += float(lost[1])
        at_s = None if match["at"] is None else float(match["at"])
        if name == "daemon" and at_s is not None:
            at_s = self._in_plant_time(at_s)
        when = "" if at_s is None or self._began_s is None else f"{at_s:.3f} s"
        self._out(f"{when:>11}  {name:<6}  {match['text']}")

    def _in_plant_time(self, daemon_s: float) -> float:
        self._ahead_s = min(self._ahead_s, self._now_s() - daemon_s)
        return daemon_s + self._ahead_s - (self._began_s or 0.0)
