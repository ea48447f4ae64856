"""Which lane an actuator belongs to: every one has exactly one owner.

The lanes number their commands apart and know nothing of what the other has under way, so a device
is commanded by one of them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.commands import TAG

if TYPE_CHECKING:
    from daemon.model.commands import Proposal
    from daemon.model.plant import Site

MAIN_NATURES: Final = frozenset(
    {
        "ai_rack",
        "chiller",
        "ess",
        "hvdc",
        "it_rack",
        "pump",
        "pv",
        "rack_row",
        "rectifier",
        "statcom",
        "transformer",
    }
)
"""What the main lane commands, beside all set-points."""


def lane_of(site: Site, proposal: Proposal) -> str:
    """Return the lane that a person's request has to reach.

    Tags are the switching lane's, whatever they hang on: both lanes heed them, one has them.
    """
    if proposal.point == TAG:
        return "switching"
    item = site.equipment.get(proposal.equipment)
    if proposal.point not in {"command", "scheme"} or (item and item.nature in MAIN_NATURES):
        return "main"
    return "switching"
