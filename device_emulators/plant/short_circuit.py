"""The network under short circuits: who feeds them, what flows, and what every bus still has.

An island with a short circuit is solved by power-grid-model like any other, but linear: the fault
is an admittance at its node, every source stands behind its short-circuit impedance, and loads are
admittances that are found again until they take constant power; below 0.7 pu they stay as they are
and power falls with the square of the voltage. Earth faults and faults between two phases put the
impedances of the negative and zero sequence in series with that of the fault (`earthing` has the
zero sequence), so voltages here are those of the positive sequence, and phase currents are put
together from the three; through transformers, which are Dyn, the negative sequence is turned back.

What a source gives stands in `feeding`; here a converter gives way when a phase reaches its limit,
by lowering its voltage. Bolted means a millionth of an ohm.

Simplified: no direct-current component, so currents are symmetrical ones; rotors of one island keep
their angles to each other; negative-sequence impedances as in the positive sequence; two unbalanced
faults in one island do not know of each other.

Source: IEC 60909-0 (equivalent circuits of unbalanced faults).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.earthing import ANGLE, ZeroSequence, zero_sequence
from device_emulators.plant.network import AcModel, Branch, Solution
from device_emulators.plant.topology import sum_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from device_emulators.plant.earthing import Neutral
    from device_emulators.plant.elements import Fault, Former
    from device_emulators.plant.grid import Grid

BOLTED_OHM: Final = 1e-6
CONSTANT_PU: Final = 0.7
"""Voltage below which loads are impedances."""
_ROUNDS: Final = 40
_LOAD_W: Final = 0.5
_LIMITED: Final = 1e-3
_SQRT3: Final = math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class FaultSolution:
    """What short circuits make of their islands.

    Attributes:
        network: voltages and branch flows of the nodes.
        slot_pu: part of its power that the load of each slot takes (n_slot,).
        given_va: power given by every feed (n_feed,) [VA].
        fault_va: power into every fault, the other sequences with it (n_fault,) [VA].
        fault_a: current of every fault, of its phase or phases (n_fault,) [A].
        negative_a: negative-sequence current that buses consume (n_bus,) [A], or None without.
        zero_a: zero-sequence current that buses consume (n_bus,) [A], or None without.
    """

    network: Solution
    slot_pu: NDArray[np.float64]
    given_va: NDArray[np.complex128]
    fault_va: NDArray[np.complex128]
    fault_a: NDArray[np.float64]
    negative_a: NDArray[np.complex128] | None
    zero_a: NDArray[np.complex128] | None


def phases(
    positive: NDArray[np.complex128],
    negative: NDArray[np.complex128],
    zero: NDArray[np.complex128],
) -> NDArray[np.float64]:
    """Return the highest of the phase currents made of three sequences, each (n,)."""
    turn = cmath.exp(2j * math.pi / 3.0)
    found: NDArray[np.float64] = np.abs(positive + negative + zero)
    for a in (turn, turn.conjugate()):
        np.maximum(found, np.abs(positive * a.conjugate() + negative * a + zero), out=found)
    return found


def _turned(grid: Grid, zone: NDArray[np.intp], buses: Sequence[int]) -> NDArray[np.complex128]:
    """Return by how much the negative sequence of each bus (n_bus,) turns against the positive one.

    Every transformer on the way from a fault at `buses` turns one by 30 degrees, the other back.
    """
    found = np.ones(len(zone), np.complex128)
    joined = [
        (int(zone[b.source]), int(zone[b.load])) for b in grid.branches if b.kind == "transformer"
    ]
    front = {int(zone[bus]) for bus in buses}
    seen, turn, angle = set(front), cmath.exp(1j * math.pi / 3.0), 1.0 + 0j
    while front:
        found[np.isin(zone, list(front))] = angle
        reached = {y for pair in joined for x, y in (pair, pair[::-1]) if x in front}
        front = reached - seen
        seen |= front
        angle *= turn
    return found


class FaultModel:
    """The islands with short circuits of one topology.

    Args:
        grid: the grid.
        node: node of every bus (n_bus,).
        bus: buses of these islands (n_live,).
        leaders: leader of the island of each of them, by bus.
        faults: short circuits in them, each with the neutrals that earth its zone.
        zone: zone of every bus (n_bus,).
    """

    def __init__(
        self,
        grid: Grid,
        node: NDArray[np.intp],
        bus: NDArray[np.intp],
        leaders: dict[int, Former],
        faults: Sequence[tuple[Fault, Sequence[Neutral]]],
        zone: NDArray[np.intp],
    ) -> None:
        self._grid = grid
        numbers, first, self.node = np.unique(node[bus], return_index=True, return_inverse=True)
        place = {int(n): i for i, n in enumerate(numbers)}
        self.bus, self.faults = bus, [fault for fault, _ in faults]
        self.branches = [i for i, b in enumerate(grid.branches) if int(node[b.source]) in place]
        inside = set(bus.tolist())
        self._inside = [f for f in grid.feeds if f.bus in inside]
        self.feeds = [
            f
            for f in self._inside
            if (f.gives(grid.p_w) if f.former or f.began_ns is None else f.giving)
        ]
        self._leaders = [leaders[feed.bus] for feed in self.feeds]
        self._feed_node = [place[int(node[feed.bus])] for feed in self.feeds]
        self._fault_node = [place[int(node[fault.bus])] for fault in self.faults]
        self._volts = np.array([float(grid.nominal_v[bus[i]]) for i in first]) / _SQRT3
        ends: list[tuple[int, int, Branch]] = [
            (place[int(node[b.source])], place[int(node[b.load])], b)
            for b in (grid.branches[i] for i in self.branches)
        ]
        self._ends = np.array([(a, b) for a, b, _ in ends], np.intp).reshape(-1, 2)
        self._model = AcModel(
            nominal_v=[float(grid.nominal_v[bus[i]]) for i in first],
            branches=ends,
            sources=[
                (n, feed.short_circuit_va)
                for n, feed in zip(self._feed_node, self.feeds, strict=True)
            ],
            frequency_hz=grid.nominal_hz,
            shunts=self._fault_node,
        )
        self._zero: list[ZeroSequence | None] = [
            zero_sequence(grid, node, fault.bus, zone, earths) if fault.kind == "earth" else None
            for fault, earths in faults
        ]
        self._unbalanced = [fault.kind != "three_phase" for fault in self.faults]
        self._turned = _turned(grid, zone, [f.bus for f in self.faults if f.kind != "three_phase"])
        self._shunt_s: list[complex] = []
        self._fixed_pu = np.ones(len(numbers))
        self._given_way: dict[int, complex] = {}
        self._begin()

    def _begin(self) -> None:
        """Take the voltages behind the impedances of those that have not fed a fault before."""
        grid = self._grid
        for feed, leader in zip(self.feeds, self._leaders, strict=True):
            if feed.began_ns is not None or feed.stiff:
                continue
            feed.began_ns, feed.severity = grid.now_ns, 0.0
            if grid.v[feed.bus] <= 0.0:
                feed.emf = 1.0
                continue
            former = feed.former
            given = complex(-grid.p_w[feed.slot], -grid.q_var[feed.slot])
            if former is not None and (former.leads or former.given_w or former.given_var):
                given = complex(former.given_w, former.given_var)
            angle = float(grid.angle_rad[feed.bus]) - leader.angle_rad
            volts = cmath.rect(grid.v[feed.bus], angle)
            feed.emf = volts + ANGLE * (given / volts).conjugate() / feed.short_circuit_va

    def fed_by_machines_since(self, since_ns: int) -> bool:
        """Return whether a machine has begun to feed it after `since_ns`."""
        return any(
            feed.decay is not None and feed.began_ns is not None and feed.began_ns > since_ns
            for feed in self.feeds
        )

    def changed(self) -> bool:
        """Return whether somebody wants to feed who did not when it was made, or no longer."""
        for feed in self._inside:
            feed.giving = feed.gives(self._grid.p_w)
        return [feed for feed in self._inside if feed.giving] != self.feeds

    def emfs(self) -> list[complex]:
        """Return the voltages behind the impedances now, by the angles of the grid [pu]."""
        now_ns = self._grid.now_ns
        return [
            cmath.rect(leader.voltage_pu, leader.angle_rad)
            if feed.stiff
            else feed.emf * feed.part(now_ns) * cmath.exp(1j * leader.angle_rad)
            for feed, leader in zip(self.feeds, self._leaders, strict=True)
        ]

    def solve(self, p: NDArray[np.float64], q: NDArray[np.float64]) -> FaultSolution:
        """Return the solution for the powers that all slots would like (n_slot,) [W, var]."""
        part = self._grid.live_part
        slots = np.array(p), np.array(q)
        for values in slots:
            values[[feed.slot for feed in self.feeds]] = 0.0
        at_bus = [sum_by(part.slot_bus, v, len(self._grid.bus_ids))[self.bus] for v in slots]
        count = len(self._fixed_pu)
        load = (sum_by(self.node, at_bus[0], count), sum_by(self.node, at_bus[1], count))
        if not self._shunt_s:
            for feed in self.feeds:
                feed.severity = 0.0
            self._shunt_s = self._shunts(self.emfs(), load)
            self._judge(self._settle(self.emfs(), load)[1])
        return self._answer(at_bus, *self._settle(self.emfs(), load))

    def _linear(
        self,
        emfs: Sequence[complex],
        load: tuple[NDArray[np.float64], NDArray[np.float64]],
        shunt_s: Sequence[complex],
    ) -> tuple[Solution, NDArray[np.complex128], NDArray[np.complex128]]:
        """Return the solution, the voltages of the nodes and the currents of the feeds [pu]."""
        p, q = load
        solution = self._model.solve_linear(
            [abs(emf) for emf in emfs],
            [cmath.phase(emf) for emf in emfs],
            p * self._fixed_pu,
            q * self._fixed_pu,
            shunt_s,
        )
        volts = solution.v_pu * np.exp(1j * solution.angle_rad)
        reactances = np.array([feed.reactance_pu for feed in self.feeds])
        current = (np.array(emfs) - volts[self._feed_node]) / (ANGLE * reactances)
        return solution, volts, current

    def _shunts(
        self, emfs: Sequence[complex], load: tuple[NDArray[np.float64], NDArray[np.float64]]
    ) -> list[complex]:
        """Return what stands for every fault in the positive sequence [S]."""
        bolted = 1.0 / BOLTED_OHM
        found = [1.0 / max(fault.resistance_ohm, BOLTED_OHM) + 0j for fault in self.faults]
        balanced = [
            0j if unbalanced else y for y, unbalanced in zip(found, self._unbalanced, strict=True)
        ]
        for i, (fault, zero) in enumerate(zip(self.faults, self._zero, strict=True)):
            if not self._unbalanced[i]:
                continue
            node = self._fault_node[i]
            before = self._linear(emfs, load, balanced)[1][node]
            shorted = [bolted if i == j else y for j, y in enumerate(balanced)]
            after = self._linear(emfs, load, shorted)[1][node]
            inner_ohm = before / (after * bolted)
            resistance = max(fault.resistance_ohm, BOLTED_OHM)
            more = 3.0 * resistance + zero.impedance_ohm if zero is not None else resistance
            found[i] = 1.0 / (complex(inner_ohm) + more)
        return found

    def _judge(self, volts: NDArray[np.complex128]) -> None:
        """Tell the machines how near the fault is."""
        for feed, node in zip(self.feeds, self._feed_node, strict=True):
            left = abs(volts[node]) / max(abs(feed.emf), 1e-3)
            feed.severity = min(max(1.0 - left, 0.0), 1.0)

    def _settle(
        self, emfs: list[complex], load: tuple[NDArray[np.float64], NDArray[np.float64]]
    ) -> tuple[Solution, NDArray[np.complex128], list[complex], NDArray[np.complex128]]:
        """Solve until loads take their power and converters keep their limits."""
        held = list(emfs)
        for k, part in self._given_way.items():
            held[k] = emfs[k] * part
        before: dict[int, tuple[complex, complex]] = {}
        size = np.hypot(*load)
        for _ in range(_ROUNDS):
            solution, volts, current = self._linear(held, load, self._shunt_s)
            fixed_pu = 1.0 / np.maximum(solution.v_pu, CONSTANT_PU) ** 2
            off_w = np.abs(fixed_pu - self._fixed_pu) * solution.v_pu**2 * size
            moved = self._yield(emfs, held, volts, current, load, before)
            if not moved and float(off_w.max(initial=0.0)) < _LOAD_W:
                break
            self._fixed_pu = fixed_pu
        else:
            solution, volts, current = self._linear(held, load, self._shunt_s)
        self._given_way = {
            k: held[k] / emfs[k] for k in range(len(emfs)) if held[k] != emfs[k] and emfs[k]
        }
        return solution, volts, held, current

    def _yield(
        self,
        emfs: Sequence[complex],
        held: list[complex],
        volts: NDArray[np.complex128],
        current: NDArray[np.complex128],
        load: tuple[NDArray[np.float64], NDArray[np.float64]],
        before: dict[int, tuple[complex, complex]],
    ) -> bool:
        """Move the voltages of converters towards their limits; return whether any moved."""
        limited = [k for k, feed in enumerate(self.feeds) if feed.limit_pu < math.inf]
        if not limited:
            return False
        highest = self._highest(held, volts, current, load)
        moved = False
        for k in limited:
            limit, now = self.feeds[k].limit_pu, complex(current[k])
            excess = float(highest[k]) / limit
            if abs(excess - 1.0) <= _LIMITED or (excess < 1.0 and held[k] == emfs[k]):
                continue
            wanted = now / max(excess, 1e-6)
            last = before.get(k)
            before[k] = held[k], now
            slope = 1.0 / (ANGLE * self.feeds[k].reactance_pu)
            if last is not None and last[0] != held[k] and last[1] != now:
                slope = (now - last[1]) / (held[k] - last[0])
            held[k] += (wanted - now) / slope
            if abs(held[k]) > abs(emfs[k]):
                held[k] = emfs[k]
            moved = True
        return moved

    def _highest(
        self,
        held: Sequence[complex],
        volts: NDArray[np.complex128],
        current: NDArray[np.complex128],
        load: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        """Return the highest phase current of every feed (n_feed,) [pu]."""
        if not any(self._unbalanced):
            return np.abs(current)
        without = self._linear(held, load, self._balanced())[2]
        turned = self._turned[[feed.bus for feed in self.feeds]]
        negative = self._sign() * turned * (current - without)
        zero = np.zeros(len(current), np.complex128)
        for i, sequence in enumerate(self._zero):
            if sequence is None:
                continue
            node = self._fault_node[i]
            fault_a = self._shunt_s[i] * volts[node] * self._volts[node]
            for k, feed in enumerate(self.feeds):
                rated_a = feed.rated_va / (3.0 * self._volts[self._feed_node[k]])
                zero[k] += sequence.shares.get(feed.id, 0.0) * fault_a / rated_a
        return phases(current, negative, zero)

    def _balanced(self) -> list[complex]:
        return [0j if u else y for y, u in zip(self._shunt_s, self._unbalanced, strict=True)]

    def _sign(self) -> float:
        """Return how the negative sequence at the fault stands to the positive."""
        first = next(f for f, u in zip(self.faults, self._unbalanced, strict=True) if u)
        return 1.0 if first.kind == "earth" else -1.0

    def _answer(
        self,
        at_bus: Sequence[NDArray[np.float64]],
        solution: Solution,
        volts: NDArray[np.complex128],
        held: list[complex],
        current: NDArray[np.complex128],
    ) -> FaultSolution:
        part = self._grid.live_part
        rated = np.array([feed.rated_va for feed in self.feeds])
        given = volts[self._feed_node] * current.conj() * rated
        shunts = np.array(self._shunt_s)
        fault_v = volts[self._fault_node]
        phase_v = self._volts[self._fault_node]
        fault_a = shunts * fault_v * phase_v
        factor = {"three_phase": 1.0, "phase_phase": _SQRT3, "earth": 3.0}
        taken = self._fixed_pu * solution.v_pu**2
        at_slot = np.zeros(len(self._grid.bus_ids))
        at_slot[self.bus] = taken[self.node]
        negative = zero = None
        if any(self._unbalanced):
            negative, zero = self._other_sequences(at_bus, held, solution, volts, fault_a)
        return FaultSolution(
            network=solution,
            slot_pu=at_slot[part.slot_bus],
            given_va=given,
            fault_va=3.0 * np.abs(fault_v * phase_v) ** 2 * shunts.conj(),
            fault_a=np.abs(fault_a) * [factor[fault.kind] for fault in self.faults],
            negative_a=negative,
            zero_a=zero,
        )

    def _other_sequences(
        self,
        at_bus: Sequence[NDArray[np.float64]],
        held: list[complex],
        solution: Solution,
        volts: NDArray[np.complex128],
        fault_a: NDArray[np.complex128],
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Return the negative- and zero-sequence currents that buses consume (n_bus,) [A].

        The negative sequence has the impedances of the positive one and no sources, so its currents
        are what the fault adds to those of the positive sequence.
        """
        n_bus, count = len(self._grid.bus_ids), len(self._fixed_pu)
        load = (sum_by(self.node, at_bus[0], count), sum_by(self.node, at_bus[1], count))
        without, volts_without, _ = self._linear(held, load, self._balanced())
        with_a = self._consumed_a(at_bus, held, solution, volts, fault_a)
        shunts = np.array(self._balanced())
        balanced_a = shunts * volts_without[self._fault_node] * self._volts[self._fault_node]
        without_a = self._consumed_a(at_bus, held, without, volts_without, balanced_a)
        zero = np.zeros(n_bus, np.complex128)
        for current, sequence in zip(fault_a, self._zero, strict=True):
            if sequence is not None:
                zero += current * sequence.consumed
        return self._sign() * self._turned * (with_a - without_a), zero

    def _consumed_a(
        self,
        at_bus: Sequence[NDArray[np.float64]],
        held: Sequence[complex],
        solution: Solution,
        volts: NDArray[np.complex128],
        fault_a: NDArray[np.complex128],
    ) -> NDArray[np.complex128]:
        """Return the positive-sequence current that every bus consumes (n_bus,) [A]."""
        found = np.zeros(len(self._grid.bus_ids), np.complex128)
        scale = (self._fixed_pu * volts / (3.0 * self._volts))[self.node]
        found[self.bus] = (at_bus[0] - 1j * at_bus[1]) * scale
        for side, number in ((0, "source"), (1, "load")):
            va = solution.branch_w[:, side] + 1j * solution.branch_var[:, side]
            ends = self._ends[:, side]
            amps = (va / (3.0 * volts[ends] * self._volts[ends])).conj()
            buses = [getattr(self._grid.branches[i], number) for i in self.branches]
            np.add.at(found, buses, amps)
        for k, feed in enumerate(self.feeds):
            node = self._feed_node[k]
            pu = (held[k] - volts[node]) / (ANGLE * feed.reactance_pu)
            found[feed.bus] -= pu * feed.rated_va / (3.0 * self._volts[node])
        for fault, amps in zip(self.faults, fault_a, strict=True):
            found[fault.bus] += amps
        return found
