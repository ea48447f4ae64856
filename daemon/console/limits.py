"""How fast somebody may come, ask and be wrong."""

from __future__ import annotations

from daemon.model.quantities import SECOND, seconds


class Bucket:
    """A store of turns that fills at a steady rate and is full at the beginning."""

    def __init__(self, rate_hz: float, burst: int) -> None:
        """Fill with `rate_hz` turns a second, up to `burst` of them."""
        self._turn_ns = round(SECOND / rate_hz)
        self._room_ns = self._turn_ns * burst
        self._used_until_ns = 0

    def take(self, now_ns: int) -> bool:
        """Take a turn if there is one at `now_ns` [ns]; return whether there was."""
        if self._lacks_ns(now_ns) > 0:
            return False
        self._use(now_ns)
        return True

    def book(self, now_ns: int) -> float:
        """Take a turn in any case; return how long to wait for it from `now_ns` on [s]."""
        lacks_ns = self._lacks_ns(now_ns)
        self._use(now_ns)
        return seconds(max(0, lacks_ns))

    def wait_s(self, now_ns: int) -> float:
        """Return how long from `now_ns` on there is no turn [s]."""
        return seconds(max(0, self._lacks_ns(now_ns)))

    def _lacks_ns(self, now_ns: int) -> int:
        return self._used_until_ns + self._turn_ns - self._room_ns - now_ns

    def _use(self, now_ns: int) -> None:
        self._used_until_ns = max(self._used_until_ns, now_ns) + self._turn_ns
