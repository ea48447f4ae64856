"""The hottest spot of every transformer, from its loading and the temperature of its oil.

Theory of operation. Every `every_s` the differential equations of IEC 60076-7 are moved on at the
loading that was shown: the top oil follows the losses, the hot spot stands above the oil by the
difference of two gradients, a fast one of the winding and a slow one of the oil that flows past it.
Where the oil is measured, that is where the gradients stand on, and what it is warmer than its
reckoned rise is the *air* around, learnt over hours. Where it is not, air and reckoned rise stand
in its place. A loading that is not shown, or by a device of which a meter is
condemned, is that of the powers as estimated, and without these rated: the worst case.

Oil that is far from air and rise together contradicts: colder, and the sensor hangs or has come
off its pocket; hotter, and the cooling is gone, or the loading is more than what is shown. A hot
spot that the device itself reports far from the reckoned one contradicts as well. What is told is
the hotter of both.

    rise of the top oil   k11 tau_o dx/dt = rated ((1 + R K^2) / (1 + R))^x - x
    first gradient        k22 tau_w dx/dt = k21 rated K^y - x
    second gradient       (tau_o / k22) dx/dt = (k21 - 1) rated K^y - x

Each is solved exactly over a time of constant loading.

Source: IEC 60076-7, 8.2 (equations), its table of constants for natural cooling; ageing of
thermally upgraded paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Gt, Interval, Le

from daemon.core.facts import Thermal, Winding
from daemon.core.view import Turn
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site


class Kind(NamedTuple):
    """How transformers of a kind warm up.

    Attributes:
        oil_k: rise of the top oil at rated losses [K].
        gradient_k: hot spot over top oil at rated current [K].
        oil_s: time constant of the oil [s].
        winding_s: time constant of the winding [s].
        x: exponent of the losses.
        y: exponent of the current.
        k11: of the standard.
        k21: of the standard.
        k22: of the standard.
    """

    oil_k: float
    gradient_k: float
    oil_s: float
    winding_s: float
    x: float
    y: float
    k11: float
    k21: float
    k22: float


DISTRIBUTION: Final = Kind(55.0, 23.0, 180.0 * 60.0, 4.0 * 60.0, 0.8, 1.6, 1.0, 1.0, 2.0)
POWER: Final = Kind(52.0, 26.0, 210.0 * 60.0, 10.0 * 60.0, 0.8, 1.3, 0.5, 2.0, 2.0)
DISTRIBUTION_VA: Final = 2.5e6
"""Up to here a transformer counts as a distribution transformer [VA]. Source: IEC 60076-7, 3."""
AIR_C: Final = (5.0, 45.0)
"""What air around a transformer may be taken for [deg C]."""


class Heat(NamedTuple):
    """Temperatures of a transformer.

    Attributes:
        rise_k: top oil over the air [K].
        first_k: first gradient of the hot spot [K].
        second_k: second gradient of the hot spot [K].
    """

    rise_k: float
    first_k: float
    second_k: float

    @property
    def gradient_k(self) -> float:
        """Return how much the hot spot is hotter than the top oil [K]."""
        return self.first_k - self.second_k


def settled(kind: Kind, loading_pu: float, loss_ratio: float) -> Heat:
    """Return where temperatures end at a loading [pu]; `loss_ratio` is load by no-load loss."""
    losses = (1.0 + loss_ratio * loading_pu**2) / (1.0 + loss_ratio)
    gradient = kind.gradient_k * loading_pu**kind.y
    return Heat(kind.oil_k * losses**kind.x, kind.k21 * gradient, (kind.k21 - 1.0) * gradient)


def moved(kind: Kind, heat: Heat, loading_pu: float, loss_ratio: float, dt_s: float) -> Heat:
    """Return temperatures after a time [s] at a loading [pu]."""
    end = settled(kind, loading_pu, loss_ratio)
    times = (kind.k11 * kind.oil_s, kind.k22 * kind.winding_s, kind.oil_s / kind.k22)
    now = (b + (a - b) * math.exp(-dt_s / t) for a, b, t in zip(heat, end, times, strict=True))
    return Heat(*now)


def ageing_pu(hot_spot_c: float) -> float:
    """Return how fast paper ages, by how fast it does at 110 deg C [pu]."""
    return math.exp(15_000.0 / 383.0 - 15_000.0 / (max(hot_spot_c, -200.0) + 273.0))


@dataclass(frozen=True, slots=True)
class Params:
    """How far thermometers are trusted.

    Attributes:
        every_s: time between two looks [s].
        air_c: of the air around, until it is learnt [deg C].
        air_s: time in which it is [s].
        doubt_k: oil or hot spot so far from what is reckoned contradict it [K].
        doubt_s: for this long [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(600)] = 10.0
    air_c: Annotated[float, Interval(ge=-40, le=60)] = 25.0
    air_s: Annotated[float, Gt(0)] = 6.0 * 3600.0
    doubt_k: Annotated[float, Gt(0)] = 15.0
    doubt_s: Annotated[float, Gt(0)] = 120.0


class Memory(NamedTuple):
    """What is remembered of one transformer.

    Attributes:
        heat: its temperatures.
        air_c: the air around it [deg C].
        loading_pu: as seen last [pu].
        odd_ns: since when something contradicts, 0 when nothing does [ns].
        doubted: that has been told.
    """

    heat: Heat
    air_c: float
    loading_pu: float
    odd_ns: int = 0
    doubted: bool = False


