"""How often a device is operated: so much an hour, and not more.

The operation path keeps a stamp of every operation that counts, by equipment, and shows how many
are left of the last hour (`Case.recent`). Openings are never bounded: they end hazards.

What is counted outlives the daemon, for a breaker that a restart lets close twenty times more is
worn all the same: a worker keeps the ages of the stamps with the time of day, and the shell gives
the next daemon what is left of them as its first mail. The device's own counters would say how
often it moved, but not when.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.case import CLOSE, TRANSFER
from daemon.model.commands import LaneMessage, Request
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.core.interlocks.case import Case
    from daemon.core.kept import Files
    from daemon.core.view import View

HOUR_NS: Final = 3600 * SECOND
COUNTED: Final = CLOSE | frozenset(TRANSFER) | {"start", "test"}
"""Actions that wear the device out."""
MOST: Final[Mapping[str, int]] = {
    "breaker": 20,
    "transfer_switch": 20,
    "generator": 10,
    "gas_turbine": 4,
}
"""Operations that count, within an hour, by nature. Source: own derivation; a breaker of class M2
and a starter stand this for as long as such an hour may last, a pump motor of a spring does not
stand more."""
KEEP: Final = "operated_keep"
"""Name of the function that workers know `keep` by."""
NAME: Final = "operated.json"
TOPIC: Final = "operated"


def recent(view: View, stamps: tuple[int, ...]) -> tuple[int, ...]:
    """Return the stamps of operations that are not an hour old yet [ns]."""
    return tuple(stamp for stamp in stamps if not view.passed(stamp + HOUR_NS))


def too_often(case: Case) -> bool:
    """It has been operated as often as it may be within an hour."""
    return case.recent >= MOST[case.item.nature]


def within_the_hour(
    view: View, operated: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Return the stamps of all devices that count by now, by equipment [ns].

    Those of the daemon before this one never come twice: a stamp names its operation.
    """
    names = {**view.facts.operated, **operated}
    found = {n: recent(view, _with_earlier(view, n, operated.get(n, ()))) for n in names}
    return {name: left for name, left in found.items() if left}


def _with_earlier(view: View, equipment: str, stamps: tuple[int, ...]) -> tuple[int, ...]:
    earlier = view.facts.operated.get(equipment, ())
    return tuple(sorted({*stamps, *earlier})) if earlier else stamps


def told(view: View, operated: Mapping[str, tuple[int, ...]]) -> Request:
    """Return the request to keep the stamps, as ages."""
    ages_s = {n: [view.elapsed_s(stamp) for stamp in stamps] for n, stamps in operated.items()}
    return Request(-1, KEEP, {"ages_s": ages_s})


def keep(files: Files, utc_ns: Callable[[], int], ages_s: Mapping[str, Sequence[float]]) -> None:
    """Keep the ages in place of what was kept before, with the time; done by a worker."""
    files.replace(NAME, json.dumps({"at_utc_ns": utc_ns(), "ages_s": ages_s}).encode())


def recalled(files: Files, sender: str, begun_ns: int, utc_ns: int) -> LaneMessage | None:
    """Return the stamps of the daemon before, as mail of `sender`; None where nothing was kept.

    A clock that went back in between makes nothing older. What cannot be read is as good as
    nothing.
    """
    try:
        content = files.read(NAME)
        if not content:
            return None
        kept = json.loads(content)
        away_ns = max(utc_ns - int(kept["at_utc_ns"]), 0)
        stamps = {
            str(name): [begun_ns - away_ns - ns(float(age_s)) for age_s in ages_s]
            for name, ages_s in kept["ages_s"].items()
        }
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,
    ):
        return None
    return LaneMessage(sender, TOPIC, stamps)
