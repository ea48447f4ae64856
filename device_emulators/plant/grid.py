"""The electrical state of the site at one instant, which every device reads and acts on.

Buses, switches, branches and *slots* (one consumption at one bus) are registered once; after that
devices move switches, set the power of their slots and read voltages. An AC island needs a
*former*, something that holds voltage and frequency by itself; of several the stiffest leads and
the others inject power. An island without one is dead at once (0 V).

What follows from the positions of the switches is found in `live`, the solutions in `solving`.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from device_emulators.plant.cooling import Cooling
from device_emulators.plant.earthing import neutrals
from device_emulators.plant.elements import HAPPENINGS, Closing, Former, Pairs, PlantEvent, Switch
from device_emulators.plant.feeding import feeds
from device_emulators.plant.indications import Beats, Indications
from device_emulators.plant.metering import Metering
from device_emulators.plant.network import Branch
from device_emulators.plant.protection import DEAD_PU, LIVE_PU, Gap, wrap
from device_emulators.plant.reading import Cell
from device_emulators.plant.short_circuit import phases
from device_emulators.plant.switching import in_synchronism
from device_emulators.plant.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from daemon.model.plant import Site
    from device_emulators.plant.dc import DcSource
    from device_emulators.plant.earthing import Neutral
    from device_emulators.plant.elements import DcPair, Fault, Island
    from device_emulators.plant.feeding import Feed
    from device_emulators.plant.live import Live
    from device_emulators.plant.machine import Machine
    from device_emulators.plant.racks import Racks

SECOND: Final = 1_000_000_000
TANK_L: Final = 30_000.0
CHILLED_C: Final = 7.0


class Grid:
    """The shared electrical state, see the module docstring.

    Args:
        site: the site.
        rng: chance of what happens; measurements get a chance of their own from it, so that how
            often somebody measures changes nothing that happens.
        start_ns: plant time at the beginning [ns].

    Attributes:
        v_pu: voltage of every bus (n_bus,) [pu].
        hz: frequency of every bus (n_bus,) [Hz].
        v: `v_pu` as plain numbers, for devices that look at one bus.
        f: `hz` as plain numbers.
        alerts: how often a device began or ceased to be alert.
        waiting: both buses of every switch that waits for synchronism, by its number.
        faults: short circuits that stand now, by the id of what has them.
        fault_va: power into each of them (n_fault,) [VA].
        fault_a: current of each of them, of its phase or phases (n_fault,) [A].
        sequences: negative- and zero-sequence currents of every switch (n_switch,) [A], or None
            while all is balanced.
        switch_residual_a: residual current 3 I0 of every switch (n_switch,) [A].
    """

    def __init__(self, site: Site, rng: np.random.Generator, start_ns: int) -> None:
        self.site: Final = site
        self.rng: Final = rng
        self.noise: Final = rng.spawn(1)[0]
        self.start_ns: Final = start_ns
        self.now_ns = start_ns
        self.stirred_ns = start_ns
        self.nominal_hz: Final = site.frequency_hz
        self.timers: Final = Timers()
        self.events: list[PlantEvent] = []
        self.closings: list[Closing] = []
        self.bus_ids: Final = tuple(site.buses)
        self.bus: Final = {bus_id: i for i, bus_id in enumerate(site.buses)}
        self.nominal_v: Final = np.array([b.voltage_v for b in site.buses.values()])
        self.is_ac: Final = np.array([b.kind == "ac" for b in site.buses.values()], dtype=bool)
        n_bus = len(self.bus_ids)
        self.v_pu, self.angle_rad, self.hz = np.zeros(n_bus), np.zeros(n_bus), np.zeros(n_bus)
        self.v: list[float] = [0.0] * n_bus
        self.f: list[float] = [0.0] * n_bus
        self.consumed_w, self.consumed_var = np.zeros(n_bus), np.zeros(n_bus)
        self.slot_bus: list[int] = []
        self.p_w: list[float] = []
        self.q_var: list[float] = []
        self.formers: list[Former] = []
        self.switches: list[Switch] = []
        self.pickup_a: list[float] = []
        self.overloaded: frozenset[int] = frozenset()
        self.waiting: dict[int, tuple[int, int]] = {}
        self.flows_count = 0
        self.alerts = 0
        self._currents: dict[int, NDArray[np.float64]] = {}
        self.branches: list[Branch] = []
        self.branch_w, self.branch_var = np.zeros((0, 2)), np.zeros((0, 2))
        self.switch_w, self.switch_var = np.zeros(0), np.zeros(0)
        self.faults: dict[str, Fault] = {}
        self.fault_va, self.fault_a = np.zeros(0, np.complex128), np.zeros(0)
        self.sequences: tuple[NDArray[np.complex128], NDArray[np.complex128]] | None = None
        self.switch_residual_a = np.zeros(0)
        self.dc_sources: list[DcSource] = []
        self.pairs: Final = Pairs()
        self.devices: dict[str, Any] = {}
        self.cooling = Cooling(
            float(site.emulation.get("site", {}).get("tank_l", TANK_L)), CHILLED_C
        )
        self.racks: Racks | None = None
        self.metering: Final = Metering(self)
        self.indications: Final = Indications()
        self.beats: Final = Beats(lambda: self.now_ns)
        self.solves = 0
        self.topology_changed = True
        self._live: Live | None = None
        self.solved_for: tuple[Any, NDArray[np.float64], NDArray[np.float64]] = (
            None,
            np.zeros(0),
            np.zeros(0),
        )

    # Registration, once per device.

    def add_slot(self, bus: str) -> int:
        """Register a consumption at `bus` and return its slot."""
        self.slot_bus.append(self.bus[bus])
        self.p_w.append(0.0)
        self.q_var.append(0.0)
        return len(self.p_w) - 1

    def add_former(
        self, id_: str, bus: str, rank: int, short_circuit_va: float, machine: Machine | None = None
    ) -> Former:
        """Register something that can hold an island."""
        former = Former(id_, self.bus[bus], rank, short_circuit_va, self.add_slot(bus), machine)
        former.frequency_hz = self.nominal_hz
        self.formers.append(former)
        return former

    def add_switch(
        self, id_: str, source: str, load: str, *, closed: bool, pickup_a: float = math.inf
    ) -> int:
        """Register a switch between two buses and return its number.

        A switch that carries more than `pickup_a` [A] is found in `overloaded`.
        """
        self.switches.append(Switch(id_, self.bus[source], self.bus[load], closed))
        self.pickup_a.append(pickup_a)
        return len(self.switches) - 1

    def add_branch(
        self, id_: str, source: str, load: str, kind: str, ratings: dict[str, float]
    ) -> int:
        """Register a transformer or cable and return its number."""
        self.branches.append(Branch(id_, self.bus[source], self.bus[load], kind, ratings))
        return len(self.branches) - 1

    def add_dc_source(self, source: DcSource) -> DcSource:
        """Register something that feeds a DC bus."""
        self.dc_sources.append(source)
        return source

    def add_pair(self, bus_a: str, bus_b: str) -> DcPair:
        """Register a load at one or two DC buses."""
        return self.pairs.add(self.bus[bus_a], self.bus[bus_b])

    @cached_property
    def switch_source(self) -> NDArray[np.intp]:
        """Return the source bus of every switch (n_switch,), once all are registered."""
        return np.array([switch.source for switch in self.switches], np.intp)

    @cached_property
    def switch_load(self) -> NDArray[np.intp]:
        """Return the load bus of every switch (n_switch,), once all are registered."""
        return np.array([switch.load for switch in self.switches], np.intp)

    @cached_property
    def switch_kinds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which switches (n_switch,) are AC, and which join like with like."""
        source, load = self.is_ac[self.switch_source], self.is_ac[self.switch_load]
        return source, source == load

    @cached_property
    def switch_volts(self) -> NDArray[np.float64]:
        """Return what a current is multiplied with to be a power, at 1 pu (n_switch,) [V]."""
        source = self.switch_source
        return self.nominal_v[source] * np.where(self.is_ac[source], math.sqrt(3.0), 1.0)

    @cached_property
    def pickups(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Return the switches with a pick-up, their source buses, the pick-up at 1 pu [VA]."""
        limited = np.flatnonzero(np.isfinite(self.pickup_a))
        limit_va = np.array(self.pickup_a)[limited] * self.switch_volts[limited]
        return limited, self.switch_source[limited], limit_va

    @cached_property
    def feeds(self) -> list[Feed]:
        """Return everything that feeds short circuits of AC, once all is registered."""
        return feeds(self)

    @cached_property
    def neutrals(self) -> list[Neutral]:
        """Return the neutrals that can earth something, once all is registered."""
        return neutrals(self)

    # What devices do.

    def say(self, source: str, name: str, text: str, **fields: float | str) -> None:
        """Record that something happened now."""
        assert name in HAPPENINGS, name
        self.stir()
        self.events.append(PlantEvent(self.now_ns, source, name, text, fields))

    def stir(self) -> None:
        """Note that something happens now, so that the plant is lively for a while."""
        self.stirred_ns = self.now_ns

    def after(self, owner: str, name: str, delay_s: float, action: Callable[[], object]) -> None:
        """Call `action` in `delay_s` [s]."""
        self.timers.set(owner, name, self.now_ns + round(delay_s * SECOND), action)

    def set_able(self, former: Former, able: bool) -> None:
        """Say whether `former` can form now."""
        if former.able != able:
            former.able = able
            self.topology_changed = True
            self.stir()

    def move(self, number: int, closed: bool, cause: str) -> None:
        """Open or close a switch now; joining two live islands badly is put on record."""
        switch = self.switches[number]
        if switch.closed == closed:
            return
        if closed:
            gap = self.gap(switch.source, switch.load)
            if gap is not None and not gap.within():
                self.closings.append(Closing(self.now_ns, switch.id, gap, cause))
                self.say(
                    switch.id,
                    "unsynchronised_closing",
                    f"{switch.id} joined two live islands {math.degrees(gap.angle_rad):.0f} degrees"
                    f" and {gap.slip_hz:.2f} Hz apart",
                    angle_rad=gap.angle_rad,
                    slip_hz=gap.slip_hz,
                    voltage_pu=gap.voltage_pu,
                    cause=cause,
                )
        switch.closed = closed
        self.topology_changed = True
        self.stir()

    def set_fault(self, id_: str, fault: Fault) -> None:
        """Let a short circuit stand from now on, in the name of what has it."""
        self.faults[id_] = fault
        self._count_faults()

    def clear_fault(self, id_: str) -> None:
        """Take a short circuit away, if it is there."""
        if self.faults.pop(id_, None) is not None:
            self._count_faults()

    def _count_faults(self) -> None:
        count = len(self.faults)
        self.fault_va, self.fault_a = np.zeros(count, np.complex128), np.zeros(count)
        self.topology_changed = True
        self.stir()

    # What devices see.

    def show(self) -> None:
        """Let devices see the voltages and frequencies that were just found."""
        self.v, self.f = self.v_pu.tolist(), self.hz.tolist()

    def live(self, bus: int) -> bool:
        """Return whether a bus has voltage enough to be called live."""
        return self.v[bus] >= LIVE_PU

    def dead(self, bus: int) -> bool:
        """Return whether a bus has too little voltage to matter."""
        return self.v[bus] <= DEAD_PU

    @property
    def live_part(self) -> Live:
        """Return what belongs to the present topology."""
        assert self._live is not None, "nothing has been solved yet"
        return self._live

    @live_part.setter
    def live_part(self, part: Live) -> None:
        self._live = part

    @property
    def islands(self) -> list[Island]:
        """Return the AC islands."""
        return self.live_part.islands

    def island(self, bus: int) -> Island | None:
        """Return the AC island a bus belongs to, None for a DC bus."""
        number = int(self.live_part.island_of[bus])
        return self.islands[number] if number >= 0 else None

    def fault_current_a(self, bus: int) -> float:
        """Return the current of the short circuits at a bus, of their phases [A]."""
        at_bus = [fault.bus == bus for fault in self.faults.values()]
        return float(self.fault_a[at_bus].sum())

    def earths(self, bus: int) -> tuple[str, ...]:
        """Return whose neutrals earth what a bus is joined to; more than one is one too many."""
        part = self.live_part
        return tuple(n.id for n in part.earths.get(int(part.zone[bus]), ()))

    def leader(self, bus: int) -> Former | None:
        """Return the reference of the island of a bus, or None when it is dead."""
        island = self.island(bus)
        return island.leader if island else None

    def gap(self, a: int, b: int) -> Gap | None:
        """Return how far bus `a` is from bus `b`, or None unless both are live AC."""
        if not (self.is_ac[a] and self.is_ac[b] and self.v[a] > DEAD_PU < self.v[b]):
            return None
        return Gap(
            self.v[a] - self.v[b],
            self.f[a] - self.f[b],
            wrap(float(self.angle_rad[a] - self.angle_rad[b])),
        )

    @property
    def life(self) -> NDArray[np.int64]:
        """Return what every life counter shows (1,): the seconds since the beginning."""
        return np.array([(self.now_ns - self.start_ns) // SECOND])

    def volts_cell(self, bus: int) -> Cell:
        """Return what reads the voltage of a bus [V]."""
        return Cell(self, "v_pu", bus, float(self.nominal_v[bus]))

    @property
    def switch_current_a(self) -> NDArray[np.float64]:
        """Return the current through every switch, of its highest phase (n_switch,) [A]."""
        found = self._currents.get(self.flows_count)
        if found is None:
            found = self._measure_currents()
            self._currents = {self.flows_count: found}
        return found

    def _measure_currents(self) -> NDArray[np.float64]:
        source = self.switch_source
        volts = self.v_pu[source] * self.switch_volts
        carried = np.where(
            self.is_ac[source], np.hypot(self.switch_w, self.switch_var), np.abs(self.switch_w)
        )
        found = np.divide(carried, volts, out=np.zeros(len(volts)), where=volts > 0.0)
        if self.sequences is not None:
            lagging = np.arctan2(self.switch_var, self.switch_w)
            positive = found * np.exp(1j * (self.angle_rad[source] - lagging))
            found = phases(positive, *self.sequences)
        return found

    @property
    def switch_forward(self) -> NDArray[np.bool_]:
        """Return whether the current of every switch flows from source to load (n_switch,).

        As a directional relay of a characteristic angle of 45 degrees sees it: load and inductive
        short circuits alike.
        """
        return self.switch_w + self.switch_var > 0.0

    @property
    def switch_in_sync(self) -> NDArray[np.bool_]:
        """Return across which switches (n_switch,) a synchronism check would pass now."""
        return in_synchronism(self)

    def volts(self, bus: int) -> float:
        """Return the voltage of a bus [V]."""
        return self.v[bus] * float(self.nominal_v[bus])

    def current_a(self, bus: int, power_w: float, reactive_var: float) -> float:
        """Return the current that carries a power at the voltage of a bus [A]."""
        volts = self.volts(bus)
        if volts <= 0.0:
            return 0.0
        if self.is_ac[bus]:
            return math.hypot(power_w, reactive_var) / (math.sqrt(3.0) * volts)
        return abs(power_w) / volts

    def former_load_w(self, former: Former) -> float:
        """Return what the island of `former` consumes beside `former` [W].

        Losses of branches are those of the last solution.
        """
        island = self.island(former.bus)
        if island is None:
            return 0.0
        if island.faulted:
            return former.given_w
        p_w = self.p_w
        total = sum([p_w[slot] for slot in island.slots]) + island.loss_w
        return total - (0.0 if former.leads else p_w[former.slot])
