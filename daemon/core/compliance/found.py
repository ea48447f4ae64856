"""What an evaluator says of its limit, before it is known in which rule set that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from daemon.core.compliance.worst import Worst


class Found(NamedTuple):
    """The parts of a verdict that an evaluator knows; times in [ns], see `model.compliance`."""

    ok: bool | None
    value: float | None
    limit: float | None
    unit: str
    at_ns: int | None = None
    first_ns: int | None = None
    times: int = 0
    at_least: bool = False
    detail: str = ""


def open_(limit: float | None, unit: str, why: str) -> Found:
    """Return that a limit cannot be judged, and why."""
    return Found(None, None, limit, unit, detail=why)


def judged(worst: Worst, limit: float, unit: str, detail: str = "") -> Found:
    """Return the verdict on the worst of figures that should be small."""
    if worst.value is None:
        return open_(limit, unit, detail or "nothing was seen yet")
    ok = worst.first_ns is None
    return Found(
        ok, worst.value, limit, unit, worst.at_ns, worst.first_ns, worst.count, detail=detail
    )
