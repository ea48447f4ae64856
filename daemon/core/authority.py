"""Is a scheme ours to decide? Authority of the site file, selector on the panel, own logic.

`authority: device` leaves a scheme to its device for good: the daemon looks on and records. With
`authority: daemon` the scheme is ours while its selector is on AUTO and its own logic is inhibited
by our heartbeat. On MANUAL people switch at the panel, or by commands of their own, which the
interlocks judge. On TEST the controller runs the sets without load and switches nothing: the same
holds for us. Whatever was begun is left as it stands, and taken up from the positions that are seen
when the scheme is ours again. Emergency power off and maintenance tags are no matter of authority:
interlocks refuse on them whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import MainTieMainScheme


def selected(view: View, scheme: MainTieMainScheme) -> bool | None:
    """Return whether the scheme is ours to decide; None when that cannot be read."""
    if scheme.authority != "daemon":
        return False
    selector = view.stage(scheme.controller, "selector")
    own_logic = view.stage(scheme.controller)
    if selector not in {"auto", None} or own_logic not in {"inhibited", None}:
        return False
    served = view.points.find(scheme.controller, "stage") is not None
    return None if selector is None or (own_logic is None and served) else True
