"""What happened, as values: the core never logs, it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened or was decided.

    Attributes:
        at_ns: monotonic time of the scan that saw it [ns].
        source: equipment, scheme or controller it is about.
        name: stable name in snake case, e.g. "stage", "outage_detected", "command_refused".
        text: one line for a person, naming objects as drawn.
        fields: plain values for machines.
    """

    at_ns: int
    source: str
    name: str
    text: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlarmTransition:
    """One step in the life of an alarm (IEC 62682), ready to be published.

    Attributes:
        at_ns: monotonic time [ns].
        utc_ns: wall clock [ns].
        alarm_id: `<class>:<equipment>` as in `config/alarms/`.
        occurrence: number of this occurrence; acknowledgement names it.
        state: letter A-I of the life cycle in `daemon.core.alarms`.
        priority: 1 (highest) to 4.
        alarm_class: key of the entry in `config/alarms/`.
        source: equipment.
        point: point id that raised it, or "".
        value: value at the transition.
        limit: limit it was judged by.
        unit: unit of both.
        quality: quality of the value.
        active: whether the condition holds.
        acknowledged: whether a person has seen it.
        text: one line for people.
        response: what to do.
        group: alarms that have one cause, or "".
        first_out: whether it was the first of its group to come.
        user: who acknowledged, reset or shelved, in the transition that did; else "".
        comment: what they said.
    """

    at_ns: int
    utc_ns: int
    alarm_id: str
    occurrence: int
    state: str
    priority: int
    alarm_class: str
    source: str
    point: str
    value: float
    limit: float
    unit: str
    quality: int
    active: bool
    acknowledged: bool
    text: str
    response: str
    group: str = ""
    first_out: bool = False
    user: str = ""
    comment: str = ""
