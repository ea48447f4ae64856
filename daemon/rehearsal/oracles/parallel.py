"""What must never be joined: two sources out of step, a dead grid, an earthed or a faulted bus.

The rule has two halves.

*Made by us.* A contact that closed by a command of ours must not have joined live islands out of
step (beyond `TOUCH` times the limits of the synchronism check that times it), energised a utility
that is gone or an earthed line, brought voltage to a dead bus with a standing fault (87 of its
relay, or a feeder of it locked out on 50, 51 or 67), nor paralleled transformers of low voltage.
None of these is allowed for a moment.

*Standing.* Whoever made it, a utility that is gone is fed back no longer than loss-of-mains
protection takes (`BACKFED_S`), and two sources or two transformers side by side are an overlap of a
closed transition and part within `OVERLAP_S`. A breaker in the way that a fault holds is no excuse
for ever: `STUCK_S` is what opening another one takes.

Cannot see: an earthed line that the returning grid itself energises is protection's affair and is
not judged. A closing that a phase jump or another happening of the scenario overtook within
`OVERTAKEN_S` is the environment's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from daemon.model.quantities import ns, seconds
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
            self._judge_closed(now_ns, [id_ for id_, cause in closed if cause == OURS])
            self._judge_closings(now_ns)
            self._topology = grid.live_part
            self._sourced = {
                int(bus) for i in grid.islands if i.leader is not None for bus in i.buses
            }
            self._side_by_side = dict(self._joined())
        joined = self._side_by_side | dict(self._backfed())
        if joined or self._standing:
            self._watch(now_ns, joined)
        self._before_pu = grid.v_pu.copy()

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

    def _judge_closed(self, now_ns: int, ours: list[str]) -> None:
        if not ours:
            return
        self._ours += len(ours)
        node = self._nodes()
        for id_ in ours:
            here = {int(node[bus]) for bus in self.plant.devices[id_].buses}
            for what, bus in self._forbidden():
                if int(node[bus]) in here and self._newly_fed(bus):
                    self.blame(now_ns, f"{id_} brought voltage to {what}")
            for pair in self._paralleled(node, low=True):
                if here & {int(node[bus]) for _, _, bus in pair}:
                    names = " and ".join(name for name, _, _ in pair)
                    self.blame(now_ns, f"{id_} paralleled {names}")

    def _newly_fed(self, bus: int) -> bool:
        """Return whether a bus has got voltage, or a source that feeds the short circuit on it."""
        if self.grid.live(bus):
            return bool(self._before_pu[bus] < 0.8)
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
