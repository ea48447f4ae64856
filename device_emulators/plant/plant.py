"""The plant as a whole: time, the order of a step, reading, writing, happenings, truth.

A step ends at the next timer, at the next instant of the grid (20 ms or 100 ms, see `pace`), or
where the caller wants to be, whichever comes first; so breaker contacts, trips and transfers happen
at their exact times. Within a step powers are held; at its end timers fire and the network settles:
loads say what they want, DC nodes settle, converters say what they take, the islands are solved,
devices look at the result, and all of it again until nothing changes. What is written or injected
settles when time is next asked to pass, before it does.

Short circuits stand until they are taken away; while one is fed, its island is solved as such (see
`short_circuit`) and what it takes counts as loss.

Simplified: electrical transients shorter than a millisecond do not exist.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.model.natures import PointKind, Position
from device_emulators.devices.device import Device
from device_emulators.devices.it_rack import ItRack
from device_emulators.devices.kinds import KINDS, events_of
from device_emulators.plant import reading, rotation, solving
from device_emulators.plant.chains import Chains
from device_emulators.plant.elements import FAULT_KINDS, Fault, PlantEvent
from device_emulators.plant.grid import Grid
from device_emulators.plant.pace import LIVELY_STEP_NS, Pace
from device_emulators.plant.racks import STAGES, Racks
from device_emulators.plant.training import Training
from device_emulators.plant.truth import BusTruth, IslandTruth, LoadTruth, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from daemon.model.plant import Site
    from device_emulators.plant.chains import Efficiency
    from device_emulators.plant.workload import Workload

_ROUNDS: Final = 12
_MOVED_PU: Final = 1e-3
_MOVED_VA: Final = 100.0
"""What a short circuit takes by this much more is asked for by a UPS in another round."""


class Plant:
    """A site on the desk, started in a settled state.

    Args:
        site: the site.
        seed: seed of everything that chance decides.
        workload: what the AI racks do; synthetic training if not given.
        start_ns: plant time at the beginning [ns].

    Attributes:
        watchers: called after every settled step, to look at the plant at exact instants.
    """

    def __init__(
        self,
        site: Site,
        *,
        seed: int = 0,
        workload: Workload | None = None,
        start_ns: int = 0,
    ) -> None:
        self.site: Final = site
        self.grid: Final = Grid(site, np.random.Generator(np.random.PCG64(seed)), start_ns)
        self.grid.racks = self._racks = Racks(self.grid, workload or Training())
        self.devices: Final[dict[str, Device]] = {}
        for item in site.equipment.values():
            self.devices[item.id] = KINDS[item.nature](item, self.grid)
        self.grid.devices = dict(self.devices)
        self._racks.begin()
        self._ac = np.flatnonzero(self.grid.is_ac)
        self._it_racks = [d for d in self.devices.values() if isinstance(d, ItRack)]
        in_air_w = sum([rack.ratings["power_w"] for rack in self._it_racks])
        self.grid.cooling.begin(self._racks.rating_w, in_air_w)
        self._moving = [d for d in self.devices.values() if _has(d, "advance")]
        self._asking = [d for d in self.devices.values() if _has(d, "demand")]
        self._drawing = [d for d in self.devices.values() if _has(d, "draw")]
        self._sensing = [d for d in self.devices.values() if _has(d, "sense")]
        self._sampling = [d for d in self.devices.values() if _has(d, "sample")]
        self._balancing = [d for d in self.devices.values() if _has(d, "balance")]
        self._storing = [d for d in self.devices.values() if _has(d, "stored_j")]
        self.watchers: Final[list[Callable[[], None]]] = []
        self._pace: Final = Pace(
            self.grid, (d for d in self.devices.values() if _has(d, "hurries"))
        )
        self._sample_ns = start_ns
        self._minded: dict[int, list[Device]] = {}
        self._minded_at = -1
        self._version = 0
        self._touched = False
        for device in self.devices.values():
            if device.item.nature != "relay":
                device.begin()
        self.grid.metering.begin()
        self._settle()
        for device in self.devices.values():
            if device.item.nature == "relay":
                device.begin()
            device.watch()
        self.grid.metering.sample()
        self.grid.events.clear()
        self._energy_j = {"sources": 0.0, "loads": 0.0, "losses": 0.0}
        self._stored_at_start_j = self._stored_j()
        self._chains = Chains(self.grid, self._balancing, self._ai_w, self._air_w)
        self._chains.sample()

    @property
    def now_ns(self) -> int:
        """Return the plant time [ns]."""
        return self.grid.now_ns

    @property
    def due_ns(self) -> int:
        """Return when the plant wants to be advanced next [ns].

        That is now while something written or injected has not settled, else the next timer or
        instant of the grid, which is later than now.
        """
        if self._touched:
            return self.grid.now_ns
        due, grid_ns = self.grid.timers.next_ns, self._pace.next_ns
        return grid_ns if due is None else max(min(due, grid_ns), self.grid.now_ns + 1)

    @property
    def version(self) -> int:
        """Return a number that rises whenever anything that can be read may have changed."""
        return self._version

    # Time.

    def advance(self, to_ns: int) -> tuple[PlantEvent, ...]:
        """Move the plant to `to_ns` and return what happened on the way."""
        grid = self.grid
        if self._touched:
            self._touched = False
            self._close_step()
        while grid.now_ns < to_ns:
            target = min(to_ns, self._pace.next_ns)
            due = grid.timers.next_ns
            if due is not None:
                target = min(target, max(due, grid.now_ns))
            self._integrate(target)
            grid.timers.fire(grid.now_ns)
            self._close_step()
        events = tuple(grid.events)
        grid.events.clear()
        return events

    def _close_step(self) -> None:
        """Settle, measure, and let others look."""
        now_ns = self.grid.now_ns
        self._settle()
        if now_ns >= self._sample_ns:
            for device in self._sampling:
                device.sample()
            self.grid.metering.sample()
            self._chains.sample()
            self._sample_ns = now_ns - now_ns % LIVELY_STEP_NS + LIVELY_STEP_NS
        self._pace.choose()
        self._version += 1
        for watch in self.watchers:
            watch()

    def _integrate(self, to_ns: int) -> None:
        dt_s = (to_ns - self.grid.now_ns) * 1e-9
        self.grid.now_ns = to_ns
        if dt_s <= 0.0:
            return
        self._count(dt_s)
        for device in self._minding(self._moving):
            device.advance(dt_s)
        self._racks.advance(dt_s)
        self.grid.metering.advance(dt_s)
        rotation.steer(self.grid)
        rotation.advance(self.grid, dt_s)
        self.grid.cooling.advance(self._racks.power_w, self._air_w(), dt_s)

    def _minding(self, devices: list[Device]) -> list[Device]:
        """Return those that have something to do; `devices` is always the same list."""
        grid = self.grid
        if grid.overloaded or (grid.faults and grid.fault_a.any()):
            return devices
        if self._minded_at != grid.alerts:
            self._minded_at = grid.alerts
            self._minded.clear()
        minded = self._minded.get(id(devices))
        if minded is None:
            minded = self._minded[id(devices)] = [d for d in devices if d.alert]
        return minded

    def _count(self, dt_s: float) -> None:
        """Add up energy by meaning, each element by itself."""
        energy = self._energy_j
        losses = float(self.grid.branch_w.sum())
        if self.grid.faults:
            losses += float(self.grid.fault_va.real.sum())
        energy["loads"] += float(self._racks.power_w.sum()) * dt_s
        for device in self._balancing:
            source_w, load_w, loss_w = device.balance()
            energy["sources"] += source_w * dt_s
            energy["loads"] += load_w * dt_s
            losses += loss_w
        energy["losses"] += losses * dt_s

    def _stored_j(self) -> float:
        return self._racks.storage.stored_j() + sum(d.stored_j() for d in self._storing)

    def _ai_w(self) -> float:
        return float(self._racks.power_w.sum())

    def _air_w(self) -> float:
        return sum([rack.power_w() for rack in self._it_racks])

    def _settle(self) -> None:
        grid = self.grid
        for _ in range(_ROUNDS):
            solving.refresh(grid)
            before, taken_va = grid.v_pu[self._ac], grid.fault_va
            self._racks.demand()
            for device in self._asking:
                device.demand()
            solving.solve_dc(grid)
            for device in self._drawing:
                device.draw()
            solving.estimate_loads(grid)
            rotation.share(grid)
            solving.solve_ac(grid)
            changed = [device.sense() for device in self._minding(self._sensing)]
            changed.append(self._racks.sense())
            moved_pu = np.abs(grid.v_pu[self._ac] - before).max(initial=0.0)
            if any(changed) or grid.topology_changed or moved_pu > _MOVED_PU:
                continue
            if np.abs(grid.fault_va - taken_va).max(initial=0.0) <= _MOVED_VA:
                return

    # The devices.

    def read(self, equipment: str, point: str) -> float:
        """Return what a device reports, in engineering units; a stage or position as its code.

        Raises:
            ValueError: no such equipment or point.
        """
        return self._device(equipment).read(point)

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return a function that reads many (equipment, point) at once (n_name,).

        Raises:
            ValueError: no such equipment or point.
        """
        return reading.reader([self._device(e).getter(p) for e, p in names])

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Write a point; return whether the device accepted.

        Raises:
            ValueError: no such equipment or point.
        """
        device = self._device(equipment)
        before = device.heard
        accepted = device.write(point, value)
        self._touched |= device.heard != before
        self._version += 1
        return accepted

    def inject(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Let something happen; target "any" with event "clear" undoes every injected fault.

        Raises:
            ValueError: unknown target, event or value; the message lists the valid ones.
        """
        if target == "any":
            if event != "clear":
                raise ValueError(f"target 'any' knows no event {event!r} (valid: clear)")
            for device in self.devices.values():
                device.clear()
            for id_ in list(self.grid.faults):
                self.grid.clear_fault(id_)
        elif event == "fault" and "kind" in values:
            self._short(target, str(values["kind"]), float(values["ohm"]))
        elif event == "clear" and target in self.grid.bus:
            self.grid.clear_fault(target)
        else:
            self._device(target).inject(event, values)
            if event == "clear":
                self.grid.clear_fault(target)
        self._version += 1
        self._touched = True
        self.grid.stir()

    def _short(self, target: str, kind: str, ohm: float) -> None:
        """Let a short circuit stand at a bus, or behind a breaker or a cable."""
        if kind not in FAULT_KINDS:
            raise ValueError(f"{target}: no fault {kind!r} (valid: {', '.join(FAULT_KINDS)})")
        bus = self.grid.bus.get(target)
        behind = self._device(target).buses[-1] if bus is None else bus
        if kind == "three_phase" and not self.grid.is_ac[behind]:
            raise ValueError(f"{target}: no three phases on DC (valid: phase_phase, earth)")
        self.grid.set_fault(target, Fault(behind, kind, ohm))
        text = f"{target}: {kind.replace('_', '-')} fault"
        self.grid.say(target, "injected", text, event="fault", kind=kind, ohm=ohm)

    def _device(self, id_: str) -> Device:
        try:
            return self.devices[id_]
        except KeyError:
            valid = ", ".join(self.devices)
            raise ValueError(f"no equipment {id_!r} (valid: {valid})") from None

    # The truth.

    def quantity(self, target: str, name: str) -> float:
        """Return one true value of a piece of equipment or of a bus.

        Buses know `live`, `voltage_pu`, `frequency_hz`, `fault_current_a` of the short circuits at
        them and `earths_count`, how many neutrals earth what they are joined to; equipment its
        points without instrument errors, and what else its kind can say (`fed`,
        `interruption_ms`, `closed`...).

        Raises:
            ValueError: no such target or quantity.
        """
        bus = self.grid.bus.get(target)
        if bus is None or target in self.devices:
            return self._device(target).quantity(name)
        found = {
            "live": float(self.grid.live(bus)),
            "voltage_pu": float(self.grid.v_pu[bus]),
            "frequency_hz": float(self.grid.hz[bus]),
            "fault_current_a": self.grid.fault_current_a(bus),
            "earths_count": float(len(self.grid.earths(bus))),
        }
        if name not in found:
            raise ValueError(f"bus {target} has no quantity {name!r} (valid: {', '.join(found)})")
        return found[name]

    def teller(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return a function that asks for many quantities at once (n_name,).

        Raises:
            ValueError: no such target or quantity.
        """
        return reading.reader([self._tells(target, name) for target, name in names])

    def _tells(self, target: str, name: str) -> Callable[[], float]:
        self.quantity(target, name)
        device = self.devices.get(target)
        return partial(self.quantity, target, name) if device is None else device.teller(name)

    def unfed_ns(self, load: str) -> tuple[tuple[int, int | None], ...]:
        """Return when a rack was outside the ITIC curve: begin, and end or None [ns].

        Raises:
            ValueError: `load` is no rack.
        """
        device: Any = self._device(load)
        if device.item.nature not in {"ai_rack", "it_rack"}:
            raise ValueError(f"{load} is no rack")
        return tuple(device.supply.unfed_ns)

    def truth(self) -> Truth:
        """Return everything that is so now."""
        grid = self.grid
        return Truth(
            now_ns=grid.now_ns,
            buses={bus: self._bus_truth(i) for bus, i in grid.bus.items()},
            islands=tuple(
                IslandTruth(
                    i.leader.id, tuple(f.id for f in i.members), i.leader.frequency_hz, i.load_w
                )
                for i in grid.islands
                if i.leader is not None
            ),
            loads=self._loads(),
            power_w=self._powers(),
            stages=self._states(PointKind.STAGE, "stage"),
            positions=self._positions(),
            row_caps_pu={
                e.id: self.read(e.id, "power_cap_pu") for e in self.site.of_nature("rack_row")
            },
            soc_pu={
                e.id: self.quantity(e.id, "soc_pu")
                for e in self.site.equipment.values()
                if "soc_pu" in e.kind.points
            },
            tank_c=grid.cooling.tank.temperature_c,
            unsynchronised_closings=tuple(grid.closings),
            backfed=tuple(
                e.id
                for e in self.site.of_nature("utility")
                if not self.quantity(e.id, "energised") and grid.live(grid.bus[e.buses[0]])
            ),
            energy_wh={
                **{name: joule / 3600.0 for name, joule in self._energy_j.items()},
                "stored": (self._stored_j() - self._stored_at_start_j) / 3600.0,
            },
            efficiency=self._chains.mean,
            efficiency_now=self._chains.now,
        )

    @property
    def efficiency_now(self) -> Efficiency:
        """Return chains of conversion and PUE at the last full second."""
        return self._chains.now

    def _bus_truth(self, bus: int) -> BusTruth:
        leader = self.grid.leader(bus) if self.grid.is_ac[bus] else None
        return BusTruth(
            self.grid.live(bus),
            float(self.grid.v_pu[bus]),
            float(self.grid.hz[bus]),
            leader.id if leader else "",
            self.grid.earths(bus),
        )

    def _loads(self) -> dict[str, LoadTruth]:
        loads = {}
        for item in self.site.of_nature("ai_rack", "it_rack"):
            if not item.critical:
                continue
            device: Any = self.devices[item.id]
            supply = device.supply
            loads[item.id] = LoadTruth(
                supply.fed,
                tuple(supply.unfed_ns),
                supply.low_pu,
                supply.high_pu,
                STAGES[int(device.read("stage"))],
                device.read("power_w"),
            )
        return loads

    def _powers(self) -> dict[str, float]:
        names = {"ups": "battery_power_w", "hvdc": "input_power_w", "rectifier": "input_power_w"}
        natures = ("generator", "gas_turbine", "smr", "pv", "ess", "utility", "rack_row", *names)
        return {
            e.id: self.quantity(e.id, names.get(e.nature, "power_w"))
            for e in self.site.of_nature(*natures)
        }

    def _states(self, kind: PointKind, name: str) -> dict[str, str]:
        found = {}
        for item in self.site.equipment.values():
            spec = item.kind.points.get(name)
            if spec is not None and spec.kind is kind:
                found[item.id] = spec.states[int(self.read(item.id, name))]
        return found

    def _positions(self) -> dict[str, str]:
        found = {
            e.id: Position(int(self.read(e.id, "position"))).name.lower()
            for e in self.site.of_nature("breaker", "earthing_switch")
        }
        for item in self.site.of_nature("transfer_switch"):
            states = item.kind.points["connected"].states
            found[item.id] = states[int(self.read(item.id, "connected"))]
        return found


def _has(device: Device, hook: str) -> bool:
    """Return whether the class of a device overrides a hook, so that others are not called."""
    return getattr(type(device), hook) is not getattr(Device, hook)


__all__ = ["Plant", "PlantEvent", "Truth", "events_of"]
