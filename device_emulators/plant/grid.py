"""The electrical state of the site at one instant, which every device reads and acts on.

Buses, switches, branches and *slots* (one consumption at one bus) are registered once; after that
devices move switches, set the power of their slots and read voltages. An AC island needs a
*former*, something that holds voltage and frequency by itself; of several the stiffest leads and
the others inject power. An island without one is dead at once (0 V).

`solve_dc` settles the direct-current nodes, `solve_ac` the islands; between them converters turn
what they give on one side into what they take on the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from device_emulators.plant import dc
from device_emulators.plant.network import AcModel, Branch
from device_emulators.plant.protection import DEAD_PU, LIVE_PU, Gap, wrap
from device_emulators.plant.thermal import Cooling
from device_emulators.plant.timers import Timers
from device_emulators.plant.topology import merge, sum_by, switch_flows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from daemon.model.plant import Site
    from device_emulators.plant.machine import Machine
    from device_emulators.plant.racks import Racks

SECOND: Final = 1_000_000_000
TANK_L: Final = 30_000.0
CHILLED_C: Final = 7.0

HAPPENINGS: Final = frozenset(
    {
        "close_refused",
        "closed",
        "daemon_present",
        "daemon_silent",
        "failed_to_close",
        "failed_to_open",
        "injected",
        "opened",
        "output_lost",
        "own_logic",
        "pickup",
        "sag_over",
        "shutdown_begun",
        "stage",
        "start_begun",
        "sync_expired",
        "transferred",
        "tripped",
        "unsynchronised_closing",
    }
)
"""Names of the events that a plant reports; `injected` is what a scenario did itself."""


@dataclass(frozen=True, slots=True)
class PlantEvent:
    """Something that happened in the plant.

    Attributes:
        at_ns: plant time [ns].
        source: equipment it happened to.
        name: stable name in snake case.
        text: one line for a person.
        fields: plain values.
    """

    at_ns: int
    source: str
    name: str
    text: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Closing:
    """Two live islands were joined outside the limits of a synchronism check.

    Attributes:
        at_ns: plant time [ns].
        switch: what joined them.
        gap: how far they were apart.
        cause: the command or fault that closed it.
    """

    at_ns: int
    switch: str
    gap: Gap
    cause: str


@dataclass(slots=True, eq=False)
class Former:
    """Something that can hold voltage and frequency of an AC island.

    Attributes:
        id: equipment id.
        bus: index of its bus.
        rank: the lowest rank of an island leads.
        short_circuit_va: stiffness behind which its voltage stands [VA].
        slot: its consumption while another leads.
        machine: rotating state, if it turns.
        able: it can form now.
        leads: it is the reference of its island now.
        voltage_pu: voltage it holds [pu].
        frequency_hz: its frequency [Hz].
        angle_rad: its angle in the frame of nominal frequency [rad].
        given_w: active power given to the bus [W].
        given_var: reactive power given to the bus [var].
    """

    id: str
    bus: int
    rank: int
    short_circuit_va: float
    slot: int
    machine: Machine | None = None
    able: bool = False
    leads: bool = False
    voltage_pu: float = 1.0
    frequency_hz: float = 60.0
    angle_rad: float = 0.0
    given_w: float = 0.0
    given_var: float = 0.0


@dataclass(slots=True)
class Island:
    """AC buses that turn together.

    Attributes:
        leader: its reference, or None when it is dead.
        members: every able former joined to it, the leader first.
        buses: indices of its buses.
        load_w: consumption of its slots and losses of its branches [W].
        load_va: the same as apparent power [VA].
        load_var: the same as reactive power [var].
        loss_w: losses of its branches [W].
        loss_var: reactive power its branches take [var].
    """

    leader: Former | None
    members: list[Former]
    buses: NDArray[np.intp]
    load_w: float = 0.0
    load_va: float = 0.0
    load_var: float = 0.0
    loss_w: float = 0.0
    loss_var: float = 0.0


@dataclass(slots=True, eq=False)
class DcPair:
    """A load at one or two DC buses.

    Attributes:
        bus_a: index of feed A.
        bus_b: index of feed B, the same for a single feed.
        demand_w: power it asks for [W].
        from_a_w: power taken from A [W].
        from_b_w: power taken from B [W].
    """

    bus_a: int
    bus_b: int
    demand_w: float = 0.0
    from_a_w: float = 0.0
    from_b_w: float = 0.0


@dataclass(slots=True)
class _Switch:
    id: str
    source: int
    load: int
    closed: bool


@dataclass(slots=True)
class _Live:
    """What belongs to one topology."""

    node: NDArray[np.intp]
    flows: Any
    islands: list[Island]
    island_of: NDArray[np.intp]
    model: AcModel | None
    model_bus: NDArray[np.intp]
    model_node: NDArray[np.intp]
    branch_rows: list[int]
    leaders: list[Former]
    slot_alive: NDArray[np.bool_]
    dc_nodes: dict[int, int]
    dc_sources: list[list[dc.DcSource]]
    dc_groups: list[tuple[dc.DcLoad, list[DcPair]]] = field(default_factory=list)


class Grid:
    """The shared electrical state, see the module docstring.

    Args:
        site: the site.
        rng: chance of the measurements.
        start_ns: plant time at the beginning [ns].
    """

    def __init__(self, site: Site, rng: np.random.Generator, start_ns: int) -> None:
        self.site: Final = site
        self.rng: Final = rng
        self.start_ns: Final = start_ns
        self.now_ns = start_ns
        self.nominal_hz: Final = site.frequency_hz
        self.timers: Final = Timers()
        self.events: list[PlantEvent] = []
        self.closings: list[Closing] = []
        self.bus_ids: Final = tuple(site.buses)
        self.bus: Final = {bus_id: i for i, bus_id in enumerate(site.buses)}
        self.nominal_v: Final = np.array([b.voltage_v for b in site.buses.values()])
        self.is_ac: Final = np.array([b.kind == "ac" for b in site.buses.values()], dtype=bool)
        n_bus = len(self.bus_ids)
        self.v_pu: NDArray[np.float64] = np.zeros(n_bus)
        self.angle_rad: NDArray[np.float64] = np.zeros(n_bus)
        self.hz: NDArray[np.float64] = np.zeros(n_bus)
        self.consumed_w: NDArray[np.float64] = np.zeros(n_bus)
        self.consumed_var: NDArray[np.float64] = np.zeros(n_bus)
        self.slot_bus: list[int] = []
        self.p_w: list[float] = []
        self.q_var: list[float] = []
        self.formers: list[Former] = []
        self.switches: list[_Switch] = []
        self.pickup_a: list[float] = []
        self.overloaded: frozenset[int] = frozenset()
        self.branches: list[Branch] = []
        self.branch_w: NDArray[np.float64] = np.zeros((0, 2))
        self.branch_var: NDArray[np.float64] = np.zeros((0, 2))
        self.switch_w: NDArray[np.float64] = np.zeros(0)
        self.switch_var: NDArray[np.float64] = np.zeros(0)
        self.dc_sources: list[dc.DcSource] = []
        self.pairs: list[DcPair] = []
        self.islands: list[Island] = []
        self.devices: dict[str, Any] = {}
        self.cooling = Cooling(
            float(site.emulation.get("site", {}).get("tank_l", TANK_L)), CHILLED_C
        )
        self.racks: Racks | None = None
        self.collapsed = False
        self.solves = 0
        self.topology_changed = True
        self._live: _Live | None = None
        self._slot_bus = np.zeros(0, np.intp)
        self._pickup_va = np.zeros(0)
        self._switch_source = np.zeros(0, np.intp)
        self._solved_for: tuple[Any, ...] = ()

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
        self.switches.append(_Switch(id_, self.bus[source], self.bus[load], closed))
        self.pickup_a.append(pickup_a)
        return len(self.switches) - 1

    def add_branch(
        self, id_: str, source: str, load: str, kind: str, ratings: dict[str, float]
    ) -> int:
        """Register a transformer or cable and return its number."""
        self.branches.append(Branch(id_, self.bus[source], self.bus[load], kind, ratings))
        return len(self.branches) - 1

    def add_dc_source(self, source: dc.DcSource) -> dc.DcSource:
        """Register something that feeds a DC bus."""
        self.dc_sources.append(source)
        return source

    def add_pair(self, bus_a: str, bus_b: str) -> DcPair:
        """Register a load at one or two DC buses."""
        self.pairs.append(DcPair(self.bus[bus_a], self.bus[bus_b]))
        return self.pairs[-1]

    # What devices do.

    def say(self, source: str, name: str, text: str, **fields: float | str) -> None:
        """Record that something happened now."""
        assert name in HAPPENINGS, name
        self.events.append(PlantEvent(self.now_ns, source, name, text, fields))

    def after(self, owner: str, name: str, delay_s: float, action: Callable[[], object]) -> None:
        """Call `action` in `delay_s` [s]."""
        self.timers.set(owner, name, self.now_ns + round(delay_s * SECOND), action)

    def set_able(self, former: Former, able: bool) -> None:
        """Say whether `former` can form now."""
        if former.able != able:
            former.able = able
            self.topology_changed = True

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

    # What devices see.

    def live(self, bus: int) -> bool:
        """Return whether a bus has voltage enough to be called live."""
        return bool(self.v_pu[bus] >= LIVE_PU)

    def dead(self, bus: int) -> bool:
        """Return whether a bus has too little voltage to matter."""
        return bool(self.v_pu[bus] <= DEAD_PU)

    def island(self, bus: int) -> Island | None:
        """Return the AC island a bus belongs to."""
        if self._live is None:
            return None
        number = int(self._live.island_of[bus])
        return self.islands[number] if number >= 0 else None

    def leader(self, bus: int) -> Former | None:
        """Return the reference of the island of a bus, or None when it is dead."""
        island = self.island(bus)
        return island.leader if island else None

    def same_island(self, a: int, b: int) -> bool:
        """Return whether two AC buses turn together."""
        return self._live is not None and self._live.island_of[a] == self._live.island_of[b]

    def gap(self, a: int, b: int) -> Gap | None:
        """Return how far bus `a` is from bus `b`, or None unless both are live AC."""
        if not (self.is_ac[a] and self.is_ac[b] and self.v_pu[a] > DEAD_PU < self.v_pu[b]):
            return None
        return Gap(
            float(self.v_pu[a] - self.v_pu[b]),
            float(self.hz[a] - self.hz[b]),
            wrap(float(self.angle_rad[a] - self.angle_rad[b])),
        )

    def volts(self, bus: int) -> float:
        """Return the voltage of a bus [V]."""
        return float(self.v_pu[bus] * self.nominal_v[bus])

    def switch_current_a(self, number: int) -> float:
        """Return the current through a switch [A]."""
        switch = self.switches[number]
        return self.current_a(
            switch.source, float(self.switch_w[number]), float(self.switch_var[number])
        )

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
        if island is None or self._live is None:
            return 0.0
        number = self._live.island_of[former.bus]
        inside = self._live.island_of[self._slot_bus] == number
        total = float(np.asarray(self.p_w)[inside].sum()) + island.loss_w
        return total - (0.0 if former.leads else self.p_w[former.slot])

    # Solving.

    def refresh(self) -> None:
        """Find nodes and islands anew if a switch or the ability of a former has changed."""
        if self.topology_changed:
            self._rebuild()

    def _rebuild(self) -> None:
        if len(self._slot_bus) != len(self.slot_bus):
            self._slot_bus = np.array(self.slot_bus, np.intp)
        n_bus = len(self.bus_ids)
        closed = [(i, s.source, s.load) for i, s in enumerate(self.switches) if s.closed]
        node = merge(n_bus, [(a, b) for _, a, b in closed])
        flows, _ = switch_flows(n_bus, closed)
        joined = [(int(node[b.source]), int(node[b.load])) for b in self.branches]
        island_of_node = merge(int(node.max()) + 1, joined)
        raw = island_of_node[node]
        self.islands, island_of = self._find_islands(raw)
        leaders = [i.leader for i in self.islands if i.leader is not None]
        for former in self.formers:
            former.leads = False
        for leader in leaders:
            leader.leads = True
        model, model_bus, model_node, rows = self._model(node, island_of, leaders)
        alive = np.zeros(n_bus, dtype=bool)
        alive[model_bus] = True
        self._live = _Live(
            node=node,
            flows=flows,
            islands=self.islands,
            island_of=island_of,
            model=model,
            model_bus=model_bus,
            model_node=model_node,
            branch_rows=rows,
            leaders=leaders,
            slot_alive=alive[self._slot_bus],
            dc_nodes={},
            dc_sources=[],
        )
        self._group_dc(node)
        self._solved_for = ()
        self.topology_changed = False

    def _find_islands(self, raw: NDArray[np.intp]) -> tuple[list[Island], NDArray[np.intp]]:
        island_of = np.full(len(raw), -1, np.intp)
        islands: list[Island] = []
        for number in np.unique(raw[self.is_ac]):
            buses = np.flatnonzero((raw == number) & self.is_ac)
            members = [f for f in self.formers if f.able and raw[f.bus] == number]
            members.sort(key=lambda f: f.rank)
            island_of[buses] = len(islands)
            islands.append(Island(members[0] if members else None, members, buses))
        return islands, island_of

    def _model(
        self, node: NDArray[np.intp], island_of: NDArray[np.intp], leaders: list[Former]
    ) -> tuple[AcModel | None, NDArray[np.intp], NDArray[np.intp], list[int]]:
        alive = np.array([i.leader is not None for i in self.islands] + [False])
        model_bus = np.flatnonzero(alive[island_of])
        if not len(model_bus):
            return None, model_bus, model_bus, []
        numbers, first, model_node = np.unique(
            node[model_bus], return_index=True, return_inverse=True
        )
        place = {int(n): i for i, n in enumerate(numbers)}
        rows = [i for i, b in enumerate(self.branches) if int(node[b.source]) in place]
        model = AcModel(
            nominal_v=[float(self.nominal_v[model_bus[i]]) for i in first],
            branches=[
                (
                    place[int(node[self.branches[i].source])],
                    place[int(node[self.branches[i].load])],
                    self.branches[i],
                )
                for i in rows
            ],
            sources=[(place[int(node[f.bus])], f.short_circuit_va) for f in leaders],
            frequency_hz=self.nominal_hz,
        )
        return model, model_bus, model_node, rows

    def _group_dc(self, node: NDArray[np.intp]) -> None:
        live = self._live
        assert live is not None
        for bus in np.flatnonzero(~self.is_ac):
            live.dc_nodes.setdefault(int(node[bus]), len(live.dc_nodes))
        live.dc_sources = [[] for _ in live.dc_nodes]
        for source in self.dc_sources:
            live.dc_sources[live.dc_nodes[int(node[source.bus])]].append(source)
        groups: dict[tuple[int, int], tuple[dc.DcLoad, list[DcPair]]] = {}
        for pair in self.pairs:
            a, b = (live.dc_nodes[int(node[x])] for x in (pair.bus_a, pair.bus_b))
            group = groups.setdefault((a, b), (dc.DcLoad(a, b, 0.0), []))
            group[1].append(pair)
        live.dc_groups = list(groups.values())

    def solve_dc(self) -> None:
        """Settle the DC nodes for the present demands and limits."""
        live = self._live
        assert live is not None
        if not live.dc_nodes:
            return
        v_pu = [0.0] * len(live.dc_nodes)
        buses = np.flatnonzero(~self.is_ac)
        places = [live.dc_nodes[int(live.node[bus])] for bus in buses]
        for bus, place in zip(buses, places, strict=True):
            v_pu[place] = float(self.v_pu[bus])
        for load, pairs in live.dc_groups:
            load.demand_w = sum(pair.demand_w for pair in pairs)
        dc.solve(v_pu, live.dc_sources, [load for load, _ in live.dc_groups])
        for bus, place in zip(buses, places, strict=True):
            self.v_pu[bus] = v_pu[place]
        for load, pairs in live.dc_groups:
            for pair in pairs:
                pair.from_a_w = pair.demand_w * load.from_a_pu
                pair.from_b_w = pair.demand_w * load.from_b_pu

    def estimate_loads(self) -> None:
        """Sum what the islands are about to carry, with the losses of the last solution."""
        live = self._live
        assert live is not None
        p, q = np.array(self.p_w), np.array(self.q_var)
        own = [f.slot for f in self.formers if f.able]
        p[own] = q[own] = 0.0
        slot_island = live.island_of[self._slot_bus]
        for number, island in enumerate(self.islands):
            if island.leader is not None:
                inside = slot_island == number
                island.load_w = float(p[inside].sum()) + island.loss_w
                island.load_var = float(q[inside].sum()) + island.loss_var
                island.load_va = math.hypot(island.load_w, island.load_var)

    def solve_ac(self) -> None:
        """Solve the live islands for the present powers and source voltages."""
        live = self._live
        assert live is not None
        for leader in live.leaders:
            self.p_w[leader.slot] = self.q_var[leader.slot] = 0.0
        p, q = np.array(self.p_w), np.array(self.q_var)
        dead = ~live.slot_alive
        p[dead] = q[dead] = 0.0  # nothing flows at a dead bus, whatever its load would like
        self.p_w, self.q_var = p.tolist(), q.tolist()
        sources = [(f.voltage_pu, f.angle_rad, f.frequency_hz) for f in live.leaders]
        if (
            self._solved_for
            and self._solved_for[2] == sources
            and np.array_equal(self._solved_for[0], p)
            and np.array_equal(self._solved_for[1], q)
        ):
            self._flows(live, p, q)
            return
        self.solves += 1
        ac = self.is_ac
        self.v_pu[ac] = self.angle_rad[ac] = self.hz[ac] = 0.0
        n_bus = len(self.bus_ids)
        bus_w = sum_by(self._slot_bus, p, n_bus)
        bus_var = sum_by(self._slot_bus, q, n_bus)
        self.branch_w = np.zeros((len(self.branches), 2))
        self.branch_var = np.zeros((len(self.branches), 2))
        if live.model is not None:
            n_node = int(live.model_node.max()) + 1
            solution = live.model.solve(
                [s[0] for s in sources],
                [wrap(s[1]) for s in sources],
                sum_by(live.model_node, bus_w[live.model_bus], n_node),
                sum_by(live.model_node, bus_var[live.model_bus], n_node),
            )
            self.v_pu[live.model_bus] = solution.v_pu[live.model_node]
            self.angle_rad[live.model_bus] = solution.angle_rad[live.model_node]
            self.branch_w[live.branch_rows] = solution.branch_w
            self.branch_var[live.branch_rows] = solution.branch_var
            self.collapsed = solution.collapsed
            if solution.collapsed:
                self._scale_to_voltage(p, q)
            for i, leader in enumerate(live.leaders):
                leader.given_w = float(solution.source_w[i])
                leader.given_var = float(solution.source_var[i])
        self._sum_islands(live, p, q)
        self._solved_for = (np.array(self.p_w), np.array(self.q_var), sources)
        self._flows(live, p, q)

    def _scale_to_voltage(self, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
        square = self.v_pu[self._slot_bus] ** 2
        where = self.is_ac[self._slot_bus]
        p[where] *= square[where]
        q[where] *= square[where]
        self.p_w, self.q_var = p.tolist(), q.tolist()

    def _sum_islands(self, live: _Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
        slot_island = live.island_of[self._slot_bus]
        loss = self.branch_w.sum(axis=1)
        loss_var = self.branch_var.sum(axis=1)
        branch_island = np.array([live.island_of[b.source] for b in self.branches], np.intp)
        for number, island in enumerate(self.islands):
            if island.leader is None:
                island.load_w = island.load_va = island.load_var = 0.0
                island.loss_w = island.loss_var = 0.0
                continue
            self.hz[island.buses] = island.leader.frequency_hz
            own = {f.slot for f in island.members}
            inside = [i for i in np.flatnonzero(slot_island == number) if i not in own]
            island.loss_w = float(loss[branch_island == number].sum())
            island.loss_var = float(loss_var[branch_island == number].sum())
            load_var = float(q[inside].sum()) + island.loss_var
            island.load_w = float(p[inside].sum()) + island.loss_w
            island.load_var = load_var
            island.load_va = math.hypot(island.load_w, load_var)
            for former in island.members[1:]:
                former.given_w, former.given_var = -p[former.slot], -q[former.slot]

    def _flows(self, live: _Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
        n_bus = len(self.bus_ids)
        used_w = sum_by(self._slot_bus, p, n_bus)
        used_var = sum_by(self._slot_bus, q, n_bus)
        for row in live.branch_rows:
            branch = self.branches[row]
            used_w[branch.source] += self.branch_w[row, 0]
            used_w[branch.load] += self.branch_w[row, 1]
            used_var[branch.source] += self.branch_var[row, 0]
            used_var[branch.load] += self.branch_var[row, 1]
        for leader in live.leaders:
            used_w[leader.bus] -= leader.given_w
            used_var[leader.bus] -= leader.given_var
        for source in self.dc_sources:
            used_w[source.bus] -= source.given_w
        for pair in self.pairs:
            used_w[pair.bus_a] += pair.from_a_w
            used_w[pair.bus_b] += pair.from_b_w
        self.consumed_w, self.consumed_var = used_w, used_var
        n_switch = len(self.switches)
        self.switch_w, self.switch_var = np.zeros(n_switch), np.zeros(n_switch)
        flows_w, flows_var = live.flows @ used_w, live.flows @ used_var
        self.switch_w[: len(flows_w)] = flows_w
        self.switch_var[: len(flows_var)] = flows_var
        self._find_overloaded()

    def _find_overloaded(self) -> None:
        if len(self._pickup_va) != len(self.switches):
            source = np.array([s.source for s in self.switches], np.intp)
            factor = np.where(self.is_ac[source], math.sqrt(3.0), 1.0) * self.nominal_v[source]
            self._pickup_va = np.array(self.pickup_a) * factor
            self._switch_source = source
        volts = self.v_pu[self._switch_source]
        limit = self._pickup_va * np.where(volts > 0.0, volts, np.nan)
        above = np.hypot(self.switch_w, self.switch_var) > limit
        self.overloaded = frozenset(np.flatnonzero(above).tolist())
