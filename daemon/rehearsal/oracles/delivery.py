"""Whether a limit of the contract was passed of late, by what the utilities truly gave.

Reckoned anew from the words of the contract, without the judges of the daemon: the import of the
last minutes on a fine grid, its spread within every window of a swing and of a minute, its lowest
value, and its mean over the time of a demand. Meters see a little more or less than is so, hence
`NEAR` of every limit is granted. While a fault acts on a meter of the delivery, on its gateway or
on the process, or has within the longest window, what the daemon saw is another thing than what was
so: then there is no answer. Nor is there one where the site names rule sets beside its contract.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from daemon.model.quantities import SECOND, ns
from daemon.rehearsal.oracles.timeline import Timeline
from device_emulators.selection import DAEMON

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.plant import Plant

NEAR: Final = 0.1
SHOWN_S: Final = 75.0
"""The alarm stands for a minute; what it rests on is seen and judged some seconds later [s]."""
MINUTE_S: Final = 60.0
GRID_S: Final = 0.02
CHANGE_W: Final = 1e3
"""What moves less is the same."""


class Delivery:
    """The import of one plant, and what the contract says of it."""

    def __init__(self, scene: Scene) -> None:
        """Begin to note the import whenever the plant has settled."""
        self._plant: Plant = scene.plant
        site = scene.plant.site
        self._contract = site.contract
        self._alone = not scene.site_file.control.compliance.rules
        self._utilities: list[Any] = [scene.plant.devices[e.id] for e in site.of_nature("utility")]
        feeds = {e.buses[0] for e in site.of_nature("utility")}
        meters = [e for e in site.of_nature("meter") if e.buses[0] in feeds]
        ways = [e.device.gateway for e in meters if e.device is not None]
        self._between = frozenset({DAEMON, *ways, *(e.id for e in meters)})
        self._timeline = Timeline.of(scene)
        self._kept_ns = ns(max(self._contract.demand_window_s, MINUTE_S) + SHOWN_S)
        self._seen: deque[tuple[int, float]] = deque()
        self._note()
        scene.plant.watchers.append(self._note)

    @classmethod
    def of(cls, scene: Scene) -> Delivery:
        """Return the one of a plant, which all who ask share."""
        there = (getattr(watch, "__self__", None) for watch in scene.plant.watchers)
        return next((one for one in there if isinstance(one, cls)), None) or cls(scene)

    def _note(self) -> None:
        import_w = -sum(one.quantity("power_w") for one in self._utilities)
        seen, now_ns = self._seen, self._plant.now_ns
        if seen and abs(import_w - seen[-1][1]) < CHANGE_W:
            return
        if seen and seen[-1][0] == now_ns:
            seen.pop()
        seen.append((now_ns, import_w))
        while len(seen) > 1 and seen[1][0] < now_ns - self._kept_ns:
            seen.popleft()

    def passed(self) -> bool | None:
        """Return whether a limit was passed within `SHOWN_S`; None where nobody can say."""
        now_ns, contract = self._plant.now_ns, self._contract
        if self._passed(now_ns):
            return True
        longest_ns = ns(SHOWN_S + max(MINUTE_S, contract.swing_window_s))
        if self._timeline.on(self._between, now_ns - longest_ns, now_ns):
            return None
        return False if self._alone else None

    def _passed(self, now_ns: int) -> bool:
        contract, allowed = self._contract, 1.0 - NEAR
        import_w = self._grid(now_ns, SHOWN_S + MINUTE_S)
        recent_w = self._grid(now_ns, SHOWN_S)
        return bool(
            _spread_w(import_w, contract.swing_window_s) > allowed * contract.swing_limit_w
            or _spread_w(import_w, MINUTE_S) > allowed * MINUTE_S * contract.ramp_limit_w_s
            or recent_w.min() < -contract.export_limit_w + CHANGE_W
            or self._demand_w(now_ns) > allowed * contract.import_limit_w
        )

    def _grid(self, now_ns: int, for_s: float) -> Any:  # noqa: ANN401 - an array
        """Return the import of the last while on an even grid (n,) [W]."""
        t_ns, power_w = (np.array(column) for column in zip(*self._seen, strict=True))
        begin_ns = max(int(t_ns[0]), now_ns - ns(for_s))
        at_ns = np.arange(begin_ns, now_ns + 1, ns(GRID_S))
        return power_w[np.searchsorted(t_ns, at_ns, side="right") - 1]

    def _demand_w(self, now_ns: int) -> float:
        """Return the highest mean over the time of a demand that ended of late [W]."""
        window_s = self._contract.demand_window_s
        if now_ns - self._seen[0][0] < ns(window_s):
            return 0.0
        import_w = self._grid(now_ns, window_s + SHOWN_S)
        drawn = np.concatenate(([0.0], np.cumsum(import_w))) * GRID_S
        n = round(window_s * SECOND / ns(GRID_S))
        return float((drawn[n:] - drawn[:-n]).max() / window_s) if len(drawn) > n else 0.0


def _spread_w(power_w: Any, window_s: float) -> float:  # noqa: ANN401 - an array
    """Return the largest difference within any window [W]."""
    n = round(window_s / GRID_S) + 1
    high = maximum_filter1d(power_w, n, mode="nearest")
    return float((high - minimum_filter1d(power_w, n, mode="nearest")).max())
