"""Sites of a few pieces of equipment, made in code, and what the tests of the plant share."""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.model.plant import Bus, Contract, Device, Equipment, North, Site
from daemon.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.model.plant import Scheme
    from device_emulators.plant.elements import PlantEvent
    from device_emulators.plant.plant import Plant

S = 1_000_000_000
SITES = Path(__file__).resolve().parents[3] / "config" / "sites"


@cache
def shipped(name: str) -> Site:
    """Return a shipped site."""
    return load(SITES / f"{name}.yaml").site


def item(id_: str, nature: str, buses: str, *, watchdog_s: float = 0.0, **extra: Any) -> Equipment:
    """Return equipment; ratings come as keywords, and so may variant, normally, group."""
    names = {"variant", "normally", "group", "critical", "priority"}
    more = {key: extra.pop(key) for key in list(extra) if key in names}
    device = Device("", "", 1, "normal", watchdog_s, "own_logic") if watchdog_s else None
    return Equipment(
        id=id_,
        nature=nature,
        variant=more.get("variant", nature if nature != "breaker" else "vcb"),
        buses=tuple(buses.split()),
        ratings=extra,
        device=device,
        normally=more.get("normally", "closed" if nature == "breaker" else "in_service"),
        priority=more.get("priority", 0),
        critical=more.get("critical", nature in {"it_rack", "ai_rack"}),
        group=more.get("group", ""),
    )


def site(
    buses: Mapping[str, float],
    equipment: Iterable[Equipment],
    *,
    dc: str = "",
    schemes: Iterable[Scheme] = (),
    emulation: Mapping[str, Any] | None = None,
) -> Site:
    """Return a site of buses (id -> nominal voltage [V]); those named in `dc` are DC."""
    return Site(
        id="bench",
        name="bench",
        frequency_hz=60.0,
        buses={b: Bus(b, "dc" if b in dc.split() else "ac", v, "", "") for b, v in buses.items()},
        equipment={e.id: e for e in equipment},
        gateways={},
        schemes={s.id: s for s in schemes},
        contract=Contract(1e6, 900.0, 0.0, 1e6, 5.0, 1e6),
        north=North("", 0, "", 0),
        scan_s={"fast": 0.01, "normal": 0.1, "slow": 1.0},
        profiles={},
        emulation=emulation or {},
    )


MAINS: dict[str, float] = {"power_va": 10e6, "short_circuit_va": 400e6}
SET: dict[str, float] = {"power_w": 3.2e6, "power_va": 4e6, "fuel_l": 6400.0, "droop_pu": 0.04}


class Hand:
    """A daemon's hand on a plant: beats, commands, and keeps what happened."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.events: list[PlantEvent] = []
        self._ids = count(1)
        self._beats = count(1)

    def run(self, until_s: float, *, beat: bool = True) -> None:
        """Advance to `until_s` [s] after the start, with a heartbeat each half second."""
        end = self.plant.grid.start_ns + round(until_s * S)
        while self.plant.now_ns < end:
            if beat:
                self.beat()
            self.events += self.plant.advance(min(self.plant.now_ns + S // 2, end))

    def beat(self) -> None:
        """Send one heartbeat to everything that has a watchdog."""
        value = float(next(self._beats) % 65536)
        for equipment in self.plant.site.equipment.values():
            if equipment.device is not None and equipment.device.fallback_after_s > 0.0:
                self.plant.write(equipment.id, "heartbeat", value)

    def command(self, id_: str, action: str, *, epoch: int = 1, number: int | None = None) -> bool:
        """Write a command block; return whether the device took it."""
        code = self.plant.site.equipment[id_].kind.points["command"].states.index(action)
        taken = self.plant.write(id_, "command_epoch", float(epoch))
        self.plant.write(id_, "command_id", float(number or next(self._ids)))
        return self.plant.write(id_, "command", float(code)) and taken

    def stage(self, id_: str) -> str:
        """Return the stage of a device as a word."""
        spec = self.plant.site.equipment[id_].kind.points["stage"]
        return spec.states[int(self.plant.read(id_, "stage"))]

    def happened(self, source: str, name: str) -> list[PlantEvent]:
        """Return what a device reported under a name."""
        return [e for e in self.events if e.source == source and e.name == name]


def residual_w(plant: Plant) -> float:
    """Return the largest power that appears from or vanishes to nowhere in one island [W]."""
    grid = plant.grid
    residuals = [abs(float(grid.consumed_w[i.buses].sum())) for i in grid.islands if i.leader]
    dc = ~grid.is_ac
    residuals.append(abs(float(grid.consumed_w[dc].sum())))
    return max(residuals)
