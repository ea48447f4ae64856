"""What must never be joined: two sources out of step, a dead grid, an earthed or a faulted bus.

Nor a board that people hold off, by emergency power off, fire trip or a tag (`at_work`).

The rule has two halves.

*Made by us.* A contact that closed by a command of ours must not have joined live islands out of
step (beyond `TOUCH` times the limits of the synchronism check that times it), energised a utility
that is gone or an earthed line, brought voltage to a dead bus with a standing fault (87 of its
relay, or a feeder of it locked out on 50, 51 or 67) or that people hold off, nor paralleled
transformers of low voltage. A source that comes up because we told it to (a set that runs up,
storage that forms, a UPS that goes to its inverter) must not do so on a bus that another source
holds, onto a short circuit, at any of these places, nor while people have it at its panel. None
of these is allowed for a moment.

*Standing.* Whoever made it, a utility that is gone is fed back no longer than loss-of-mains
protection takes (`BACKFED_S`), and two sources or two transformers side by side are an overlap of a
closed transition and part within `OVERLAP_S`. A breaker in the way that a fault holds is no excuse
for ever: `STUCK_S` is what opening another one takes.

Cannot see: an earthed line that the returning grid itself energises is protection's affair and is
not judged. A closing that a phase jump or another happening of the scenario overtook within
`OVERTAKEN_S` is the environment's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Final

from daemon.model.quantities import ns, seconds
from daemon.rehearsal.oracles.at_work import SEEN_S, AtWork
from daemon.rehearsal.oracles.oneline import StandingFaults
from daemon.rehearsal.oracles.oracle import Oracle
from device_emulators.faults.words import OF_INSTRUMENTS
from device_emulators.plant.protection import SYNC_HZ, SYNC_PU, SYNC_RAD
from device_emulators.plant.topology import merge
from device_emulators.selection import DAEMON, GATEWAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.live import Live

OURS: Final = "command"
"""What the plant gives as the cause of a contact that a command moved."""
BACKFED_S: Final = 0.6
OVERLAP_S: Final = 0.1
STUCK_S: Final = 1.5
OVERTAKEN_S: Final = 0.1
TOUCH: Final = 2.0
"""A 25 that timed the close may find the limits this much exceeded when the contacts touch."""
LOW_VOLTAGE_V: Final = 1000.0
LIVE_PU: Final = 0.8
"""Voltage with which a bus was fed before."""
COMES_UP: Final = frozenset({"start", "test", "grid_forming", "to_inverter"})
"""Orders by which a source begins to hold voltage."""
OVERTAKES: Final = frozenset({"fault", "hold_close"})
"""What the environment may do to a bus after a source has been told to come up on it."""
HOLDING: Final = frozenset({"breaker", "transfer_switch", "switchgear_controller", GATEWAY, DAEMON})
"""Natures whose faults keep what is joined from being parted at once."""


@dataclass(slots=True)
class _Standing:
    """Something that is so and must end.

    Attributes:
        since_ns: since when [ns].
        what: for a person.
        limit_s: how long it may last [s].
        told: it was put on record.
    """

    since_ns: int
    what: str
    limit_s: float
    told: bool = False


class Parallel(Oracle):
    """Two sources out of step, a dead grid, an earthed or a faulted bus."""

    name: ClassVar = "parallel"
    unit: ClassVar = "s"

    def begin(self, scene: Scene) -> None:
        """Learn where sources, transformers and earthing switches are."""
        super().begin(scene)
        grid = self.grid
        self._utilities = self.devices("utility")
        self._earths = self.devices("earthing_switch")
        self._transformers = [
            (e.id, grid.bus[e.buses[0]], grid.bus[e.buses[1]])
            for e in self.site.of_nature("transformer")
        ]
        self._faults = StandingFaults(scene)
        self._closings = len(grid.closings)
        self._topology: Live | None = None
        self._sourced: set[int] = set()
        self._standing: dict[str, _Standing] = {}
        self._side_by_side: dict[str, tuple[str, float]] = {}
        self._before_pu = grid.v_pu.copy()
        self._ours = 0
        self._at_work = AtWork(scene, self.timeline)
        self._told_ns: dict[str, int] = {}
        self._called_ns: dict[str, int] = {}
        self._able = {former.id for former in grid.formers if former.able}
        self._together: dict[str, str] = {}
        self._before_rad: dict[str, float] = {}

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """Note what we tell to whom, and who is to hold voltage because of it."""
        if point == "command" and taken and value:
            action = self.site.equipment[equipment].kind.points[point].states[int(value)]
            self._told_ns[equipment] = now_ns
            if action in COMES_UP:
                self._called_ns[equipment] = now_ns
            else:
                self._called_ns.pop(equipment, None)

    def judged(self, now_ns: int) -> str:
        """Return how many contacts closed by a command of ours."""
        return f"{self._ours} contacts closed by us"

    def look(self, now_ns: int) -> None:
        """Look at what has just closed, and at what still stands."""
        grid = self.grid
        moved = grid.live_part is not self._topology
        if moved:
            closed = [
                (e.source, str(e.fields.get("cause", "")))
                for e in self.fresh()
                if e.name in {"closed", "transferred"}
            ]
            ours = [(id_, self._told_ns.get(id_, 0)) for id_, cause in closed if cause == OURS]
            self._judge_closed(now_ns, ours)
            self._judge_come_up(now_ns)
            self._judge_closings(now_ns)
            self._judge_at_once(now_ns, closed)
            self._topology = grid.live_part
            self._together = {
                f.id: island.members[0].id for island in grid.islands for f in island.members
            }
            self._sourced = {
                int(bus) for i in grid.islands if i.leader is not None for bus in i.buses
            }
            self._side_by_side = dict(self._joined())
        joined = self._side_by_side | dict(self._backfed())
        if joined or self._standing:
            self._watch(now_ns, joined)
        self._before_pu = grid.v_pu.copy()
        self._before_rad = {f.id: f.angle_rad for f in grid.formers if f.able}

    # What we closed.

    def _judge_closings(self, now_ns: int) -> None:
        new = self.grid.closings[self._closings :]
        self._closings = len(self.grid.closings)
        for closing in new:
            overtaken = any(
                f.from_ns > now_ns - ns(OVERTAKEN_S) for f in self.timeline.acting(now_ns, now_ns)
            )
            gap = closing.gap
            touched = (
                abs(gap.voltage_pu) <= TOUCH * SYNC_PU
                and abs(gap.slip_hz) <= TOUCH * SYNC_HZ
                and abs(gap.angle_rad) <= TOUCH * SYNC_RAD
            )
            if closing.cause == OURS and not overtaken and not touched:
                self.blame(
                    closing.at_ns,
                    f"{closing.switch} joined two live sources out of step: {gap.slip_hz:.2f} Hz,"
                    f" {gap.angle_rad:.2f} rad, {gap.voltage_pu:.2f} pu",
                )

    def _judge_at_once(self, now_ns: int, closed: list[tuple[str, str]]) -> None:
        """Judge contacts that met on a dead bus in one instant: no gap was there to be measured."""
        if len(closed) < 2 or OURS not in {cause for _, cause in closed}:
            return
        before, apart_rad = self._together, self._before_rad
        for island in self.grid.islands:
            held = [f.id for f in island.members if f.id in before and f.id in apart_rad]
            for id_ in held[1:]:
                gap_rad = abs(math.remainder(apart_rad[id_] - apart_rad[held[0]], math.tau))
                if before[id_] != before[held[0]] and gap_rad > TOUCH * SYNC_RAD:
                    names = " and ".join(name for name, _ in closed)
                    text = f"{names} joined {held[0]} and {id_} at once, {gap_rad:.2f} rad apart"
                    self.blame(now_ns, text)

    def _judge_closed(self, now_ns: int, ours: list[tuple[str, int]]) -> None:
        if not ours:
            return
        self._ours += len(ours)
        node = self._nodes()
        for id_, ordered_ns in ours:
            here = {int(node[bus]) for bus in self.plant.devices[id_].buses}
            self._judge_fed(now_ns, id_, ordered_ns, here, node)
            for pair in self._paralleled(node, low=True):
                if here & {int(node[bus]) for _, _, bus in pair}:
                    names = " and ".join(name for name, _, _ in pair)
                    self.blame(now_ns, f"{id_} paralleled {names}")

    def _judge_fed(
        self, now_ns: int, id_: str, ordered_ns: int, here: set[int], node: list[int]
    ) -> None:
        at_work = self._at_work.places(ordered_ns, now_ns)
        fed = (
            what
            for what, bus in chain(self._forbidden(), at_work)
            if int(node[bus]) in here and self._newly_fed(bus)
        )
        for what in dict.fromkeys(fed):
            self.blame(now_ns, f"{id_} brought voltage to {what}")

    def _judge_come_up(self, now_ns: int) -> None:
        """Judge the sources that hold voltage from now on because we told them to."""
        able = {former.id: former for former in self.grid.formers if former.able}
        came = [id_ for id_ in able if id_ not in self._able and id_ in self._called_ns]
        self._able = set(able)
        for id_ in came:
            ordered_ns, bus = self._called_ns.pop(id_), able[id_].bus
            island = self.grid.island(bus)
            others = [f.id for f in island.members if f.id != id_] if island else []
            overtaken = any(
                fault.event in OVERTAKES and fault.from_ns > ordered_ns - ns(SEEN_S)
                for fault in self.timeline.acting(ordered_ns, now_ns)
            )
            if others and self._before_pu[bus] >= LIVE_PU and not overtaken:
                self.blame(now_ns, f"{id_} came up on a bus that {' '.join(others)} holds")
            if island and island.faulted and not overtaken:
                self.blame(now_ns, f"{id_} came up on a short circuit")
            if self._at_work.at(id_, ordered_ns, now_ns):
                self.blame(now_ns, f"{id_} came up while people have it at its panel")
            node = self._nodes()
            self._judge_fed(now_ns, id_, ordered_ns, {int(node[bus])}, node)

    def _newly_fed(self, bus: int) -> bool:
        """Return whether a bus has got voltage, or a source that feeds the short circuit on it."""
        if self.grid.live(bus):
            return bool(self._before_pu[bus] < LIVE_PU)
        island = self.grid.island(bus)
        return island is not None and island.faulted and bus not in self._sourced

    def _forbidden(self) -> Iterator[tuple[str, int]]:
        """Yield what must not be energised and the bus it is at."""
        for utility in self._utilities:
            if not utility.former.able:
                yield f"{utility.id}, which is dead", utility.buses[0]
        for switch in self._earths:
            if switch.closed:
                yield f"the line that {switch.id} earths", switch.buses[0]
        yield from self._faults.places()

    # What stands.

    def _watch(self, now_ns: int, joined: dict[str, tuple[str, float]]) -> None:
        self._standing = {k: s for k, s in self._standing.items() if k in joined}
        for key, (what, allowed_s) in joined.items():
            standing = self._standing.setdefault(key, _Standing(now_ns, what, allowed_s))
            lasted_s = seconds(now_ns - standing.since_ns)
            limit_s = STUCK_S if self._held(now_ns) else standing.limit_s
            if lasted_s > limit_s and not standing.told:
                standing.told = True
                self.blame(standing.since_ns, standing.what, lasted_s, limit_s)

    def _held(self, now_ns: int) -> bool:
        """Return whether a fault keeps a switch, or us, from parting what is joined."""
        return any(
            f.nature in HOLDING or f.event in OF_INSTRUMENTS
            for f in self.timeline.acting(now_ns - ns(STUCK_S), now_ns)
        )

    def _backfed(self) -> Iterator[tuple[str, tuple[str, float]]]:
        """Yield the dead utilities that have voltage: a key, and what it is with its limit."""
        for utility in self._utilities:
            if not utility.former.able and self.grid.live(utility.buses[0]):
                yield utility.id, (f"{utility.id} is dead and fed from the site", BACKFED_S)

    def _joined(self) -> Iterator[tuple[str, tuple[str, float]]]:
        """Yield what the topology joins: a key, and what it is with its limit."""
        grid = self.grid
        natures = {f.id: self.site.equipment[f.id].nature for f in grid.formers}
        for island in grid.islands:
            kinds = {natures[f.id] for f in island.members}
            if {"utility", "generator"} <= kinds:
                names = " ".join(f.id for f in island.members)
                yield f"sources {names}", (f"sources side by side: {names}", OVERLAP_S)
            grids = [f.id for f in island.members if natures[f.id] == "utility"]
            if len(grids) > 1:
                yield " ".join(grids), (f"feeds side by side: {' '.join(grids)}", OVERLAP_S)
        for pair in self._paralleled(self._nodes(), low=False):
            names = " and ".join(name for name, _, _ in pair)
            yield names, (f"transformers side by side: {names}", OVERLAP_S)

    def _nodes(self) -> list[int]:
        """Return the node of every bus: buses joined by closed switches."""
        closed = [(s.source, s.load) for s in self.grid.switches if s.closed]
        return [int(n) for n in merge(len(self.grid.bus_ids), closed)]

    def _paralleled(
        self, node: list[int], *, low: bool
    ) -> Iterator[tuple[tuple[str, int, int], ...]]:
        """Yield pairs of live transformers joined on both sides, of low voltage or of any."""
        grid, island_of = self.grid, self.grid.live_part.island_of
        for i, one in enumerate(self._transformers):
            for other in self._transformers[i + 1 :]:
                if node[one[2]] != node[other[2]] or not grid.live(one[2]):
                    continue
                joined = node[one[1]] == node[other[1]] or (
                    island_of[one[1]] == island_of[other[1]]
                    and self._meets(node, one[1], other[1], avoid=node[one[2]])
                )
                if joined and (not low or grid.nominal_v[one[2]] < LOW_VOLTAGE_V):
                    yield one, other

    def _meets(self, node: list[int], a: int, b: int, avoid: int) -> bool:
        """Return whether two nodes are joined by branches without passing the node `avoid`."""
        seen, frontier = {node[a]}, [node[a]]
        while frontier:
            here = frontier.pop()
            for branch in self.grid.branches:
                ends = node[branch.source], node[branch.load]
                for one, other in (ends, ends[::-1]):
                    if one == here and other not in seen and other != avoid:
                        seen.add(other)
                        frontier.append(other)
        return node[b] in seen
