"""Whether a load was supplied: the voltage at its own terminals against the ITIC curve.

Source: ITIC (CBEMA) curve of 2000, lower limits: 0 up to 20 ms, 70 % up to 0.5 s, 80 % up to 10 s,
90 % for ever; upper limits 120 % up to 0.5 s, 110 % for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_LOWER: Final = ((0.70, 20_000_000), (0.80, 500_000_000), (0.90, 10_000_000_000))
_UPPER: Final = ((1.20, 3_000_000), (1.10, 500_000_000))


@dataclass(slots=True)
class Supply:
    """Supply record of one load.

    Attributes:
        low_pu: lowest voltage so far [pu].
        high_pu: highest voltage so far [pu].
        fed: the voltage is inside the curve now.
        unfed_ns: intervals outside the curve, from the beginning of the deviation to its end.
    """

    low_pu: float = 1.0
    high_pu: float = 1.0
    fed: bool = True
    unfed_ns: list[tuple[int, int | None]] = field(default_factory=list)
    _ordinary: bool = False
    _since: list[int | None] = field(default_factory=lambda: [None] * (len(_LOWER) + len(_UPPER)))

    def see(self, now_ns: int, v_pu: float) -> None:
        """Record that the voltage is `v_pu` [pu] from `now_ns` on."""
        if not self.low_pu <= v_pu <= self.high_pu:
            self.low_pu, self.high_pu = min(self.low_pu, v_pu), max(self.high_pu, v_pu)
        if self._ordinary and 0.90 <= v_pu <= 1.10:
            return
        violated_since: int | None = None
        outside = [v_pu < limit - 1e-9 for limit, _ in _LOWER] + [
            v_pu > limit + 1e-9 for limit, _ in _UPPER
        ]
        for i, (_, allowed) in enumerate((*_LOWER, *_UPPER)):
            since = self._since[i]
            if outside[i] and since is None:
                since = now_ns
            if since is not None and now_ns - since > allowed:
                violated_since = since if violated_since is None else min(violated_since, since)
            self._since[i] = since if outside[i] else None
        if violated_since is not None and self.fed:
            self.fed = False
            self.unfed_ns.append((violated_since, None))
        if not self.fed and not any(outside):
            self._end(now_ns)
        self._ordinary = self.fed and not any(outside)

    def fail(self, now_ns: int) -> None:
        """Record that the load ran out of energy at `now_ns`."""
        self._ordinary = False
        if self.fed:
            self.fed = False
            self.unfed_ns.append((now_ns, None))

    def release(self, now_ns: int) -> None:
        """Record that the load was shut down in order: it needs no supply."""
        self._since = [None] * len(self._since)
        if not self.fed:
            self._end(now_ns)

    def _end(self, now_ns: int) -> None:
        self.fed = True
        self.unfed_ns[-1] = (self.unfed_ns[-1][0], now_ns)

    def unfed_total_ns(self, now_ns: int) -> int:
        """Return the sum of all intervals up to `now_ns` [ns]."""
        return sum((now_ns if end is None else end) - start for start, end in self.unfed_ns)
