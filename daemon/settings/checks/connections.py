"""Is everything joined to what it fits, and is every bus fed by something?"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, Current, Role
from daemon.settings.findings import Finding, choices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.plant import Site
    from daemon.settings.forms import EquipmentForm, PlantForm

_ONE_VOLTAGE: Final = {Role.SWITCH, Role.TRANSFER, Role.LOAD}
_ONE_VOLTAGE_NATURES: Final = {"ups"}  # its bypass joins both sides


def check_connections(plant: PlantForm) -> Iterator[Finding]:
    """Yield terminals on a bus that does not fit them."""
    for id_, form in plant.equipment.items():
        nature = NATURES.get(form.nature)
        if nature is None or any(bus not in plant.buses for bus in form.buses):
            continue
        for i, (bus, (terminal, current)) in enumerate(
            zip(form.buses, nature.terminals, strict=False)
        ):
            kind = plant.buses[bus].kind
            if current is not Current.ANY and kind != current.value:
                text = f"terminal {terminal} of {id_} is {current.value}, bus {bus} is {kind}"
                fitting = [b for b, other in plant.buses.items() if other.kind == current.value]
                yield Finding(("equipment", id_, "buses", i), text, choices(fitting, bus))
        if nature.role in _ONE_VOLTAGE or nature.name in _ONE_VOLTAGE_NATURES:
            yield from _check_voltages(plant, id_, form)
        for i, bus in enumerate(form.buses):
            if bus in form.buses[:i]:
                text = f"{id_} joins bus {bus} with itself"
                yield Finding(("equipment", id_, "buses", i), text)


def _check_voltages(plant: PlantForm, id_: str, form: EquipmentForm) -> Iterator[Finding]:
    first = plant.buses[form.buses[0]] if form.buses else None
    for i, bus in enumerate(form.buses[1:], 1):
        other = plant.buses[bus]
        assert first is not None
        if (first.kind, first.voltage_v) != (other.kind, other.voltage_v):
            text = (
                f"{id_} joins {form.buses[0]} ({first.voltage_v:g} V {first.kind}) "
                f"and {bus} ({other.voltage_v:g} V {other.kind})"
            )
            fitting = [
                name
                for name, b in plant.buses.items()
                if (b.kind, b.voltage_v) == (first.kind, first.voltage_v)
            ]
            yield Finding(("equipment", id_, "buses", i), text, choices(fitting, bus))


def check_reach(site: Site) -> Iterator[Finding]:
    """Yield the buses that no source reaches, whatever switches close."""
    fed = {bus for item in site.equipment.values() if item.kind.role is Role.SOURCE
           for bus in item.buses}  # fmt: skip
    waiting = deque(fed)
    paths = _paths(site)
    while waiting:
        for bus in paths.get(waiting.popleft(), ()):
            if bus not in fed:
                fed.add(bus)
                waiting.append(bus)
    for bus in site.buses:
        if bus not in fed:
            text = f"no closed or closable path leads from a source to bus {bus}"
            yield Finding(("buses", bus), text, at_key=True)


def _paths(site: Site) -> dict[str, list[str]]:
    """Return the buses that power can reach from each bus over one piece of equipment."""
    paths: dict[str, list[str]] = {}
    for item in site.equipment.values():
        for source, load in links(item.kind.role, item.buses):
            paths.setdefault(source, []).append(load)
    return paths


def links(role: Role, buses: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the ways power can take through equipment, as pairs of buses (from, to)."""
    match role:
        case Role.SWITCH | Role.TRANSFORMER:
            return [buses, buses[::-1]]  # type: ignore[list-item] # two terminals
        case Role.CONVERTER:
            return [(buses[0], buses[-1])]
        case Role.TRANSFER:
            return [(source, buses[-1]) for source in buses[:-1]]
        case _:
            return []
