"""What people hold off: emergency power off, fire trip, maintenance tags.

**Emergency power off and fire trip** of a board hold for its scheme and for all that hangs behind
its mains: nothing there is closed, started or transferred, be it dead or not. Beyond the mains they
hold for the sources that can be joined to it without the utility, and their breakers; and for any
switch from which nothing that is known to be open keeps the voltage away. A panel that cannot be
read counts as struck for its own scheme, for a gas turbine, storage and converters; for the rest
its breakers tell, so that one silent panel does not keep a hall dark.

**A maintenance tag** (`daemon.core.tags`) holds for what it hangs on, and for the breakers at the
terminals of that. On a board it holds for its scheme, for every feeder that leaves it, and for
what would bring voltage to it from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.boards import boards, held_off, nearby
from daemon.core.feeding import Change, reach
from daemon.core.interlocks.drawn import source_buses, sources_breakers
from daemon.core.tags import bound_by
from daemon.model.natures import Role

if TYPE_CHECKING:
    from daemon.core.boards import Board
    from daemon.core.interlocks.case import Case

FLAG: Final = "emergency_off"
TAG: Final = "maintenance"
_TOLD_BY_OTHERS: Final = frozenset({"breaker", "transfer_switch", "ups", "smr"})
"""Natures beyond a scheme for which its breakers tell what a silent panel does not."""
_GIVE_TO_ONE_SIDE: Final = frozenset({Role.CONVERTER, Role.TRANSFER, Role.SOURCE, Role.STORAGE})
_AT_REST: Final = frozenset({"off", "standby", "fault"})


def emergency_off(case: Case) -> bool:
    """Emergency power off or fire trip stands at the device or at a board that it gives to."""
    scheme = case.scheme()
    if case.not_known(FLAG, False):
        return True
    if scheme is not None:
        return case.not_known(FLAG, False, scheme.controller)
    site, points = case.view.site, case.view.points
    every = boards(site, points)
    near = nearby(site, points).get(case.item.id, ())
    if case.item.nature not in _TOLD_BY_OTHERS:
        return any(case.not_known(FLAG, False, b.scheme.controller) for b in near or every)
    struck = [b for b in near or every if _struck(case, b)]
    source = case.item.kind.role is Role.SOURCE or case.item.id in sources_breakers(site, points)
    return any(source or case.item.id in b.behind for b in struck) or _gives(
        case, frozenset[str]().union(*(b.buses for b in struck))
    )


def _struck(case: Case, board: Board) -> bool:
    """Return whether emergency power off is known to stand, by the panel or else its breakers."""
    said = case.view.status(board.scheme.controller, FLAG)
    return held_off(case.view, board.scheme) if said is None else said


def under_maintenance(case: Case) -> bool:
    """A maintenance tag hangs on it, on its scheme, or where it would bring voltage; or may."""
    view, item, scheme = case.view, case.item, case.scheme()
    hung = view.facts.tags
    tagged = any(name in hung for name in bound_by(view.site, view.points)[item.id])
    if case.wish.action == "grid_following":  # from an island it makes room for a source that lasts
        return tagged and view.stage(item.id) in _AT_REST
    if tagged:
        return True
    if scheme is not None:
        return case.not_known(TAG, False, scheme.controller) or scheme.controller in hung
    near = nearby(view.site, view.points).get(item.id) or boards(view.site, view.points)
    own = frozenset[str]().union(*(b.own for b in near if _tagged(case, b)))
    feeder = item.kind.role is Role.SWITCH and not own.isdisjoint(item.buses)
    return feeder or _gives(case, own)


def _tagged(case: Case, board: Board) -> bool:
    """Return whether a tag is known to hang on a board."""
    controller = board.scheme.controller
    return controller in case.view.facts.tags or case.view.status(controller, TAG) is True


def _gives(case: Case, buses: frozenset[str]) -> bool:
    """Return whether an action may bring voltage to some buses, over what is not known open.

    A side that is dead gives none unless a source hangs there that may come.
    """
    view, item = case.view, case.item
    if not buses or item.kind.role not in {Role.SWITCH, *_GIVE_TO_ONE_SIDE}:
        return False
    apart = Change(cut=frozenset({item.id}))
    if item.kind.role in _GIVE_TO_ONE_SIDE:
        return not buses.isdisjoint(reach(view, item.buses[-1:], surely=False, change=apart))
    ends = [reach(view, [bus], surely=False, change=apart) for bus in case.sides]
    given = source_buses(view.site, view.points)
    return any(
        (not view.topology.dead(here) or not given.isdisjoint(from_here))
        and not buses.isdisjoint(beyond)
        for here, from_here, beyond in zip(case.sides, ends, reversed(ends), strict=True)
    )
