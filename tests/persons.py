"""Two persons who switch by hand: one selects and operates, the other approves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.model.commands import Approval, Operation, Proposal, Selection

if TYPE_CHECKING:
    from daemon.model.commands import Order


def by_hand(id: str, equipment: str, action: str) -> tuple[Order, ...]:
    """Return all that is said for one action; an approval that nobody asked for is refused."""
    wish = Proposal(equipment, "command", action, 0.0, "maria", "by hand")
    return Selection(id, "maria", wish), Approval(id, "jan"), Operation(id, "maria")
