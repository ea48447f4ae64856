"""The table itself: every rule, in the order in which a person would want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks import faults, feeding, joining, sets, switchover
from daemon.core.interlocks.case import CLOSE, TRANSFER, Interlock
from daemon.core.topology import Presence
from daemon.model.natures import Position

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

_BREAKER: Final = frozenset({"breaker"})
_TRANSFER: Final = frozenset({"transfer_switch"})
_SET: Final = frozenset({"generator"})
_PLAIN: Final = frozenset({"close"})
_SYNC: Final = frozenset({"close_in_sync"})
_OPEN: Final = frozenset({"open"})
_MOVE: Final = frozenset(TRANSFER)
_ANY: Final = CLOSE | _OPEN | _MOVE


def _position_unknown(case: Case) -> bool:
    return case.view.position(case.item.id) not in {Position.OPEN, Position.CLOSED}


INTERLOCKS: Final[tuple[Interlock, ...]] = (
    Interlock(
        "local", _BREAKER | _TRANSFER, _ANY, lambda c: c.not_known("local", False),
        "the panel switch is on local (or cannot be read): set it to remote",
        person=True,
    ),
    Interlock(
        "emergency_off", _BREAKER | _SET, CLOSE | {"start"}, sets.emergency_off,
        "emergency power off or fire trip stands (or cannot be read): reset it at its button",
        person=True,
    ),
    Interlock(
        "maintenance", _BREAKER | _SET, CLOSE | {"start"}, sets.under_maintenance,
        "a maintenance tag is on the scheme (or cannot be read): take it off first",
        person=True,
    ),
    Interlock(
        "position_unknown", _BREAKER, CLOSE, _position_unknown,
        "its position is travelling, contradictory or not good: restore the indication",
    ),
    Interlock(
        "racked_out", _BREAKER, CLOSE, lambda c: c.not_known("racked_in", True),
        "the truck is not in service position: rack it in",
        person=True,
    ),
    Interlock(
        "spring_not_charged", _BREAKER, CLOSE, lambda c: c.not_known("spring_charged", True),
        "the closing spring is not charged: wait, or charge it by hand",
    ),
    Interlock(
        "protection_trip", _BREAKER, CLOSE, faults.tripped,
        "it tripped on a fault, 86 or 50BF stands: find the fault and reset",
        person=True,
    ),
    Interlock(
        "faulted_bus", _BREAKER, CLOSE, faults.faulted_bus,
        "bus protection operated or a feeder of this bus tripped on a fault: clear and reset it",
        person=True,
    ),
    Interlock(
        "earthed", _BREAKER, CLOSE, lambda c: Presence.EARTHED in c.presences(),
        "one side is earthed (or its earthing switch cannot be read): open the earthing switch",
        person=True,
    ),
    Interlock(
        "voltage_unknown", _BREAKER, CLOSE, lambda c: Presence.UNKNOWN in c.presences(),
        "the voltage of one side is not known, or its measurements disagree: check them",
    ),
    Interlock(
        "second_storage_feeder", _BREAKER, CLOSE, joining.second_storage_feeder,
        "the storage is joined to the other section: open that feeder first",
    ),
    Interlock(
        "live_live", _BREAKER, _PLAIN, joining.live_live,
        "both sides are live: use close_in_sync",
    ),
    Interlock(
        "not_live_live", _BREAKER, _SYNC, lambda c: not joining.live_live(c),
        "one side is not live, there is nothing to synchronise with: use close",
    ),
    Interlock(
        "no_sync_check", _BREAKER, _SYNC, lambda c: c.view.read(c.item.id, "sync_25") is None,
        "it has no synchronism check (25) that can be read: transfer open",
    ),
    Interlock(
        "backfeed", _BREAKER, CLOSE, joining.backfeed,
        "it would feed a utility that is dead: open the intake first",
    ),
    Interlock(
        "closing_nearby", _BREAKER, CLOSE, joining.closing_nearby,
        "another switch is closing onto the same dead bus: wait for it",
    ),
    Interlock(
        "machine_at_rest", _BREAKER, _PLAIN, joining.machine_at_rest,
        "the machine behind it does not run, and would be turned by the bus: start it first",
    ),
    Interlock(
        "second_dead_bus_close", _BREAKER, _PLAIN, joining.second_dead_bus_close,
        "another set is closed or closing onto this bus: use close_in_sync once the bus is live",
    ),
    Interlock(
        "third_of_three", _BREAKER, _PLAIN, joining.third_of_three,
        "both others of two mains and the tie are closed: open one, or use close_in_sync",
    ),
    Interlock(
        "mains_and_generators", _BREAKER, _PLAIN, joining.mains_and_generators,
        "main and generator feeder of a section exclude each other: open the other first",
    ),
    Interlock(
        "low_voltage_parallel", _BREAKER, CLOSE, joining.low_voltage_parallel,
        "transformers are never paralleled at low voltage: open one of them first",
    ),
    Interlock(
        "last_feed", _BREAKER, _OPEN, feeding.last_feed,
        "it is the last feed of a critical load: transfer the load, or declare it shed",
        bypassable=True,
    ),
    Interlock(
        "target_not_live", _TRANSFER, _MOVE, switchover.target_not_live,
        "the source to go to is not known to be live: wait for it",
    ),
    Interlock(
        "faulted_load", _TRANSFER, _MOVE, lambda c: faults.fault_behind(c.view, c.item.id),
        "a fault stands behind it, or its feed tripped on one: clear and reset it",
    ),
    Interlock(
        "onto_island", _TRANSFER, _MOVE, switchover.onto_island,
        "its load side has a source of its own, or is unknown: open the breaker behind it first",
    ),
    Interlock(
        "set_not_auto", _SET, frozenset({"start", "stop"}), sets.not_auto,
        "the selector of the set is not on auto (or cannot be read): set it to auto",
    ),
    Interlock(
        "set_not_available", _SET, frozenset({"start"}),
        lambda c: c.not_known("available", True),
        "the set reports that it cannot be started: look at its panel",
    ),
    Interlock(
        "set_on_bus", _SET, frozenset({"stop"}), sets.on_bus,
        "the breaker of the set is or may be closed: unload and open it first",
    ),
)  # fmt: skip
