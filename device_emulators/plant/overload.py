"""How long electronics carry more than their rating.

Each level of overload has its time; what a load uses up of it adds up, so that a changing overload
ends when its parts together are one whole time, and the end is known exactly while it is constant.
At or below the rating the wear goes back in ten minutes. Source: own derivation (linear wear).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_RECOVERS_S = 600.0


@dataclass(slots=True)
class Overload:
    """Wear by overload.

    Attributes:
        table: (load by rating [pu], time it is carried up to this load [s]), rising; a load above
            the last is carried for `above_s`.
        above_s: see above [s].
        wear: what has been used up, 1 when it must end.
    """

    table: tuple[tuple[float, float], ...]
    above_s: float
    wear: float = 0.0

    def carried_s(self, load_pu: float) -> float:
        """Return for how long a fresh unit carries a load [pu] [s]."""
        if load_pu <= 1.0 + 1e-9:
            return math.inf
        return next((time_s for limit, time_s in self.table if load_pu <= limit), self.above_s)

    def left_s(self, load_pu: float) -> float:
        """Return for how long it carries a load [pu] from now on [s]."""
        return max(1.0 - self.wear, 0.0) * self.carried_s(load_pu)

    def advance(self, load_pu: float, dt_s: float) -> None:
        """Let a load [pu] act for `dt_s` [s]."""
        if load_pu > 1.0 + 1e-9:
            self.wear = min(self.wear + dt_s / self.carried_s(load_pu), 1.0)
        elif self.wear > 0.0:
            self.wear = max(self.wear - dt_s / _RECOVERS_S, 0.0)
