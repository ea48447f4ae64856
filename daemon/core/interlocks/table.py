"""The table itself: every rule, in the order in which a person would want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks import (
    faults,
    held,
    joining,
    machines,
    storage,
    supply,
    switchover,
    ups,
    wear,
)
from daemon.core.interlocks.case import CLOSE, TRANSFER, Interlock
from daemon.core.topology import Presence
from daemon.model.natures import NATURES, Position

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

_BREAKER: Final = frozenset({"breaker"})
_TRANSFER: Final = frozenset({"transfer_switch"})
_SET: Final = frozenset({"generator"})
_TURBINE: Final = frozenset({"gas_turbine"})
_SMR: Final = frozenset({"smr"})
_STORAGE: Final = frozenset({"ess"})
_UPS: Final = frozenset({"ups"})
_HVDC: Final = frozenset({"hvdc"})

_PLAIN: Final = frozenset({"close"})
_SYNC: Final = frozenset({"close_in_sync"})
_OPEN: Final = frozenset({"open"})
_MOVE: Final = frozenset(TRANSFER)
_START: Final = frozenset({"start", "test"})
_STOP: Final = frozenset({"stop"})
_FORM: Final = frozenset({"grid_forming"})
_FOLLOW: Final = frozenset({"grid_following"})
_LEAVE: Final = frozenset({"open", "stop", "house_load", "grid_following"})
_TO_BYPASS: Final = frozenset({"to_bypass"})
_TO_INVERTER: Final = frozenset({"to_inverter"})
_TEST: Final = frozenset({"battery_test"})
_REJOIN: Final = frozenset({"rejoin"})
_TAP: Final = frozenset({"raise", "lower", "automatic"})

_COMMANDED: Final = frozenset(name for name, kind in NATURES.items() if kind.commands())
_SERVES: Final = (
    CLOSE | _MOVE | _START | _REJOIN | _FORM | _FOLLOW | _TO_BYPASS | _TO_INVERTER | _TEST | _TAP
)
"""All that puts a thing into service or moves it, and not to safety."""


def _position_unknown(case: Case) -> bool:
    return case.view.position(case.item.id) not in {Position.OPEN, Position.CLOSED}


INTERLOCKS: Final[tuple[Interlock, ...]] = (
    Interlock(
        "local", _BREAKER | _TRANSFER, CLOSE | _OPEN | _MOVE, lambda c: c.not_known("local", False),
        "the panel switch is on local (or cannot be read): set it to remote",
        person=True,
    ),
    Interlock(
        "emergency_off", _BREAKER | _TRANSFER | _SET | _TURBINE | _SMR | _STORAGE | _UPS | _HVDC,
        CLOSE | _MOVE | _START | _REJOIN | _FORM | _FOLLOW | _TO_BYPASS | _TO_INVERTER | _TEST,
        held.emergency_off,
        "emergency power off or fire trip stands (or cannot be read): reset it at its button",
        person=True,
    ),
    Interlock(
        "maintenance", _COMMANDED, _SERVES,
        held.under_maintenance,
        "a maintenance tag is on it, at its terminals or on its board (or cannot be read): take it "
        "off first",
        person=True,
    ),
    Interlock(
        "own_logic", _BREAKER | _SET | _TRANSFER | _STORAGE, CLOSE | _MOVE | _START | _FORM,
        machines.own_logic,
        "the device's own logic has the scheme (or cannot be read): wait until it is inhibited, or "
        "set its selector to manual",
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
        "faulted_bus", _BREAKER | _STORAGE, CLOSE | _FORM, faults.faulted_bus,
        "a relay, feeder, transformer or converter there tells of a fault: clear and reset it",
        person=True,
    ),
    Interlock(
        "earthed", _BREAKER, CLOSE, lambda c: Presence.EARTHED in c.presences(),
        "one side is earthed (or its earthing switch cannot be read): open the earthing switch",
        person=True,
    ),
    Interlock(
        "voltage_unknown", _BREAKER, CLOSE, lambda c: Presence.UNKNOWN in c.presences(),
        "the voltage of one side is not known, still decays (27R), or its measurements disagree: "
        "wait, or check them",
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
        "backfeed", _BREAKER | _STORAGE, CLOSE | _FORM, joining.backfeed,
        "it would feed a utility that is dead: open the intake first",
    ),
    Interlock(
        "closing_nearby", _BREAKER | _STORAGE, CLOSE | _FORM, joining.closing_nearby,
        "another switch is closing onto the same dead bus: wait for it",
    ),
    Interlock(
        "machine_at_rest", _BREAKER, _PLAIN, machines.at_rest,
        "the machine behind it does not run, and would be turned by the bus: start it first",
    ),
    Interlock(
        "no_neutral", _BREAKER, _PLAIN, machines.no_neutral,
        "the machine's neutral is not earthed (or cannot be read), its island would have no earth: "
        "close its neutral contactor",
    ),
    Interlock(
        "second_neutral", _BREAKER, _SYNC, machines.second_neutral,
        "two neutrals of the island are earthed: wait for the hand-over, or open one contactor",
    ),
    Interlock(
        "second_dead_bus_close", _BREAKER, _PLAIN, joining.second_dead_bus_close,
        "another set is closed or closing onto this bus: use close_in_sync once the bus is live",
    ),
    Interlock(
        "third_of_three", _BREAKER, _PLAIN, joining.third_of_three,
        "both others of two mains (or two generator feeders) and the tie are closed: open one, or "
        "use close_in_sync",
    ),
    Interlock(
        "mains_and_generators", _BREAKER, _PLAIN, joining.mains_and_generators,
        "main and generator feeder of a section exclude each other: open the other first",
    ),
    Interlock(
        "endless_overlap", _BREAKER, _SYNC, joining.endless_overlap,
        "nobody would end the overlap: open the other first, or set the scheme to auto and restore "
        "the positions that it cannot read; or let the overlap end that is under way; or, where "
        "nothing known feeds what is live, find the breaker that shows open and is not",
    ),
    Interlock(
        "low_voltage_parallel", _BREAKER, CLOSE, joining.low_voltage_parallel,
        "transformers are never paralleled at low voltage: open one of them first",
    ),
    Interlock(
        "last_feed", _BREAKER | _TRANSFER | _TURBINE | _SMR | _STORAGE | _HVDC, _LEAVE,
        supply.last_feed,
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
        "out_of_phase", _TRANSFER, _MOVE, switchover.out_of_phase,
        "its sources are not in synchronism (or that cannot be read): wait until they are",
    ),
    Interlock(
        "not_auto", _SET | _TRANSFER, _START | _STOP | _MOVE | _OPEN, machines.not_auto,
        "its selector is not on auto (or cannot be read): set it to auto",
    ),
    Interlock(
        "not_available", _SET | _TURBINE, _START, lambda c: c.not_known("available", True),
        "it reports that it cannot be started (or cannot be read): look at its panel",
    ),
    Interlock(
        "started_on_bus", _SET | _TURBINE, _START, machines.started_on_bus,
        "its breaker is or may be closed, and the bus is not its own: open the breaker first",
    ),
    Interlock(
        "stopped_on_bus", _SET | _TURBINE, _STOP, machines.on_bus,
        "its breaker is or may be closed: unload and open it first",
    ),
    Interlock(
        "second_reference", _STORAGE, _FORM, storage.second_reference,
        "its bus is not known to be dead, and an island has one reference: open what feeds it",
    ),
    Interlock(
        "storage_empty", _STORAGE, _FORM, storage.empty,
        "its charge is too low to hold an island (or cannot be read): charge it first",
    ),
    Interlock(
        "on_maintenance", _UPS, _TO_BYPASS | _TO_INVERTER, ups.on_maintenance,
        "it is on its maintenance bypass (or cannot be read): give it back at its panel",
    ),
    Interlock(
        "ups_fault", _UPS, _TO_INVERTER, ups.faulty,
        "its inverter has a fault: look at its panel and reset it",
    ),
    Interlock(
        "ups_overload", _UPS, _TO_INVERTER, ups.overloaded,
        "its load is above the rating of the inverter (or cannot be read): shed load first",
    ),
    Interlock(
        "bypass_not_ready", _UPS, _TO_BYPASS, ups.bypass_not_ready,
        "its bypass is dead, out of range or out of phase (or cannot be read): wait",
    ),
    Interlock(
        "not_testable", _UPS, _TEST, ups.not_testable,
        "it is not on a utility with its store charged (or cannot be read): test it later",
    ),
    Interlock(
        "partner_not_normal", _UPS, _TO_BYPASS | _TEST, ups.partner_not_normal,
        "another UPS of the same critical loads is not on its inverter (or cannot be read): bring "
        "that back first",
        bypassable=True,
    ),
    Interlock(
        "overload", _BREAKER | _TRANSFER | _STORAGE, _PLAIN | _MOVE | _FORM, supply.overload,
        "what hangs there may draw more than the sources can give: cap or open load first, or "
        "bring more sources",
        bypassable=True,
    ),
    Interlock(
        "too_often", _BREAKER | _TRANSFER | _SET | _TURBINE, CLOSE | _MOVE | _START,
        wear.too_often,
        "it has been operated as often as it may be within an hour: let it rest and look at it",
        bypassable=True,
    ),
)  # fmt: skip
