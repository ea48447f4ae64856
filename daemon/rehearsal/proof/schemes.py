"""The schemes of a site, cut to parts of a size that can be searched through.

A part has few breakers and few sources. What lies beyond it is a neighbour, free to do whatever
its own part of the proof has shown that it may do. The one-line diagram of the site is kept as
drawn; what is between a part and the source of a neighbour is taken as a fixed connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.rehearsal.proof import intake, mains, sets
from daemon.rehearsal.proof.mind import Mind

if TYPE_CHECKING:
    from daemon.core.step import Control
    from daemon.model.plant import Site
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
    """

    name: str
    board: Switchgear
    mind: Mind
    picture: Camera
    bound_ms: int


def _mains(site: Site, control: Control, scheme: MainTieMainScheme) -> Part:
    small = mains.cut(site, scheme)
    board = mains.board(small, scheme)
    mind = Mind(small, control, ("outage", "main_tie_main"))
    picture = mains.MainsCamera(small, scheme, board, mind)
    return Part(f"{scheme.id}/mains", board, mind, picture, MAINS_BOUND_MS)


def _sets(site: Site, control: Control, scheme: MainTieMainScheme) -> Part:
    small = sets.cut(site, scheme)
    board = sets.board(small, scheme)
    mind = Mind(small, control, ("start",))
    picture = sets.SetsCamera(small, scheme, board, mind)
    return Part(f"{scheme.id}/sets", board, mind, picture, SETS_BOUND_MS)


def _intake(site: Site, control: Control, scheme: IntakeScheme) -> Part:
    small = intake.cut(site, scheme)
    board = intake.board(small, scheme, control)
    mind = Mind(small, control, ("outage", "intake"))
    picture = intake.IntakeCamera(small, scheme, board, mind)
    return Part(scheme.id, board, mind, picture, INTAKE_BOUND_MS)


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
    found = []
    for drawn in site.schemes.values():
        if isinstance(drawn, IntakeScheme) and drawn.authority == "daemon":
            found.append(_intake(site, control, drawn))
        elif isinstance(drawn, MainTieMainScheme) and drawn.authority == "daemon":
            found += [make(site, control, drawn) for make in _PARTS]
    return [p for p in found if not scheme or scheme in {p.name, p.name.partition("/")[0]}]
