"""The schemes of a site, cut to parts of a size that can be searched through.

A part has few breakers and few sources. What lies beyond it is a neighbour, free to do whatever
its own part of the proof has shown that it may do. The one-line diagram of the site is kept as
drawn; what is between a part and the source of a neighbour is taken as a fixed connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.rehearsal.proof import intake, mains, sets
from daemon.rehearsal.proof.mind import Mind
from daemon.rehearsal.proof.moves import Course, Move

if TYPE_CHECKING:
    from daemon.core.step import Control
    from daemon.model.plant import Site
    from daemon.rehearsal.proof.explore import Search
    from daemon.rehearsal.proof.picture import Camera
    from daemon.rehearsal.proof.switchgear import Switchgear


class Part(NamedTuple):
    """A scheme or a piece of one, ready to be searched.

    Attributes:
        name: scheme and piece.
        board: its plant.
        mind: the controllers that decide it.
        picture: what they see of the plant.
        bound_ms: a critical bus that could be fed is fed within this [ms].
        first: first stage of each automaton, by its name in events.
        course: returns their stages, in that order, from the states of the controllers.
    """

    name: str
    board: Switchgear
    mind: Mind
    picture: Camera
    bound_ms: int
    first: Mapping[str, str]
    course: Callable[[Mapping[str, Any]], Course]

    def moves(self, search: Search) -> frozenset[Move]:
        """Return which stages followed which in a search; a daemon that starts anew makes none."""
        states = self.mind.memory
        pairs = {(self.course(states(a)[0]), self.course(states(b)[0])) for a, b in search.moves}
        return frozenset((a, b) for a, b in pairs if a != b)


def _mains(site: Site, control: Control, scheme: MainTieMainScheme) -> Part:
    small = mains.cut(site, scheme)
    board = mains.board(small, scheme)
    mind = Mind(small, control, ("outage", "main_tie_main"))
    picture = mains.MainsCamera(small, scheme, board, mind)
    first = {scheme.intake: "joined", **{s.bus: "unjudged" for s in scheme.sections}}

    def course(states: Mapping[str, Any]) -> Course:
        at = states["main_tie_main"].schemes[scheme.id]
        stages = (at.intake, *(section.stage for section in at.sections))
        return tuple(stage.name.lower() for stage in stages)

    name = f"{scheme.id}/mains"
    return Part(name, board, mind, picture, MAINS_BOUND_MS, first, course)


def _sets(site: Site, control: Control, scheme: MainTieMainScheme) -> Part:
    small = sets.cut(site, scheme)
    board = sets.board(small, scheme)
    mind = Mind(small, control, ("start",))
    picture = sets.SetsCamera(small, scheme, board, mind)
    names = [source.name for source in board.sources]

    def course(states: Mapping[str, Any]) -> Course:
        return tuple(states["start"].sets[name].stage.name.lower() for name in names)

    first = dict.fromkeys(names, "at_rest")
    return Part(f"{scheme.id}/sets", board, mind, picture, SETS_BOUND_MS, first, course)


def _intake(site: Site, control: Control, scheme: IntakeScheme) -> Part:
    small = intake.cut(site, scheme)
    board = intake.board(small, scheme, control)
    mind = Mind(small, control, ("outage", "intake"))
    picture = intake.IntakeCamera(small, scheme, board, mind)

    def course(states: Mapping[str, Any]) -> Course:
        return (states["intake"].schemes[scheme.id].stage.name.lower(),)

    first = {scheme.id: "unjudged"}
    return Part(scheme.id, board, mind, picture, INTAKE_BOUND_MS, first, course)


MAINS_BOUND_MS: Final = 180_000
SETS_BOUND_MS: Final = 60_000
INTAKE_BOUND_MS: Final = 10_000
_PARTS: Final[tuple[Callable[[Site, Control, MainTieMainScheme], Part], ...]] = (_mains, _sets)


def parts(site: Site, control: Control, scheme: str = "") -> list[Part]:
    """Return the parts of the schemes that the daemon decides, or of one.

    Args:
        site: the plant as drawn.
        control: settings of its controllers.
        scheme: id of a scheme, or id and piece; all without it.
    """
    # Who may ask is proven elsewhere: here a person may ask for anything, and need nobody else.
    control = replace(control, operation=replace(control.operation, second_approver=()))
    found = []
    for drawn in site.schemes.values():
        if isinstance(drawn, IntakeScheme) and drawn.authority == "daemon":
            found.append(_intake(site, control, drawn))
        elif isinstance(drawn, MainTieMainScheme) and drawn.authority == "daemon":
            found += [make(site, control, drawn) for make in _PARTS]
    return [p for p in found if not scheme or scheme in {p.name, p.name.partition("/")[0]}]
