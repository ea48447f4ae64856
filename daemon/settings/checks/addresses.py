"""Is every device at an address of its own, and can it be read as fast as it must?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.points import MIRROR_UNIT, MIRROR_WORDS
from daemon.settings.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.settings.forms import Endpoint, NorthForm, PlantForm

_MIRROR_GATEWAYS_MAX: Final = 10
_BLOCK_WORDS_MAX: Final = 125  # of one Modbus read
_MIRROR_UNIT_MAX: Final = _BLOCK_WORDS_MAX // MIRROR_WORDS + MIRROR_UNIT
_BEATS: Final = 3


def check_addresses(plant: PlantForm, north: NorthForm | None) -> Iterator[Finding]:
    """Yield addresses that are taken twice or cannot be served."""
    yield from _check_endpoints(plant, north)
    yield from _check_units(plant)
    yield from _check_mirrors(plant)
    yield from _check_periods(plant)


def _check_endpoints(plant: PlantForm, north: NorthForm | None) -> Iterator[Finding]:
    places: list[tuple[tuple[str, ...], str, Endpoint]] = [
        (("gateways", id_), id_, gateway) for id_, gateway in plant.gateways.items()
    ]
    if north:
        places.append((("north", "metrics"), "north.metrics", north.metrics))
        places.append((("north", "mqtt"), "north.mqtt", north.mqtt))
    taken: dict[tuple[str, int], str] = {}
    for at, name, endpoint in places:
        address = endpoint.host, endpoint.port
        if address in taken:
            text = f"{endpoint.host}:{endpoint.port} is also the address of {taken[address]}"
            yield Finding((*at, "port"), text)
        taken.setdefault(address, name)


def _check_units(plant: PlantForm) -> Iterator[Finding]:
    taken: dict[tuple[str, int], str] = {}
    for id_, form in plant.equipment.items():
        if not form.device or form.device.gateway not in plant.gateways:
            continue
        device, gateway = form.device, plant.gateways[form.device.gateway]
        at = ("equipment", id_, "device", "unit")
        if gateway.protocol == "opcua":
            if device.unit:
                yield Finding(at, "OPC UA devices have no unit id")
            continue
        address = device.gateway, device.unit
        if device.unit == 0:
            yield Finding(at, f"{id_} has no unit id of its own", "1 to 247")
        elif address in taken:
            text = f"unit {device.unit} of {device.gateway} is also the address of {taken[address]}"
            yield Finding(at, text, _free(taken, device.gateway, gateway.mirror))
        taken.setdefault(address, id_)


def _free(taken: dict[tuple[str, int], str], gateway: str, mirror: bool) -> str:
    """Return a unit id that is still free."""
    used = {unit for owner, unit in taken if owner == gateway}
    first = MIRROR_UNIT + 1 if mirror else 1
    free = next(unit for unit in range(first, 250) if unit not in used)
    return f"{free} is free"


def _check_mirrors(plant: PlantForm) -> Iterator[Finding]:
    mirrors = [id_ for id_, gateway in plant.gateways.items() if gateway.mirror]
    for block in dict.fromkeys(plant.gateways[id_].block for id_ in mirrors):
        own = [id_ for id_ in mirrors if plant.gateways[id_].block == block]
        for id_ in own[_MIRROR_GATEWAYS_MAX:]:
            text = f"{len(own)} gateways with a mirror cannot all be read every fast period"
            yield Finding(("gateways", id_, "mirror"), text, f"at most {_MIRROR_GATEWAYS_MAX}")
    for id_ in mirrors:
        if plant.gateways[id_].protocol != "modbus_tcp":
            yield Finding(
                ("gateways", id_, "mirror"), "only a Modbus gateway has a mirror", "false"
            )
    for id_, form in plant.equipment.items():
        if not form.device or form.device.gateway not in mirrors:
            continue
        at = ("equipment", id_, "device", "unit")
        if form.device.unit == MIRROR_UNIT:
            text = f"unit {MIRROR_UNIT} of {form.device.gateway} is its mirror"
            yield Finding(at, text, f"{MIRROR_UNIT + 1} to {_MIRROR_UNIT_MAX}")
        elif form.device.unit > _MIRROR_UNIT_MAX:
            text = (
                f"the mirror of {form.device.gateway} is one read of {_BLOCK_WORDS_MAX} registers"
            )
            yield Finding(at, text, f"{MIRROR_UNIT + 1} to {_MIRROR_UNIT_MAX}")


def _check_periods(plant: PlantForm) -> Iterator[Finding]:
    scan = plant.scan
    if not scan.fast_s <= scan.normal_s <= scan.slow_s:
        text = f"periods are out of order: {scan.fast_s:g}, {scan.normal_s:g}, {scan.slow_s:g} s"
        yield Finding(("scan",), text, "fast_s <= normal_s <= slow_s", at_key=True)
        return
    for id_, form in plant.equipment.items():
        if not form.device or not form.device.fallback:
            continue
        period_s = getattr(scan, f"{form.device.scan}_s")
        if form.device.fallback.after_s < _BEATS * period_s:
            text = f"{id_} would fall back between two heartbeats, sent every {period_s:g} s"
            at = ("equipment", id_, "device", "fallback", "after_s")
            yield Finding(at, text, f"at least {_BEATS * period_s:g}")
