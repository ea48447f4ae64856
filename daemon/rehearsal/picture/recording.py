"""What was recorded of a run, as plain values; all times are scenario time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity over time; it holds each value until the next.

    Attributes:
        pane: key of the pane it is drawn in, see `subjects.PANES`.
        label: what it is called.
        kind: what sort of thing it is of, which decides its colour.
        times_s: times [s], rising.
        values: in the unit of the pane.
    """

    pane: str
    label: str
    kind: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which something was so.

    Attributes:
        from_s: begin [s].
        to_s: end [s].
        state: what it was.
    """

    from_s: float
    to_s: float
    state: str


@dataclass(frozen=True, slots=True)
class Band:
    """The states of something over time, without a gap.

    Attributes:
        group: key of the group it stands in, see `subjects.GROUPS`.
        label: what it is called.
        spans: in order.
    """

    group: str
    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, was said or was commanded.

    Attributes:
        at_s: when [s].
        kind: "plant", "daemon", "command", "set-point" or "alarm".
        source: what it is about.
        text: one line for a person.
        priority: of an alarm, 1 (highest) to 4; else 0.
        active: an alarm came, as opposed to went; True for everything else.
    """

    at_s: float
    kind: str
    source: str
    text: str
    priority: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that the scenario did.

    Attributes:
        at_s: when [s].
        until_s: when it ended, for what lasts until it is undone [s]; else None.
        target: to what.
        event: what.
        details: its values, "" if it has none.
    """

    at_s: float
    until_s: float | None
    target: str
    event: str
    details: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that is drawn of a run.

    Attributes:
        for_s: scenario time that was played [s].
        began_utc_ns: wall clock of the run at scenario time 0 [ns since 1970].
        lines: quantities.
        bands: states.
        cuts: interruptions by critical load; loads without one are left out.
        loads_count: critical loads of the site.
        disturbances: what the scenario did, in order.
        entries: what happened, in order.
        dropped: how many entries of a kind were too many to keep.
        not_drawn: how many more quantities a pane would have had.
        efficiency: chains of conversion and PUE as means of the run, as plain values.
    """

    for_s: float
    began_utc_ns: int
    lines: tuple[Line, ...]
    bands: tuple[Band, ...]
    cuts: tuple[Band, ...]
    loads_count: int
    disturbances: tuple[Disturbance, ...]
    entries: tuple[Entry, ...]
    dropped: dict[str, int]
    not_drawn: dict[str, int]
    efficiency: Mapping[str, Any]
