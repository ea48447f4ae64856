"""A switchboard small enough to check by hand, and a plant behind it that only remembers.

Two breakers and a set behind a gateway with a mirror, a storage behind an OPC UA server: for tests
of what serves a plant, without the physics of one.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from daemon.model.plant import Bus, Contract, Device, Equipment, Gateway, North, Site
from daemon.model.points import Node, Profile, Register
from device_emulators.plant.chains import Efficiency
from device_emulators.plant.elements import PlantEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray


def register(table: str, address: int, type_: str, **more: object) -> Register:
    """Return the place of a point; what is not said is as most devices have it."""
    rest: dict[str, object] = {
        "bit": 0,
        "word_order": "big",
        "scale": 1.0,
        "offset": 0.0,
        "access": "r" if table in {"input", "discrete"} else "rw",
        "low": None,
        "high": None,
        "scan": "",
    }
    return Register(table=table, address=address, type=type_, **{**rest, **more})  # type: ignore[arg-type]


BREAKER: Mapping[str, Register] = {
    "position": register("input", 0, "dpi"),
    "tripped": register("input", 0, "bit", bit=2),
    "local": register("input", 0, "bit", bit=3),
    "source_voltage_v": register("input", 1, "u16", scale=0.5),
    "load_voltage_v": register("input", 2, "u16", scale=0.5),
    "power_w": register("input", 8, "f32", word_order="little"),
    "life_count": register("input", 12, "u16"),
    "spring_charged": register("discrete", 3, "bit"),
    "command_epoch": register("holding", 100, "u32"),
    "command_id": register("holding", 102, "u32"),
    "command": register("holding", 104, "u16", low=0.0, high=4.0),
}
SET: Mapping[str, Register] = {
    "stage": register("input", 0, "u16"),
    "power_w": register("input", 4, "i32", scale=10.0),
    "heartbeat": register("holding", 0, "u16"),
    "power_setpoint_w": register("holding", 10, "f32", low=-3.2e6, high=0.0),
    "fuel_l": register("holding", 12, "f32", access="r"),
}
STORAGE: Mapping[str, Node] = {
    "soc_pu": Node("{id}/soc", "Float", 0.01, "r", None, None),
    "stage": Node("{id}/stage", "UInt16", 1.0, "r", None, None),
    "power_setpoint_w": Node("{id}/setpoint", "Double", 1000.0, "rw", -3e6, 3e6),
    "command_epoch": Node("{id}/epoch", "UInt32", 1.0, "rw", None, None),
    "command_id": Node("{id}/id", "UInt32", 1.0, "rw", None, None),
    "command": Node("{id}/command", "UInt16", 1.0, "rw", 0.0, 4.0),
}
NAMESPACE = "urn:example:storage"


def _equipment(id_: str, nature: str, buses: tuple[str, ...], device: Device | None) -> Equipment:
    return Equipment(id_, nature, nature, buses, {}, device, "in_service", 0, False, "")


def small_board(modbus_port: int = 0, opcua_port: int = 0) -> Site:
    """Return the site; its gateways listen on loopback at these ports."""

    def device(profile: str, gateway: str, unit: int) -> Device:
        return Device(profile, gateway, unit, "normal", 3.0, "hold")

    equipment = (
        _equipment("52-A", "breaker", ("S", "B"), device("breaker/x", "GW-B", 2)),
        _equipment("52-B", "breaker", ("S", "B"), device("breaker/x", "GW-B", 3)),
        _equipment("DG-1", "generator", ("B",), device("generator/x", "GW-B", 5)),
        _equipment("DG-2", "generator", ("B",), device("generator/x", "GW-B", 6)),
        replace(_equipment("R-1", "it_rack", ("B",), None), priority=1, critical=True),
        replace(_equipment("R-2", "it_rack", ("B",), None), priority=2, critical=True),
        _equipment("ESS-1", "ess", ("B",), device("ess/x", "OPC-B", 0)),
    )
    gateways = (
        Gateway("GW-B", "modbus_tcp", "127.0.0.1", modbus_port, True),
        Gateway("OPC-B", "opcua", "127.0.0.1", opcua_port, False),
    )
    profiles = (
        Profile("breaker/x", "breaker", "modbus_tcp", "", BREAKER),
        Profile("generator/x", "generator", "modbus_tcp", "", SET),
        Profile("ess/x", "ess", "opcua", NAMESPACE, STORAGE),
    )
    return Site(
        id="board",
        name="A board",
        frequency_hz=60.0,
        buses=MappingProxyType({b: Bus(b, "ac", 6600.0, "", "solid") for b in ("S", "B")}),
        equipment=MappingProxyType({e.id: e for e in equipment}),
        gateways=MappingProxyType({g.id: g for g in gateways}),
        schemes=MappingProxyType({}),
        contract=Contract(5e6, 900.0, 0.0, 1e6, 5.0, 3e4),
        north=North("127.0.0.1", 0, "127.0.0.1", 0),
        scan_s=MappingProxyType({"fast": 0.01, "normal": 0.1, "slow": 1.0}),
        profiles=MappingProxyType({p.name: p for p in profiles}),
    )


class MemoryPlant:
    """Shows what it was told, takes what it is given, and moves only when told to."""

    def __init__(self) -> None:
        """Start at rest with every value at zero."""
        self.now_ns = 0
        self.version = 0
        self.values: dict[tuple[str, str], float] = {}
        self.written: list[tuple[str, str, float]] = []
        self.refusing: set[tuple[str, str]] = set()

    def show(self, equipment: str, **values: float) -> None:
        """Change values, and with them the time."""
        self.now_ns += 20_000_000
        self.version += 1
        self.values.update({(equipment, point): value for point, value in values.items()})

    def read(self, equipment: str, point: str) -> float:
        """Return the value, 0 until there is one."""
        return self.values.get((equipment, point), 0.0)

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return what reads many values."""
        return lambda: np.array([self.read(e, p) for e, p in names], dtype=float)

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Take the value unless told to refuse it."""
        if (equipment, point) in self.refusing:
            return False
        self.written.append((equipment, point, value))
        self.values[equipment, point] = value
        self.version += 1
        return True

    def identity(self, equipment: str) -> tuple[str, bool]:
        """Return that everything is what it should be."""
        return equipment, False


def plant_event(at_ns: int, source: str, name: str, text: str = "") -> PlantEvent:
    """Return an event of the plant without more to it."""
    return PlantEvent(at_ns, source, name, text, {})


class ScriptedPlant(MemoryPlant):
    """Plays a script of its own: what it shows and what happens at which time.

    Attributes:
        script: time [s], equipment and the values it shows from then on.
        happenings: events to be reported when their time has come.
        unfed: spans outside the ITIC curve by load [s].
        injected: what was done to it, and when [s].
    """

    def __init__(self) -> None:
        """Start with an empty script."""
        super().__init__()
        self.script: list[tuple[float, str, dict[str, float]]] = []
        self.happenings: list[PlantEvent] = []
        self.unfed: dict[str, list[tuple[float, float | None]]] = {}
        self.injected: list[tuple[float, str, str, dict[str, Any]]] = []

    def advance(self, to_ns: int) -> list[PlantEvent]:
        """Move on and let the script have its way."""
        for at_s, equipment, values in self.script:
            if self.now_ns < at_s * 1e9 <= to_ns:
                self.values.update({(equipment, point): value for point, value in values.items()})
        happened = [each for each in self.happenings if self.now_ns < each.at_ns <= to_ns]
        self.now_ns = to_ns
        self.version += 1
        return happened

    def inject(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Remember what was done."""
        self.injected.append((self.now_ns / 1e9, target, event, dict(values)))

    def quantity(self, equipment: str, name: str) -> float:
        """Return the value."""
        return self.read(equipment, name)

    def teller(self, names: Sequence[tuple[str, str]]) -> Callable[[], Any]:
        """Return what asks for many values at once."""
        return lambda: np.array([self.quantity(*name) for name in names])

    @property
    def efficiency_now(self) -> Efficiency:
        """Return that there is no chain."""
        return Efficiency((), None)

    def truth(self) -> Any:
        """Return what is recorded of the supply of loads: the spans that have begun by now."""

        def span(begin_s: float, end_s: float | None) -> tuple[int, int | None]:
            ended = end_s is not None and end_s * 1e9 <= self.now_ns
            return round(begin_s * 1e9), round(end_s * 1e9) if end_s and ended else None

        return SimpleNamespace(
            loads={
                load: SimpleNamespace(
                    unfed_ns=tuple(
                        span(*each)
                        for each in self.unfed.get(load, ())
                        if each[0] * 1e9 <= self.now_ns
                    )
                )
                for load in ("R-1", "R-2")
            },
            efficiency=self.efficiency_now,
        )


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
