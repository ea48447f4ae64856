"""Where the time of a scan goes: how old what it reads is, estimating, deciding.

The core has no clock, so what times it stands around it: the step is called with an estimator that
is timed, and what the step took without that is deciding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core import step as core
from daemon.core.estimation import estimator
from daemon.model.quality import good_mask
from daemon.publishers.publisher import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

    Stepper = Callable[[core.State, core.Inputs, core.Params, core.Estimator], core.Step]

FAST: Final = "fast"


class Stopwatch:
    """Times the steps of both lanes.

    Attributes:
        spent: how long each stage took.
    """

    def __init__(self, now_ns: Callable[[], int], params: core.Params, step: Stepper) -> None:
        """Begin with nothing counted; `params` are those of any lane of the site."""
        self._now_ns = now_ns
        self._step = step
        self._fast = np.array(_fast(params.site, params.points), dtype=np.intp)
        self._poll, self._estimate, self._decide = Spread(), Spread(), Spread()
        self._estimated_ns = 0
        self.spent: Final = {
            "poll": self._poll, "estimate": self._estimate, "decide": self._decide,
        }  # fmt: skip

    def step(self, state: core.State, inputs: core.Inputs, params: core.Params) -> core.Step:
        """Step a lane."""
        begun_ns, self._estimated_ns = self._now_ns(), 0
        done = self._step(state, inputs, params, self._timed)
        self._decide.add(self._now_ns() - begun_ns - self._estimated_ns)
        return done

    def look(self, image: Image) -> None:
        """Count the age of the oldest good value that is read in the fast class."""
        good = self._fast[good_mask(image.quality[self._fast])]
        if len(good):
            self._poll.add(max(0, image.now_ns - int(image.source_ns[good].min())))

    def _timed(
        self,
        state: estimator.State,
        image: Image,
        topology: Topology,
        site: Site,
        points: PointTable,
        inbox: Sequence[Message],
    ) -> estimator.Scanned:
        begun_ns = self._now_ns()
        scanned = estimator.step(state, image, topology, site, points, inbox)
        self._estimated_ns = self._now_ns() - begun_ns
        self._estimate.add(self._estimated_ns)
        return scanned


def _fast(site: Site, points: PointTable) -> list[int]:
    """Return the values that are read in the fast class, most of them by a mirror."""
    fast_s = site.scan_s[FAST]
    return [p.index for p in points.points if p.period_s == fast_s and "r" in p.place.access]
