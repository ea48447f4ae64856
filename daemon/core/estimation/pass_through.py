"""The first estimate: what is measured, with the worst quality of what went into it.

Nothing is solved here. A bus shows the best good voltage measured at it (breakers first, then
relays and meters, then what else has a voltage there), a dead bus shows zero because topology says
so, and power is what the equipment's own device reports. No value is corrected by another, so a
lying sensor lies on; `method` says so, and the deviations are unknown (NaN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon.core.topology import Presence, Topology, once_per_site
from daemon.model.estimate import NO_POINT, Estimate
from daemon.model.quality import Quality, QualityArray, good_mask

if TYPE_CHECKING:
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

METHOD: Final = "pass_through"
T = TypeVar("T", bound=np.generic)

_VOLTAGES: Final = {
    "breaker": (("source_voltage_v", 0), ("load_voltage_v", 1)),
    "relay": (("voltage_ll_v", 0),),
    "meter": (("voltage_v", 0),),
    "generator": (("voltage_ll_v", 0),),
    "gas_turbine": (("voltage_ll_v", 0),),
    "smr": (("voltage_ll_v", 0),),
    "pv": (("voltage_ll_v", 0),),
    "ess": (("voltage_v", 0),),
    "ups": (("input_voltage_ll_v", 0), ("output_voltage_ll_v", 1)),
    "hvdc": (("input_voltage_ll_v", 0), ("output_voltage_v", 1)),
    "rectifier": (("input_voltage_ll_v", 0), ("output_voltage_v", 1)),
    "transfer_switch": (
        ("source_1_voltage_ll_v", 0),
        ("source_2_voltage_ll_v", 1),
        ("load_voltage_ll_v", 2),
    ),
}
"""Voltage points by nature, with the terminal they are at; the order of natures is preference."""

_FREQUENCIES: Final = (
    ("relay", "frequency_hz", 0),
    ("meter", "frequency_hz", 0),
    ("generator", "frequency_hz", 0),
    ("ups", "output_frequency_hz", 1),
    ("ups", "input_frequency_hz", 0),
)
_POWERS: Final = ("power_w", "input_power_w")


class _Candidates(NamedTuple):
    """Points that may give a value to each of n places, best first within a place."""

    point: NDArray[np.int64]
    starts: NDArray[np.int64]
    places: NDArray[np.int64]
    scale: NDArray[np.float64]
    size: int


class _Chosen(NamedTuple):
    """What gives each place its value as long as no quality changes."""

    source: NDArray[np.int64]
    places: NDArray[np.int64]
    scale: NDArray[np.float64]
    size: int
    quality: QualityArray
    point: NDArray[np.int64]

    def values(self, image: Image) -> NDArray[np.float64]:
        """Return the value of each place (n_place,)."""
        value = np.zeros(self.size)
        value[self.places] = image.values[self.source] * self.scale
        return value


class _Basis(NamedTuple):
    """What qualities and diagram decide: everything about an estimate but its values."""

    image_quality: QualityArray
    topology: Topology
    voltage: _Chosen
    frequency: _Chosen
    power: _Chosen
    live: NDArray[np.bool_]
    dead: NDArray[np.intp]
    bus_quality: QualityArray


class _Plan:
    """The constant part of the estimate of a site."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.buses: Final = tuple(site.buses)
        self.voltage: Final = _candidates(_voltages(site, points), len(site.buses))
        self.frequency: Final = _candidates(_frequencies(site, points), len(site.buses))
        self.power: Final = _candidates(_powers(site, points), len(site.equipment))
        self.bus_sigma: Final = _constant(len(site.buses), np.nan)
        self.power_sigma: Final = _constant(len(site.equipment), np.nan)
        self._basis: _Basis | None = None

    def basis(self, quality: QualityArray, topology: Topology) -> _Basis:
        """Return what goes with qualities and diagram; kept while these are the same arrays."""
        kept = self._basis
        if kept is None or kept.image_quality is not quality or kept.topology is not topology:
            kept = self._basis = self._found(quality, topology)
        return kept

    def _found(self, quality: QualityArray, topology: Topology) -> _Basis:
        good = good_mask(quality)
        voltage = _choose(self.voltage, quality, good)
        presence = [topology.presence[bus] for bus in self.buses]
        live, dead, unknown = (
            np.array([p is kind for p in presence], dtype=np.bool_)
            for kind in (Presence.LIVE, Presence.DEAD, Presence.UNKNOWN)
        )
        bus_quality = voltage.quality.copy()
        bus_quality[dead] = Quality.GOOD
        bus_quality[unknown & good_mask(bus_quality)] = Quality.UNCERTAIN
        return _Basis(
            image_quality=quality,
            topology=topology,
            voltage=voltage,
            frequency=_choose(self.frequency, quality, good),
            power=_choose(self.power, quality, good),
            live=_protected(live),
            dead=np.flatnonzero(dead),
            bus_quality=_protected(bus_quality),
        )


