"""Load-sharing set-points: every set on the bus gives its part, by its rating.

Theory of operation. Every `every_s` what the sets on the bus give together is divided among those
that stay, in proportion to their rating. A set that leaves is led down by `unload_pu_s` of its
rating each second, and the others take over what it gives up, so that its breaker opens without a
jerk. A set-point moves in steps of `grain_pu`, and no set is told more than its rating: what lies
above that is for caps and shedding to take away.

What a controller makes of it is its own business: in an island sets with a load-sharing line hold
the frequency together and take a set-point as their part of the whole, sets with droop as the load
at which they run at rated frequency; beside a utility, in the overlap of a closed transition, both
hold it. Zero is no set-point: a set that is off the bus is told zero, so that none stands for ever.

A set-point is repeated whenever the device shows another one (arbitration), and a device that does
not hear the daemon for its fall-back time shares load by itself.
"""

from __future__ import annotations

from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Gt, Le

from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site

OWNER: Final = "sharing"
POINT: Final = "power_setpoint_w"


@dataclass(frozen=True, slots=True)
class Params:
    """How often, and how fast.

    Attributes:
        every_s: time between two divisions of the load [s].
        unload_pu_s: how fast a set that leaves is led down, by its rating [1/s].
        least_pu: what a set that leaves is led down to; its breaker opens there [pu].
        grain_pu: step of a set-point, by the rating of its set [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(10)] = 1.0
    unload_pu_s: Annotated[float, Gt(0), Le(1)] = 0.05
    least_pu: Annotated[float, Gt(0), Le(0.2)] = 0.02
    grain_pu: Annotated[float, Gt(0), Le(0.1)] = 0.01


class State(NamedTuple):
    """Part of each set by its rating [pu], and when the load was last divided [ns]."""

    parts_pu: Mapping[str, float] = {}
    at_ns: int = 0


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: no set is told anything."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Divide the load anew when it is time, and propose a set-point for every set concerned."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    on_bus: tuple[str, ...] = tuple(supply.get("sets", ()))
    if not on_bus and not state.parts_pu:
        return Turn(state)
    if view.now_ns - state.at_ns >= ns(params.every_s):
        leaving = frozenset(supply.get("sets_leaving", ()))
        parts_pu = _divide(view, state, on_bus, leaving, params)
        state = State(parts_pu, view.now_ns)
    return Turn(state, tuple(_wish(view, name, pu) for name, pu in state.parts_pu.items()))


def _divide(
    view: View, state: State, on_bus: tuple[str, ...], leaving: frozenset[str], params: Params
) -> dict[str, float]:
    """Return the part of every set on the bus, and 0 of one that left and does not show it yet."""
    off = {n: 0.0 for n in state.parts_pu if n not in on_bus and view.read(n, POINT) != 0.0}
    served = [n for n in on_bus if view.points.find(n, POINT) is not None]
    given_w = {name: view.read(name, "power_w") for name in served}
    if None in given_w.values():
        return {n: pu for n, pu in state.parts_pu.items() if n in on_bus} | off
    rated_w = {name: view.site.equipment[name].ratings["power_w"] for name in served}
    total_w = -sum(power for power in given_w.values() if power is not None)
    passed_s = min(seconds(view.now_ns - state.at_ns), 2 * params.every_s)
    even_pu = total_w / (sum(rated_w.values()) or 1.0)
    parts = {
        name: max(
            params.least_pu, state.parts_pu.get(name, even_pu) - params.unload_pu_s * passed_s
        )
        for name in served
        if name in leaving
    }
    left_w = total_w - sum(pu * rated_w[name] for name, pu in parts.items())
    staying = [name for name in served if name not in leaving]
    share_pu = max(0.0, left_w) / (sum(rated_w[n] for n in staying) or 1.0)
    for name in staying:
        before_pu = state.parts_pu.get(name, 0.0)
        moved = abs(share_pu - before_pu) >= params.grain_pu
        parts[name] = min(1.0, share_pu) if moved else before_pu
    return parts | off


def _wish(view: View, name: str, part_pu: float) -> Proposal:
    value_w = -round(part_pu * view.site.equipment[name].ratings["power_w"], -3)
    why = "its part of the load" if part_pu else "off the bus"
    return Proposal(name, POINT, "set", value_w or 0.0, OWNER, why)
