"""What a row is asked about, and what it answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.interlocks.drawn import schemes_by_member
from daemon.core.topology import Presence
from daemon.model.natures import Position

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.commands import Proposal
    from daemon.model.plant import Equipment, MainTieMainScheme

CLOSE: Final = frozenset({"close", "close_in_sync"})
TRANSFER: Final = {"to_source_1": 0, "to_source_2": 1}


@dataclass(frozen=True, slots=True)
class Case:
    """One action before the interlocks.

    Attributes:
        view: the plant now.
        wish: the action proposed.
        under_way: action outstanding by equipment.
        by_person: whether a person asked for it.
        bypassed: rows that the approved selection of a person sets aside; only those count that
            are `bypassable`.
        recent: how often it was operated within the last hour, see `daemon.core.interlocks.wear`.
    """

    view: View
    wish: Proposal
    under_way: Mapping[str, str]
    by_person: bool
    bypassed: frozenset[str] = frozenset()
    recent: int = 0

    @property
    def item(self) -> Equipment:
        """Return the equipment concerned."""
        return self.view.site.equipment[self.wish.equipment]

    @property
    def sides(self) -> tuple[str, str]:
        """Return the buses on both sides of a breaker; of a source twice its own."""
        return self.item.buses[0], self.item.buses[-1]

    def not_known(self, name: str, wanted: bool, equipment: str = "") -> bool:
        """Return whether a status that is served is not known to be `wanted`."""
        equipment = equipment or self.item.id
        return self.serves(name, equipment) and self.view.status(equipment, name) is not wanted

    def serves(self, name: str, equipment: str = "") -> bool:
        """Return whether a point is served at all."""
        return self.view.points.find(equipment or self.item.id, name) is not None

    def presences(self) -> tuple[Presence, ...]:
        """Return what is known of the voltage on both sides of a breaker."""
        return tuple(self.view.topology.presence[bus] for bus in self.sides)

    def scheme(self) -> MainTieMainScheme | None:
        """Return the main-tie-main scheme the equipment belongs to."""
        return schemes_by_member(self.view.site, self.view.points).get(self.item.id)

    def may_be_closed(self, equipment: str) -> bool:
        """Return whether a switch is or may be closed, or is about to be."""
        closing = self.under_way.get(equipment) in CLOSE
        return closing or self.view.position(equipment) is not Position.OPEN


CARRIES_PU: Final = 0.01
"""A breaker that shows open is not, if it carries more of its rated current than this. Source: own
derivation."""


def carries_though_open(view: View, breaker: str) -> bool:
    """Return whether a breaker shows open and carries current all the same."""
    if not view.is_open(breaker):
        return False
    carried_a = view.read(breaker, "current_a")
    rated_a = view.site.equipment[breaker].ratings["current_a"]
    return carried_a is not None and abs(carried_a) >= CARRIES_PU * rated_a


class Interlock(NamedTuple):
    """One row of the table.

    Attributes:
        name: what it is called in events, tests and the journal.
        natures: equipment that it looks at.
        actions: actions that it may forbid.
        forbids: whether it forbids this one.
        because: what stands in the way, and after the colon what a person can do about it.
        bypassable: a person may set it aside where a second one approves. Only rows that guard
            supply or wear are: never one that keeps sources apart, or voltage from a fault, from
            an earth, from people, or from a dead utility.
        person: it refuses until somebody has been there, so that it is of no use to wait.
    """

    name: str
    natures: frozenset[str]
    actions: frozenset[str]
    forbids: Callable[[Case], bool]
    because: str
    bypassable: bool = False
    person: bool = False


class Verdict(NamedTuple):
    """Name of the row that refuses, "" when all let the action pass, and what it says of it."""

    refused_by: str
    text: str
