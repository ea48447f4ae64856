"""Do the settings of one controller contradict each other?

Each stands within its own bounds and still the two make no sense together: a look that has to last
longer than it may, a charge at which storage lets go above the one at which it is called. Both are
named with their values; the place is the one that the file sets.

What depends on the equipment or the schemes of a site is asked in `timers`.

Source: the modules of `daemon/core` whose settings these are; steps by class of a set: ISO 8528-5,
a stricter class takes a smaller step.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.settings.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.core.step import Control


class Order(NamedTuple):
    """`upper` must not lie below `lower`, both settings as `block.key`, because."""

    upper: str
    lower: str
    because: str


ORDERS: Final = (
    Order(
        "outage.shallow_s",
        "outage.confirm_s",
        "a feed that still gives some voltage is not given up before one that gives none",
    ),
    Order(
        "outage.voltage_low_pu",
        "outage.shallow_pu",
        "voltage that is low and not lost lies between the two",
    ),
    Order(
        "black_start.verify_limit_s",
        "black_start.verify_s",
        "the look at the dead board would be given up before it has lasted long enough",
    ),
    Order(
        "main_tie_main.load.step_g1_pu",
        "main_tie_main.load.step_g2_pu",
        "a set of a stricter class takes a smaller step",
    ),
    Order(
        "main_tie_main.load.step_g2_pu",
        "main_tie_main.load.step_g3_pu",
        "a set of a stricter class takes a smaller step",
    ),
    Order(
        "choice.recall_pu",
        "choice.usable_pu",
        "a set that was sent away as not needed would be called back at once",
    ),
    Order(
        "start.empty_pu",
        "sharing.least_pu",
        "a set that leaves is led down to where it still counts as loaded",
    ),
    Order(
        "exercise.hold_s",
        "exercise.settle_s",
        "limits may be left for as long as the whole test",
    ),
    Order("exercise.end_s", "start.cool_s", "the cool-down of the set is part of it"),
    Order(
        "forming.start_pu",
        "forming.floor_pu",
        "storage would let go of the section as soon as it is called to hold it",
    ),
    Order(
        "forming.late_s",
        "forming.failed_s",
        "sets on their way are waited for no shorter than none",
    ),
    Order(
        "volatility.turbulent_pu",
        "volatility.intermediate_pu",
        "a load is intermediate before it is turbulent",
    ),
    Order(
        "shutdown.uncooled_s",
        "caps.uncooled_after_s",
        "rows without coolant are capped before they are shut down",
    ),
    Order("peaks.fresh_s", "peaks.plan_s", "a plan would be too old before the next is made"),
    Order(
        "storage.target_pu",
        "storage.restart_pu",
        "refilling would begin above the charge at which it ends",
    ),
    Order(
        "storage.restart_pu",
        "storage.floor_pu",
        "what helped down to its floor would never be refilled",
    ),
    Order(
        "compensation.noticed_room_pu",
        "compensation.flicker_pu",
        "where flicker is noticed, more is left to the device and not less",
    ),
    Order(
        "arbitration.refresh_s",
        "arbitration.least_s",
        "a set-point would have to be repeated before it may be sent again",
    ),
    Order(
        "arbitration.correct_s",
        "arbitration.least_s",
        "a set-point would have to be corrected before it may be sent again",
    ),
)
_PARTS: Final = ("peaks.reserve_pu", "peaks.smoothing_pu")
_ROUNDING: Final = 1e-9


def check_limits(control: Control, written: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the settings that contradict another one, whatever the plant.

    Args:
        control: settings of the controllers, defaults included.
        written: the `control:` block as it stands in the file.
    """
    for upper, lower, because in ORDERS:
        high, low = _value(control, upper), _value(control, lower)
        if high >= low - _ROUNDING:
            continue
        unit, below = (" s", "shorter than") if upper.endswith("_s") else ("", "below")
        text = f"{upper} ({high:g}{unit}) is {below} {lower} ({low:g}{unit}): {because}"
        if is_written(upper, written) or not is_written(lower, written):
            yield Finding(("control", *upper.split(".")), text, f"from {low:g}")
        else:
            yield Finding(("control", *lower.split(".")), text, f"up to {high:g}")
    yield from _check_kept(control, written)


def _check_kept(control: Control, written: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield parts of a charge that are kept for two purposes and together are more than all."""
    one, other = (_value(control, name) for name in _PARTS)
    if one + other > 1.0 + _ROUNDING:
        place, rest = (_PARTS[0], other) if is_written(_PARTS[0], written) else (_PARTS[1], one)
        text = (
            f"{_PARTS[0]} ({one:g}) and {_PARTS[1]} ({other:g}) together are more than the whole "
            "charge: none is left for peaks"
        )
        yield Finding(("control", *place.split(".")), text, f"up to {1 - rest:g}")


def is_written(name: str, written: Mapping[str, Any]) -> bool:
    """Return whether a setting, `block.key`, stands in the file and is no default."""
    here: Any = written
    for part in name.split("."):
        if not isinstance(here, dict) or part not in here:
            return False
        here = here[part]
    return True


def _value(control: Control, name: str) -> float:
    return float(reduce(getattr, name.split("."), control))  # type: ignore[arg-type]
