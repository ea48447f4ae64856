"""The power of the storage that keeps the window that runs at its aim.

What was measured until now is all that is known: the load is taken as it was last, and the part of
the window that has passed is made up for by the part that is left. The guarantee in the chapter
rests on the bound of what is charged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Interval

from daemon.core.balance.shaving.demand import Window, room_w
from daemon.model.quantities import ns


@dataclass(frozen=True, slots=True)
class Params:
    """How a window is held.

    Attributes:
        window_s: length of the window that is billed [s].
        export_w: most that may flow back [W].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    window_s: Annotated[float, Gt(0.0)] = 900.0
    export_w: Annotated[float, Interval(ge=0.0)] = 0.0


def wanted_w(
    window: Window,
    load_w: float,
    aim_w: float,
    rise_w: float,
    params: Params,
    *,
    paid_w: float = math.inf,
    backed_w: float = 0.0,
) -> float:
    """Return the power that storage should take, negative to give [W].

    Args:
        window: the import so far.
        load_w: import without storage, as last measured [W].
        aim_w: demand that is aimed at [W].
        rise_w: what the load may rise by until the window ends [W].
        params: of the hold.
        paid_w: demand that costs nothing more: nothing is charged above it [W].
        backed_w: what storage could give until the window ends, should the load rise [W].
    """
    length_ns = ns(params.window_s)
    room = room_w(window, aim_w, length_ns)
    if room < load_w:
        return max(room - load_w, min(0.0, -load_w - params.export_w))
    room = min(room, room_w(window, paid_w, length_ns))
    return max(0.0, min(room, room - rise_w + backed_w) - load_w)
