"""How often a device is operated: so much an hour, and not more.

The operation path keeps a stamp of every operation that counts, by equipment, and shows how many
are left of the last hour (`Case.recent`). Openings are never bounded: they end hazards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.case import CLOSE, TRANSFER
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.interlocks.case import Case
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


def recent(view: View, stamps: tuple[int, ...]) -> tuple[int, ...]:
    """Return the stamps of operations that are not an hour old yet [ns]."""
    return tuple(stamp for stamp in stamps if not view.passed(stamp + HOUR_NS))


def too_often(case: Case) -> bool:
    """It has been operated as often as it may be within an hour."""
    return case.recent >= MOST[case.item.nature]