def _protected(array: NDArray[T]) -> NDArray[T]:
    array.flags.writeable = False
    return array


def _constant(size: int, value: float) -> NDArray[np.float64]:
    return _protected(np.full(size, value))


def _candidates(rows: list[tuple[int, int, int, float]], size: int) -> _Candidates:
    """Arrange rows of (place, rank, point, scale) for `size` places."""
    rows.sort()
    places = np.array([row[0] for row in rows], dtype=np.int64)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    return _Candidates(
        point=np.array([row[2] for row in rows], dtype=np.int64),
        starts=starts,
        places=places[starts],
        scale=np.array([row[3] for row in rows], dtype=np.float64),
        size=size,
    )


def _voltages(site: Site, points: PointTable) -> list[tuple[int, int, int, float]]:
    number = {bus: place for place, bus in enumerate(site.buses)}
    return [
        (number[bus], rank, index, 1.0 / site.buses[bus].voltage_v)
        for rank, (nature, served) in enumerate(_VOLTAGES.items())
        for item in site.of_nature(nature)
        for name, terminal in served
        if terminal < len(item.buses) and (index := points.find(item.id, name)) is not None
        for bus in (item.buses[terminal],)
    ]


def _frequencies(site: Site, points: PointTable) -> list[tuple[int, int, int, float]]:
    number = {bus: place for place, bus in enumerate(site.buses)}
    return [
        (number[item.buses[terminal]], rank, index, 1.0)
        for rank, (nature, name, terminal) in enumerate(_FREQUENCIES)
        for item in site.of_nature(nature)
        if site.buses[item.buses[terminal]].kind == "ac"
        if (index := points.find(item.id, name)) is not None
    ]


def _powers(site: Site, points: PointTable) -> list[tuple[int, int, int, float]]:
    return [
        (place, rank, index, 1.0)
        for place, item in enumerate(site.equipment.values())
        for rank, name in enumerate(_POWERS)
        if (index := points.find(item.id, name)) is not None
    ]


_plan = once_per_site(_Plan)


def estimate(image: Image, topology: Topology, site: Site, points: PointTable) -> Estimate:
    """Return what is measured, dead buses as topology has them.

    Args:
        image: this scan.
        topology: the diagram of this scan.
        site: the plant as drawn.
        points: its point table.
    """
    plan = _plan(site, points)
    basis = plan.basis(image.quality, topology)
    voltage_pu = basis.voltage.values(image)
    frequency_hz = basis.frequency.values(image)
    voltage_pu[basis.dead] = 0.0
    frequency_hz[basis.dead] = 0.0
    return Estimate(
        at_ns=image.now_ns,
        method=METHOD,
        values=image.values,
        quality=image.quality,
        bus_voltage_pu=voltage_pu,
        bus_voltage_sigma_pu=plan.bus_sigma,
        bus_frequency_hz=frequency_hz,
        bus_live=basis.live,
        bus_quality=basis.bus_quality,
        bus_point=basis.voltage.point,
        power_w=basis.power.values(image),
        power_sigma_w=plan.power_sigma,
        power_quality=basis.power.quality,
        power_point=basis.power.point,
    )


def _choose(candidates: _Candidates, image: QualityArray, good: NDArray[np.bool_]) -> _Chosen:
    """Return the first good candidate of each place.

    Without a good one the first stands with the quality it has; a place without any is bad.

    Args:
        candidates: of each place.
        image: quality of every point (n_point,).
        good: which of them are good (n_point,).
    """
    quality = np.full(candidates.size, Quality.BAD_NOT_CONNECTED, dtype=np.uint32)
    point = np.full(candidates.size, NO_POINT, dtype=np.int64)
    first = candidates.starts
    if len(candidates.point):
        fit = good[candidates.point]
        if not fit[first].all():
            rank = np.arange(len(candidates.point))
            ranked = np.where(fit, rank, rank + len(rank))
            first = np.minimum.reduceat(ranked, first) % len(rank)
    chosen = candidates.point[first]
    quality[candidates.places] = image[chosen]
    point[candidates.places] = chosen
    return _Chosen(
        source=chosen,
        places=candidates.places,
        scale=candidates.scale[first],
        size=candidates.size,
        quality=_protected(quality),
        point=_protected(point),
    )
