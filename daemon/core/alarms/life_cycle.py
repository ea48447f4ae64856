"""The life of one alarm, as ISA-18.2 and IEC 62682 draw it.

An alarm rests in A. When its condition has held for the on-delay it is annunciated (B) until a
person acknowledges it (C). When the condition has cleared for the off-delay, an acknowledged alarm
goes home and an unacknowledged one waits in D for a person to see that it was there. A latching
alarm stays (E, F) until it is reset, and it may be reset only after it has been acknowledged.

Three states take an alarm out of the operator's list while its condition is still followed: G,
shelved by a person for a limited time; H, suppressed by design because its cause is already
shown; I, out of service under a tag. I outranks H and H outranks G. Whatever leaves them with the
condition standing comes back unacknowledged, so nothing is forgotten by being hidden.

Waits: only G ends by time (its shelf time). B, D, E and F wait for a person, by intent.

Every pair of state and event stands either in `TRANSITIONS` or in `REFUSALS`, where the refusal
has a name.

Source: ISA-18.2-2016 and IEC 62682 state diagram.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stage(Enum):
    """State of an alarm by its letter in the standard's diagram."""

    NORMAL = "A"
    UNACKNOWLEDGED = "B"
    ACKNOWLEDGED = "C"
    RETURNED = "D"
    """Returned to normal, unacknowledged."""
    LATCHED_UNACKNOWLEDGED = "E"
    LATCHED_ACKNOWLEDGED = "F"
    SHELVED = "G"
    SUPPRESSED = "H"
    """Suppressed by design."""
    OUT_OF_SERVICE = "I"


class Event(Enum):
    """What can happen to an alarm."""

    RAISE = "condition true for the on-delay"
    CLEAR = "condition clear for the off-delay, not latching"
    CLEAR_LATCHING = "condition clear for the off-delay, latching"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset, condition clear"
    REALARM = "re-alarm timer or escalation"
    SHELVE = "shelve"
    UNSHELVE_INACTIVE = "shelf time over or unshelved, condition clear"
    UNSHELVE_ACTIVE = "shelf time over or unshelved, condition true"
    SUPPRESS = "suppression logic true"
    RELEASE_INACTIVE = "suppression logic false, condition clear"
    RELEASE_ACTIVE = "suppression logic false, condition true"
    TAKE_OUT = "out of service"
    RETURN_INACTIVE = "return to service, condition clear"
    RETURN_ACTIVE = "return to service, condition true"


ANNUNCIATED: Final = frozenset({Stage.UNACKNOWLEDGED, Stage.ACKNOWLEDGED})
"""Shown to the operator as standing."""
HIDDEN: Final = frozenset({Stage.SHELVED, Stage.SUPPRESSED, Stage.OUT_OF_SERVICE})
UNSEEN: Final = frozenset({Stage.UNACKNOWLEDGED, Stage.RETURNED, Stage.LATCHED_UNACKNOWLEDGED})
"""Waiting for an acknowledgement."""

A, B, C = Stage.NORMAL, Stage.UNACKNOWLEDGED, Stage.ACKNOWLEDGED
D, E, F = Stage.RETURNED, Stage.LATCHED_UNACKNOWLEDGED, Stage.LATCHED_ACKNOWLEDGED
G, H, I = Stage.SHELVED, Stage.SUPPRESSED, Stage.OUT_OF_SERVICE  # noqa: E741 - its letter

_VISIBLE: Final = (A, B, C, D, E, F)

TRANSITIONS: Final[Mapping[tuple[Stage, Event], Stage]] = MappingProxyType(
    {
        (A, Event.RAISE): B,
        (B, Event.ACKNOWLEDGE): C,
        (B, Event.CLEAR): D,
        (B, Event.CLEAR_LATCHING): E,
        (C, Event.CLEAR): A,
        (C, Event.CLEAR_LATCHING): F,
        (C, Event.REALARM): B,
        (D, Event.ACKNOWLEDGE): A,
        (D, Event.RAISE): B,
        (E, Event.ACKNOWLEDGE): F,
        (E, Event.RAISE): B,
        (F, Event.RESET): A,
        (F, Event.RAISE): B,
        (G, Event.UNSHELVE_INACTIVE): A,
        (G, Event.UNSHELVE_ACTIVE): B,
        (G, Event.SUPPRESS): H,
        (G, Event.TAKE_OUT): I,
        (H, Event.RELEASE_INACTIVE): A,
        (H, Event.RELEASE_ACTIVE): B,
        (H, Event.TAKE_OUT): I,
        (I, Event.RETURN_INACTIVE): A,
        (I, Event.RETURN_ACTIVE): B,
        **{(stage, Event.SHELVE): G for stage in _VISIBLE},
        **{(stage, Event.SUPPRESS): H for stage in _VISIBLE},
        **{(stage, Event.TAKE_OUT): I for stage in _VISIBLE},
        # Out of sight the condition is still followed: the record changes, the letter does not.
        **{
            (stage, event): stage
            for stage in (G, H, I)
            for event in (Event.RAISE, Event.CLEAR, Event.CLEAR_LATCHING)
        },
    }
)

_REFUSED: Final[Mapping[Event, Mapping[Stage, str]]] = {
    Event.RAISE: dict.fromkeys((B, C), "already_active"),
    Event.CLEAR: {A: "not_active", D: "not_active", E: "latched", F: "latched"},
    Event.CLEAR_LATCHING: {A: "not_active", D: "not_latching", E: "latched", F: "latched"},
    Event.ACKNOWLEDGE: {
        A: "nothing_to_acknowledge",
        C: "already_acknowledged",
        F: "already_acknowledged",
        G: "shelved",
        H: "suppressed_by_design",
        I: "out_of_service",
    },
    Event.RESET: {
        A: "not_latched",
        B: "still_active",
        C: "still_active",
        D: "not_latched",
        E: "acknowledge_first",
        G: "shelved",
        H: "suppressed_by_design",
        I: "out_of_service",
    },
    Event.REALARM: {
        A: "not_active",
        B: "already_unacknowledged",
        D: "not_active",
        E: "not_active",
        F: "not_active",
        G: "shelved",
        H: "suppressed_by_design",
        I: "out_of_service",
    },
    Event.SHELVE: {G: "already_shelved", H: "suppressed_by_design", I: "out_of_service"},
    Event.UNSHELVE_INACTIVE: dict.fromkeys((*_VISIBLE, H, I), "not_shelved"),
    Event.UNSHELVE_ACTIVE: dict.fromkeys((*_VISIBLE, H, I), "not_shelved"),
    Event.SUPPRESS: {H: "already_suppressed", I: "out_of_service"},
    Event.RELEASE_INACTIVE: dict.fromkeys((*_VISIBLE, G, I), "not_suppressed"),
    Event.RELEASE_ACTIVE: dict.fromkeys((*_VISIBLE, G, I), "not_suppressed"),
    Event.TAKE_OUT: {I: "already_out_of_service"},
    Event.RETURN_INACTIVE: dict.fromkeys((*_VISIBLE, G, H), "in_service"),
    Event.RETURN_ACTIVE: dict.fromkeys((*_VISIBLE, G, H), "in_service"),
}

REFUSALS: Final[Mapping[tuple[Stage, Event], str]] = MappingProxyType(
    {(stage, event): name for event, by in _REFUSED.items() for stage, name in by.items()}
)
"""Why a pair changes nothing, by a stable name."""


def follow(stage: Stage, event: Event) -> Stage | str:
    """Return the stage that follows, or the name of the refusal."""
    follower = TRANSITIONS.get((stage, event))
    return REFUSALS[stage, event] if follower is None else follower
