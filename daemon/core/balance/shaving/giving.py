"""When storage begins to give, how fast what is asked of it moves, and how much it takes again.

One look after the other, live and in the backtest alike: the load that is looked at is the mean of
the last while; storage begins to give when what would be needed until the end of the window is
`patience_pu` of what it can give now, and goes on until the window is over; what is asked for moves
no faster than the delivery point may, and no more is taken back than `recharge_w`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Interval

from daemon.core.balance.shaving import shaver

if TYPE_CHECKING:
    from daemon.core.balance.shaving.stores import Store

_MEAN_OF: Final = 30.0
"""The load is a mean over this part of the window."""
_OF_THE_RAMP: Final = 0.8
"""Part of the ramp of the delivery point that storage makes use of."""


@dataclass(frozen=True, slots=True)
class Params:
    """How soon and how fast.

    Attributes:
        patience_pu: part of its power that storage waits for before it gives [pu].
        recharge_w: most that storage is recharged with after it gave [W].
        ramp_w_s: what the delivery point may move by, 0 for any [W/s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    patience_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.3
    recharge_w: Annotated[float, Ge(0.0)] = math.inf
    ramp_w_s: Annotated[float, Ge(0.0)] = 0.0


class State(NamedTuple):
    """What is carried from look to look.

    Attributes:
        load_w: import without storage, the mean of the last while; None before the first [W].
        window_ns: begin of the window in which storage gives; None where it does not [ns].
        asked_w: power that all stores together were last asked for [W].
    """

    load_w: float | None = None
    window_ns: int | None = None
    asked_w: float = 0.0


class Stored(NamedTuple):
    """What all stores together have.

    Attributes:
        one: all of them as one.
        free_j: what is in them above their floors [J].
        most_w: what they can give now, above zero [W].
    """

    one: Store
    free_j: float
    most_w: float


class Wanted(NamedTuple):
    """What all stores together shall take.

    Attributes:
        power_w: negative to give [W].
        short_w: what they cannot give of what is needed [W].
    """

    power_w: float
    short_w: float


def seen(state: State, load_w: float, since_ns: int, window_ns: int) -> State:
    """Return the state after a load, the mean of the time since the last look [W]."""
    if state.load_w is None:
        return state._replace(load_w=load_w)
    part = min(1.0, since_ns * _MEAN_OF / window_ns)
    return state._replace(load_w=state.load_w + part * (load_w - state.load_w))


def slewed(state: State, wanted_w: float, since_s: float, params: Params) -> float:
    """Return what may be asked for: a step of storage is a ramp at the delivery point [W]."""
    if params.ramp_w_s <= 0.0:
        return wanted_w
    step_w = step_of_w(params.ramp_w_s, since_s)
    return min(max(wanted_w, state.asked_w - step_w), state.asked_w + step_w)


def step_of_w(ramp_w_s: float, since_s: float) -> float:
    """Return by how much what is asked for may move in a time [W]."""
    return _OF_THE_RAMP * ramp_w_s * since_s


def wanted(
    state: State,
    billed: shaver.State,
    now_ns: int,
    settings: shaver.Params,
    stored: Stored,
    since_s: float,
    params: Params,
) -> tuple[State, Wanted]:
    """Return what all stores together shall take until the next look.

    Args:
        state: after the load was `seen`.
        billed: the window and the aim.
        now_ns: time by the clock that bills [ns].
        settings: of the shaver.
        stored: what there is to give.
        since_s: time between looks [s].
        params: of this.
    """
    assert state.load_w is not None
    one, free_j, most_w = stored
    window_ns = billed.window.begun_ns
    gives = state.window_ns == window_ns
    power_w = shaver.wanted_w(billed, now_ns, state.load_w, settings, one, free_j)
    if not gives and -power_w < params.patience_pu * most_w:
        power_w = max(0.0, power_w)
    short_w = max(0.0, -power_w - most_w)
    gives = gives or power_w < 0.0
    power_w = min(max(power_w, -one.discharge_w), one.charge_w, params.recharge_w)
    power_w = slewed(state, power_w, since_s, params)
    state = state._replace(window_ns=window_ns if gives else None, asked_w=power_w)
    return state, Wanted(power_w, short_w)
