"""Whether a board may be started from darkness: asked when a person selects it, and ever after.

A black start takes a board apart. It is refused by name unless all of the board is known to be dead
and no set is on its way, the scheme is on auto, and neither emergency power off nor a maintenance
tag stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.authority import selected
from daemon.core.topology import Presence

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import MainTieMainScheme

ACTION: Final = "black_start"


def forbidden(view: View, scheme: MainTieMainScheme) -> tuple[str, str] | None:
    """Return name and text of what forbids a black start at any time."""
    controller = scheme.controller
    for flag, text in (
        ("emergency_off", "emergency power off or fire trip stands: reset it at its button"),
        ("maintenance", "a maintenance tag is on the scheme: take it off first"),
    ):
        served = view.points.find(controller, flag) is not None
        if served and view.status(controller, flag) is not False:
            return flag, text
    if selected(view, scheme) is not True:
        return "not_auto", "the scheme is not on auto, or its own logic is at work"
    return None


def not_dark(view: View, scheme: MainTieMainScheme) -> tuple[str, str] | None:
    """Return name and text of what is not as dark as a black start needs it."""
    sets = view.facts.sets
    if coming := [name for name in sets.pending if name in scheme.sets and name not in sets.ready]:
        return "sets_pending", f"{', '.join(coming)} may still come: wait for them"
    for bus in (*(s.bus for s in scheme.sections), scheme.generator_bus):
        presence = view.topology.presence[bus]
        if presence is not Presence.DEAD:
            return "not_dark", f"{bus} is {presence.value}: a black start begins from darkness"
    return None
