"""A board that sets feed, and its outgoing feeders, for one look at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.core.facts import Facts, Sets, Supply
from daemon.core.topology import survey
from daemon.core.transfer import opened, rows
from daemon.core.transfer.board import Params, Scan, SchemeState, SectionState, State
from daemon.core.transfer.section import Stage
from daemon.core.view import Heard, View
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import on_sets, outage

PARAMS = Params()
LOAD = PARAMS.load
HA, HB, QA, SA1 = "52-VCB-HA", "52-VCB-HB", "52-VCB-QA", "52-VCB-SA1"
OUTGOING = (QA, SA1, "52-VCB-SA2", HA, "52-VCB-QB", "52-VCB-SB1", "52-VCB-SB2", HB)
LOST = Facts(supply=Supply(outage=True), sets_released=False)


class Board:
    """A board on one set, and what its guards look at."""

    def __init__(self, number: int = 1, **facts: Any) -> None:
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        (on_sets if number else outage)(hall)
        hall.positions["52-VCB-GA"] = CLOSED if number else OPEN
        names = tuple(f"DG-{n}" for n in range(1, number + 1))
        for name in names:
            hall.positions[f"52-GCB-{name[-1]}"], hall.stages[name] = CLOSED, "loaded"
        sets = Sets(ready=names, on_bus=names, capability_w=number * 3.2e6)
        self.facts = replace(LOST, sets=sets, **facts)
        at = SectionState(Stage.ON_ALTERNATE, self.ago(50.0), "52-VCB-GA")
        self.state = SchemeState(
            (at, SectionState(Stage.AWAITING, self.ago(50.0))), sets_ns=self.ago(50.0)
        )
        self.caps: tuple[float, float] | None = None
        self.auto: bool | None = True
        self.limit_w: float | None = None
        self.load = LOAD
        self.before: dict[str, Any] | None = None

    def ago(self, seconds: float) -> int:
        return self.hall.now_ns - ns(seconds)

    def holds(self, **memory: Any) -> None:
        """Let the board remember."""
        self.state = replace(self.state, **memory)

    def scan(self) -> Scan:
        """Return what the guards see."""
        here, image = self.hall.params, self.hall.image()
        heard = {}
        if self.caps is not None:
            total_w, ago_s = self.caps
            heard["caps"] = Heard(self.ago(ago_s), {"rows_limit_w": total_w})
        if self.before is not None:
            heard[opened.TOPIC] = Heard(self.hall.now_ns, self.before)
        view = View(
            lane="switching",
            image=image,
            inbox=(),
            site=here.site,
            points=here.points,
            topology=survey(image, here.site, here.points),
            facts=self.facts,
            heard=heard,
            estimate=None,
            epoch=1,
            next_id=1,
        )
        (scheme,) = (s for s in here.site.schemes.values() if isinstance(s, MainTieMainScheme))
        capability_w = rows.capability_w(view, State({"CCTS-1": self.state}))
        limit_w = rows.limit_w(view, capability_w, PARAMS)
        limit_w = limit_w if self.limit_w is None else self.limit_w
        return Scan(view, scheme, self.state, PARAMS, {}, self.auto, False, capability_w, limit_w)


def replace_pending(sets: Sets, pending: tuple[str, ...]) -> Sets:
    return replace(sets, pending=pending)
