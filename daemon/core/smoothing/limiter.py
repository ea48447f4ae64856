"""The limiter: power of the connection from load, charge and notices, within the funnel.

Each step it chooses in this order, and the funnel has the last word:

1. **Bounds of the storage.** If catching up with the load at its present power would leave the
   charge outside its band, or the missing power is near the rating, follow as fast as allowed.
2. **Notice.** A step that has been announced and is close enough: go half of it beforehand, less
   what can be jumped when it comes. When it comes, the slow mean moves by it at once.
3. **Dead band.** A load that is further from the slow mean than the dead band is followed to its
   edge.
4. **Centring.** Else the slow mean of the load, moved by what brings the charge to where it should
   be for this level.

A notice that does not come true breaks no limit, and the mean finds the load again. What is done
beforehand leaves the charge within the band until the step comes; but the way back, if it does not,
costs more than a storage has that was sized for notice that can be relied on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from annotated_types import Ge, Gt, Interval

from daemon.core.smoothing import catch_up, funnel
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.smoothing.catch_up import Pace
    from daemon.core.smoothing.funnel import Seen
    from daemon.model.compliance import Bound

MARGIN_PU: Final = 0.05
"""Charge nearer to the ends of the band than this part of it is spent [pu]."""
_SOON_S: Final = 0.25
"""A jump that takes no longer than this is at once [s]."""
_EARLY_S: Final = 1.0
"""What is done beforehand is begun so much earlier than need be [s]."""
_HALVINGS: Final = 12
"""Of the range of the load, to find what a charge bears."""


@dataclass(frozen=True, slots=True)
class Params:
    """The storage that smoothing may use, and what the load may do.

    Attributes:
        energy_j: of the band that belongs to smoothing [J].
        power_w: of the storage [W].
        low_w: lowest power of the load [W].
        high_w: highest power of the load [W].
        sudden_w: largest step without notice that the charge is kept ready for [W].
        dead_band_pu: of the range of the load: swings that are left to the storage [pu].
        mean_pu: time of the slow mean, of energy by range [pu].
        centring_pu: time of centring, of energy by range [pu].
        late_s: an announced step is waited for so long, or takes so long to be complete [s].
    """

    energy_j: Annotated[float, Gt(0.0)]
    power_w: Annotated[float, Gt(0.0)]
    low_w: float
    high_w: float
    sudden_w: Annotated[float, Ge(0.0)]
    dead_band_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.15
    mean_pu: Annotated[float, Gt(0.0)] = 2.0
    centring_pu: Annotated[float, Gt(0.0)] = 2.0
    late_s: Annotated[float, Gt(0.0)] = 2.0

    @property
    def range_w(self) -> float:
        """Return how far the load can move [W]."""
        return self.high_w - self.low_w

    @property
    def time_s(self) -> float:
        """Return how long the storage carries the whole range [s]."""
        return self.energy_j / self.range_w


class Notice(NamedTuple):
    """A step of the load that has been announced.

    Attributes:
        at_ns: when it comes [ns].
        change_w: by how much, rise positive [W].
    """

    at_ns: int
    change_w: float


class State(NamedTuple):
    """What is remembered.

    Attributes:
        grid_w: power of the connection [W].
        mean_w: slow mean of the load [W].
        at_ns: time of the last step [ns].
        seen: of each bound.
        ahead: the announced step that is being prepared for, None without one.
    """

    grid_w: float
    mean_w: float
    at_ns: int
    seen: tuple[Seen, ...]
    ahead: Notice | None = None


def begin(
    bounds: Sequence[Bound], now_ns: int, load_w: float, free_ns: Sequence[int] = ()
) -> State:
    """Return the state where load and connection are at one power.

    Args:
        bounds: limits to keep.
        now_ns: time [ns].
        load_w: the power [W].
        free_ns: of each bound, when it is free if nobody knows what went before; empty where they
            have long stood there [ns].
    """
    free_ns = free_ns or (now_ns,) * len(bounds)
    pairs = zip(bounds, free_ns, strict=True)
    seen = tuple(funnel.spent(bound, now_ns, load_w, at_ns) for bound, at_ns in pairs)
    return State(load_w, load_w, now_ns, seen)


def step(
    state: State,
    params: Params,
    bounds: Sequence[Bound],
    now_ns: int,
    load_w: float,
    stored_j: float,
    notices: Sequence[Notice] = (),
    is_w: float | None = None,
) -> State:
    """Return the state with the power that the connection shall have from now on.

    Where the power of the connection is measured, that is what is remembered, not what was wanted.

    Args:
        state: before.
        params: storage and load.
        bounds: limits to keep.
        now_ns: time, later than the last [ns].
        load_w: as measured last [W].
        stored_j: of the band of smoothing, from 0 to `energy_j` [J].
        notices: steps that have been announced and not come.
        is_w: power of the connection as measured, None where it is what was chosen last [W].
    """
    pace = catch_up.paces(bounds)
    mean_w = _mean(state, params, now_ns, load_w, notices)
    if is_w is not None:
        state = state._replace(grid_w=is_w, seen=_stood(bounds, state.seen, now_ns, is_w))
    allowed = funnel.room(bounds, state.seen, now_ns)
    ahead = _prepared(state, params, pace, now_ns, notices)
    if ahead is not None:
        comes = ahead.at_ns > now_ns
        wanted_w = _towards_w(params, pace, ahead, mean_w) if comes else mean_w
        wanted_w = _bearable(params, pace, ahead, now_ns, load_w, stored_j).nearest(wanted_w)
    elif _spent(state, params, pace, load_w, stored_j):
        wanted_w = load_w
    else:
        wanted_w = _calm(params, pace, mean_w, load_w, stored_j)
    stands = is_w is not None and allowed.high_w <= is_w <= allowed.low_w
    # A grain of set-points too far, and bounds leave nothing between them: what stands is allowed.
    grid_w = is_w if stands and is_w is not None else allowed.nearest(wanted_w)
    seen = state.seen if is_w is not None else _passed(bounds, state.seen, now_ns, grid_w)
    return State(grid_w, mean_w, now_ns, seen, ahead)


def _passed(
    bounds: Sequence[Bound], seen: Sequence[Seen], now_ns: int, grid_w: float
) -> tuple[Seen, ...]:
    """Return what the bounds remember after a power of the connection."""
    pairs = zip(bounds, seen, strict=True)
    return tuple(funnel.passed(bound, was, now_ns, grid_w) for bound, was in pairs)


def _stood(
    bounds: Sequence[Bound], seen: Sequence[Seen], now_ns: int, is_w: float
) -> tuple[Seen, ...]:
    """Return what the bounds remember after a power that was measured."""
    pairs = zip(bounds, seen, strict=True)
    return tuple(funnel.stood(bound, was, now_ns, is_w) for bound, was in pairs)


def watched(state: State, bounds: Sequence[Bound], now_ns: int, is_w: float) -> State:
    """Return the state after a measured power that nobody limited."""
    return State(is_w, is_w, now_ns, _stood(bounds, state.seen, now_ns, is_w))


def charge_j(params: Params, pace: Sequence[Pace], level_w: float) -> float:
    """Return where the charge should be while the load is at a level [J]."""
    up_w = min(max(params.high_w - level_w, 0.0), params.sudden_w)
    down_w = min(max(level_w - params.low_w, 0.0), params.sudden_w)
    least_j = catch_up.energy_j(pace, up_w)
    most_j = params.energy_j - catch_up.energy_j(pace, down_w)
    return min(max(0.5 * (least_j + most_j), 0.0), params.energy_j)


def _mean(
    state: State, params: Params, now_ns: int, load_w: float, notices: Sequence[Notice]
) -> float:
    """Return the slow mean of the load, moved by steps that have come since [W]."""
    come_w = sum(n.change_w for n in notices if state.at_ns < n.at_ns <= now_ns)
    step_s = (now_ns - state.at_ns) / SECOND
    share = step_s / (step_s + params.mean_pu * params.time_s)
    mean_w = state.mean_w + come_w
    return mean_w + share * (load_w - mean_w)


def _spent(
    state: State, params: Params, pace: Sequence[Pace], load_w: float, stored_j: float
) -> bool:
    """Return whether the storage cannot bear the difference much longer."""
    missing_w = load_w - state.grid_w
    energy_j = catch_up.energy_j(pace, abs(missing_w))
    left_j = stored_j if missing_w > 0.0 else params.energy_j - stored_j
    return left_j - energy_j < MARGIN_PU * params.energy_j


def _beforehand_w(pace: Sequence[Pace], notice: Notice) -> float:
    """Return how far to go before a step comes: half of what cannot be jumped [W]."""
    part_w = 0.5 * max(0.0, abs(notice.change_w) - catch_up.jump_w(pace, _SOON_S))
    return part_w if notice.change_w > 0.0 else -part_w


def _towards_w(params: Params, pace: Sequence[Pace], notice: Notice, mean_w: float) -> float:
    """Return where to be when a step comes, at the slow mean or further towards the step [W].

    A mean from which the step would lead out of the range of the load was moved by something else,
    such as a pause of the job: then the end of the range counts, and half the step before it.
    """
    after_w = min(max(mean_w + notice.change_w, params.low_w), params.high_w)
    half_w = after_w - notice.change_w + _beforehand_w(pace, notice)
    return max(half_w, mean_w) if notice.change_w > 0.0 else min(half_w, mean_w)


def _prepared(
    state: State, params: Params, pace: Sequence[Pace], now_ns: int, notices: Sequence[Notice]
) -> Notice | None:
    """Return the announced step that it is time to prepare for; what has begun goes on.

    It goes on until a while after the step was to come: a job that is late is no swing back.
    """
    ahead = state.ahead
    if ahead is not None and now_ns - ahead.at_ns < ns(params.late_s):
        return ahead
    first = min((n for n in notices if n.at_ns > now_ns), default=None)
    if first is None:
        return None
    left_s = (first.at_ns - now_ns) / SECOND
    needed_s = catch_up.time_s(pace, abs(_beforehand_w(pace, first)))
    return first if left_s <= needed_s + _EARLY_S else None


def _bearable(
    params: Params,
    pace: Sequence[Pace],
    ahead: Notice,
    now_ns: int,
    load_w: float,
    stored_j: float,
) -> funnel.Interval:
    """Return what the connection may be held at until the step comes, or is waited for no more.

    Held so long, it leaves the charge within the band: what is done beforehand never asks for more
    than the storage holds, or has room for. A storage that is kept ready for sudden steps also
    bears the way back of a step that does not come; one that relies on notice does not.
    """
    until_ns = ahead.at_ns if ahead.at_ns > now_ns else ahead.at_ns + ns(params.late_s)
    left_s = max((until_ns - now_ns) / SECOND, _SOON_S)
    give_w = _held_w(params, pace, left_s, stored_j)
    take_w = _held_w(params, pace, left_s, params.energy_j - stored_j)
    return funnel.Interval(load_w - give_w, load_w + take_w)


def _held_w(params: Params, pace: Sequence[Pace], left_s: float, energy_j: float) -> float:
    """Return the difference that so much energy bears for a time and for the way back [W]."""
    low_w, high_w = 0.0, params.range_w
    for _ in range(_HALVINGS):
        middle_w = 0.5 * (low_w + high_w)
        back_j = catch_up.energy_j(pace, min(middle_w, params.sudden_w))
        if middle_w * left_s + back_j <= energy_j:
            low_w = middle_w
        else:
            high_w = middle_w
    return low_w


def _calm(
    params: Params, pace: Sequence[Pace], mean_w: float, load_w: float, stored_j: float
) -> float:
    """Return the slow mean, centred, and no further from the load than the dead band [W]."""
    short_j = charge_j(params, pace, mean_w) - stored_j
    wanted_w = mean_w + short_j / (params.centring_pu * params.time_s)
    band_w = params.dead_band_pu * params.range_w
    return min(max(wanted_w, load_w - band_w), load_w + band_w)
