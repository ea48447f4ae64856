"""Which values of a site a transfer report keeps: one row of numbers for every look.

Positions and stages become bands, voltages and powers curves. What a site has thousands of (racks,
rows) is summed up; a voltage is kept as part of its nominal, so that one scale shows all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.topology import once_per_site
from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from daemon.model.image import Image
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

_POSITIONS: Final = tuple(p.name.lower() for p in Position)


class Subject(NamedTuple):
    """One value to keep.

    Attributes:
        equipment: whose.
        point: name of the point.
        group: "breaker", "set", "ups", "rectifier", "voltage", "input", "load", "charge"...
        unit: of the value as kept.
        scale: what the point's value is multiplied with.
        words: of a position or a stage by its code; () of a quantity.
    """

    equipment: str
    point: str
    group: str
    unit: str = ""
    scale: float = 1.0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Subjects:
    """The values of a site, in order.

    Attributes:
        each: what they are.
        bus: bus of a voltage, by equipment.
        indices: their places in the image.
        scales: what to multiply them with.
        within_s: by equipment and point, how late a value can be [s].
    """

    each: tuple[Subject, ...]
    bus: dict[str, str]
    indices: NDArray[np.intp]
    scales: NDArray[np.float64]
    within_s: dict[str, float]

    def look(self, image: Image) -> NDArray[np.float64]:
        """Return the values `(n_subject,)` of an image, NaN where they are not good."""
        values = image.values[self.indices] * self.scales
        good = good_mask(image.quality[self.indices])
        if not good.all():
            values[~good] = np.nan
        return values

    def showing(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what of a look are positions and stages."""
        return row[self._worded]

    @cached_property
    def _worded(self) -> NDArray[np.intp]:
        return np.array([i for i, s in enumerate(self.each) if s.words], dtype=np.intp)

    def of(self, *groups: str) -> list[int]:
        """Return the places of all subjects of these groups."""
        return [i for i, s in enumerate(self.each) if s.group in groups]


@once_per_site
def subjects(site: Site, points: PointTable) -> Subjects:
    """Return what is kept of a site."""
    found = [s for s in _wanted(site) if points.find(s.equipment, s.point) is not None]
    indices = [points.find(s.equipment, s.point) for s in found]
    return Subjects(
        each=tuple(found),
        bus={s.equipment: site.equipment[s.equipment].buses[0] for s in found if _is_bus(s)},
        indices=np.array(indices, dtype=np.intp),
        scales=np.array([s.scale for s in found]),
        within_s={e.id: _polled_s(site, e) for e in site.equipment.values() if e.device},
    )


def _is_bus(subject: Subject) -> bool:
    return subject.group == "voltage"


def _polled_s(site: Site, item: Equipment) -> float:
    """Return how long a change can go unread: the mirror repeats positions at the fast rate."""
    assert item.device is not None
    gateway = site.gateways[item.device.gateway]
    mirrored = gateway.mirror and item.nature in {"breaker", "relay", "transfer_switch"}
    return site.scan_s["fast" if mirrored else item.device.scan]


def _wanted(site: Site) -> Iterator[Subject]:
    yield from _switched(site)
    yield from _voltages(site)
    for item in site.of_nature("generator"):
        yield _stage(item, "set")
        yield Subject(item.id, "crank_count", "cranks", "count")
        yield Subject(item.id, "power_w", "generation", "W", -1.0)
    for item in site.of_nature("ups"):
        yield _stage(item, "ups")
        yield Subject(item.id, "input_power_w", "input", "W")
        yield _relative(item, "output_voltage_ll_v", site.buses[item.buses[-1]].voltage_v)
        yield Subject(item.id, "runtime_s", "runtime", "s")
        yield Subject(item.id, "soc_pu", "charge", "pu")
    for item in site.of_nature("rectifier"):
        yield _stage(item, "rectifier")
        yield Subject(item.id, "input_power_w", "input", "W")
        yield _relative(item, "output_voltage_v", site.buses[item.buses[-1]].voltage_v)
        yield Subject(item.id, "runtime_s", "runtime", "s")
        yield Subject(item.id, "soc_pu", "charge", "pu")
    for item in site.of_nature("hvdc"):
        yield _stage(item, "converter")
        yield Subject(item.id, "input_power_w", "input", "W")
    for item in site.of_nature("ess"):
        yield Subject(item.id, "power_w", "storage", "W")
        yield Subject(item.id, "soc_pu", "charge", "pu")
    for item in site.of_nature("rack_row"):
        yield Subject(item.id, "power_w", "load", "W")
        yield Subject(item.id, "energy_stored_wh", "energy", "Wh")
        yield Subject(item.id, "racks_running_count", "running", "count")


def _switched(site: Site) -> Iterator[Subject]:
    """Yield the breakers of the schemes, from the utility towards the sets."""
    for scheme in site.schemes.values():
        if not isinstance(scheme, MainTieMainScheme):
            continue
        names = [scheme.intake, *(s.main for s in scheme.sections), scheme.tie]
        names += [*(s.generator_feeder for s in scheme.sections), *scheme.sets.values()]
        for name in dict.fromkeys(names):
            yield Subject(name, "position", "breaker", words=_POSITIONS)
    for item in site.of_nature("transfer_switch"):
        words = item.kind.points["connected"].states
        yield Subject(item.id, "connected", "switch", words=words)


def _voltages(site: Site) -> Iterator[Subject]:
    """Yield the voltage of every utility, section and generator bus, by the first to measure it."""
    buses = [u.buses[0] for u in site.of_nature("utility")]
    for scheme in site.schemes.values():
        if isinstance(scheme, MainTieMainScheme):
            buses += [*(s.bus for s in scheme.sections), scheme.generator_bus]
    for bus in dict.fromkeys(buses):
        able = [e for e in site.of_nature("relay", "meter") if e.buses and e.buses[0] == bus]
        if able:
            point = "voltage_ll_v" if able[0].nature == "relay" else "voltage_v"
            nominal_v = site.buses[bus].voltage_v
            yield Subject(able[0].id, point, "voltage", "pu", 1.0 / nominal_v)


def _stage(item: Equipment, group: str) -> Subject:
    return Subject(item.id, "stage", group, words=item.kind.points["stage"].states)


def _relative(item: Equipment, point: str, nominal_v: float) -> Subject:
    return Subject(item.id, point, "terminal", "pu", 1.0 / nominal_v)