class State(NamedTuple):
    """What is remembered of every transformer, and when it was looked at last."""

    memories: Mapping[str, Memory] = {}
    at_ns: int = 0


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is warm yet that is known."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Look at every transformer when it is time."""
    if state.at_ns and not view.passed(state.at_ns + ns(params.every_s)):
        return Turn(state)
    dt_s = seconds(view.now_ns - state.at_ns) if state.at_ns else 0.0
    memories: dict[str, Memory] = {}
    windings: dict[str, Winding] = {}
    events: list[Event] = []
    for item in view.site.of_nature("transformer"):
        before = state.memories.get(item.id)
        memory, winding = _look(view, item, before, dt_s, params)
        memories[item.id], windings[item.id] = memory, winding
        if memory.doubted and not (before and before.doubted):
            events.append(_event(view, item, winding))
    doubted = tuple(name for name, memory in memories.items() if memory.doubted)
    fact = Thermal(windings, doubted)
    facts = None if fact == view.facts.thermal else {"thermal": fact}
    return Turn(State(memories, view.now_ns), events=tuple(events), facts=facts)


def _kind(item: Equipment) -> tuple[Kind, float]:
    ratings = item.ratings
    kind = DISTRIBUTION if ratings["power_va"] <= DISTRIBUTION_VA else POWER
    return kind, ratings["load_loss_w"] / ratings["no_load_loss_w"]


def _look(
    view: View, item: Equipment, before: Memory | None, dt_s: float, params: Params
) -> tuple[Memory, Winding]:
    kind, ratio = _kind(item)
    shown_pu = _loading_pu(view, item)
    oil_c, spot_c = (view.read(item.id, f"{of}_temperature_c") for of in ("oil", "hot_spot"))
    loading_pu = 1.0 if shown_pu is None else max(shown_pu, 0.0)
    if before is None:
        before = _begun(kind, loading_pu, ratio, oil_c, params)
    mean_pu = math.sqrt(0.5 * (before.loading_pu**2 + loading_pu**2))
    heat = moved(kind, before.heat, mean_pu, ratio, dt_s)
    reckoned_c = before.air_c + heat.rise_k
    air_c = before.air_c
    if oil_c is not None:
        learnt = (oil_c - reckoned_c) * dt_s / (params.air_s + dt_s)
        air_c = min(max(air_c + learnt, AIR_C[0]), AIR_C[1])
    hot_c = max(reckoned_c if oil_c is None else oil_c, reckoned_c - params.doubt_k)
    hot_c += heat.gradient_k
    off_k = 0.0 if oil_c is None else oil_c - reckoned_c
    off_spot_k = 0.0 if spot_c is None else spot_c - hot_c
    odd = max(abs(off_k), abs(off_spot_k)) > params.doubt_k * (0.5 if before.doubted else 1.0)
    odd_ns = (before.odd_ns or view.now_ns) if odd else 0
    doubted = odd and (before.doubted or view.passed(odd_ns + ns(params.doubt_s)))
    memory = Memory(heat, air_c, loading_pu, odd_ns, doubted)
    told_c = hot_c if spot_c is None else max(hot_c, spot_c)
    sigma_k = 3.0 if oil_c is not None else 10.0
    return memory, Winding(
        hot_spot_c=round(told_c, 1),
        sigma_k=sigma_k,
        oil_c=round(reckoned_c, 1),
        off_k=round(off_k, 1),
        ageing_pu=round(ageing_pu(told_c), 3),
    )


def _loading_pu(view: View, item: Equipment) -> float | None:
    """Return the loading as shown, else as the estimated powers make it; None without [pu].

    What shows it is what measures the powers.
    """
    shown_pu = view.read(item.id, "loading_pu")
    if shown_pu is not None and item.id not in view.facts.meters.condemned:
        return shown_pu
    power_w, power_var = (view.best_of(item.id, n) for n in ("power_w", "reactive_power_var"))
    if power_w is None or power_var is None:
        return None
    return math.hypot(power_w, power_var) / item.ratings["power_va"]


def _begun(
    kind: Kind, loading_pu: float, ratio: float, oil_c: float | None, params: Params
) -> Memory:
    """Return a transformer that has long been at its loading, in air that fits its oil."""
    heat = settled(kind, loading_pu, ratio)
    air_c = params.air_c if oil_c is None else min(max(oil_c - heat.rise_k, AIR_C[0]), AIR_C[1])
    if oil_c is not None:
        heat = heat._replace(rise_k=max(oil_c - air_c, 0.0))
    return Memory(heat, air_c, loading_pu)


def _event(view: View, item: Equipment, winding: Winding) -> Event:
    warm = "hotter" if winding.off_k >= 0.0 else "colder"
    text = f"{item.id}: oil is {abs(winding.off_k):.0f} K {warm} than its loading explains"
    if abs(winding.off_k) < 1.0:
        text = f"{item.id}: reports another hot spot than the {winding.hot_spot_c:.0f} C reckoned"
    fields = {"off_k": winding.off_k, "hot_spot_c": winding.hot_spot_c}
    return view.event(item.id, "temperature_contradicted", text, **fields)
