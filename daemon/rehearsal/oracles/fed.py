"""A critical load is unfed no longer than the fastest healthy path allows.

A load is unfed while its terminals are outside the ITIC curve, or since it ran out of energy. That
is wrong

1. at once, when no fault has acted for `QUIET_S`: nothing but us can have done it;
2. when a path from a utility, or from sets that can carry everything of its priority and above, has
   been healthy for as long as it takes (`oneline`), counted from the moment at which the load began
   to live on its store, or from which the path was healthy, whichever is later;
3. when it was cut while it ran or still wrote, although the energy it had when it began to live on
   its store was enough to notice that and to shut down in order (`MARGIN` times as much), or
   although it then lasted as long as that takes: who shuts down takes less at every instant than
   who runs, so what lasted so long under way would have lasted for it. The second is what judges a
   rack whose feeds still give a part: at full load its store may be too small, and what they do
   not give is little.

4. for the input of a UPS, rectifier or converter as in 2: a side that lives on its store, or on the
   other side, while a path for it is there, has been forgotten.

What has been shut down in order is not unfed. Where no path is healthy, where sets do not suffice,
and where the store was too small, a load may be lost.

Cannot see: paths through on-site sources and batteries of other loads; how well the daemon caps
load to make sets suffice. Rules 2 and 4 are suspended while a fault acts on what tells the daemon
of the boards above the load (gateways, instruments, controllers, its own process), and their time
begins anew with its end. Rule 3 is suspended while one acts on what the load's own shutdown needs.
Then the device's own logic, or nobody, can help.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from daemon.model.quantities import ns, seconds
from daemon.rehearsal.oracles.oneline import OneLine
from daemon.rehearsal.oracles.oracle import Oracle
from device_emulators.faults.words import OF_INSTRUMENTS
from device_emulators.plant.racks import SHUTDOWN_PU, SHUTDOWN_RAMP_S
from device_emulators.selection import DAEMON, GATEWAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from daemon.rehearsal.simulation.observer import Scene, Verdict
    from device_emulators.plant.live import Live

QUIET_S: Final = 300.0
MARGIN: Final = 1.25
NOTICE_S: Final = 10.0
"""From living on the store to the order to shut down, where it is due at once [s]."""
LOSSES: Final = 1.1
USABLE_PU: Final = 0.95
SLACK_S: Final = 2.0
EVERY_S: Final = 0.5
"""What lasts is judged again so often [s]."""
TELLING: Final = frozenset({"relay", "meter", "switchgear_controller", GATEWAY, DAEMON})
"""Natures whose faults blind the daemon; the last is its own process."""
LOWEST: Final = 4
MAINS, SETS = "the utility", "sets"


@dataclass(slots=True)
class _Load:
    """One critical load.

    Attributes:
        device: it.
        supply: its supply record.
        priority: 1 is kept longest.
        needs: equipment and gateways its orderly shutdown depends on.
        above: equipment and gateways by which the daemon knows and moves what feeds it.
        stores: UPS or rectifiers above it; none where the store is in the load.
        path_since_ns: since when a path of a kind is healthy [ns].
        store_since_ns: since when it lives on its own store, None while it does not [ns].
        could_end: its own store sufficed for an orderly shutdown then.
        told_ns: begin of the unfed interval that was put on record.
        longest_ns: longest unfed interval [ns].
        due_ns: not to be judged again before [ns].
    """

    device: Any
    supply: Any
    priority: int
    needs: frozenset[str]
    above: frozenset[str]
    stores: tuple[str, ...]
    path_since_ns: dict[str, int] = field(default_factory=dict)
    store_since_ns: int | None = None
    could_end: bool = False
    told_ns: int = -1
    longest_ns: int = 0
    due_ns: int = 0


@dataclass(slots=True)
class _Input:
    """The input of a UPS, rectifier or converter.

    Attributes:
        id: equipment.
        bus: where it takes its power.
        above: as for a load.
        dead_since_ns: since when there is none, None while there is [ns].
        path_since_ns: since when a path of a kind is healthy [ns].
        told: it was put on record.
        due_ns: not to be judged again before [ns].
    """

    id: str
    bus: int
    above: frozenset[str]
    dead_since_ns: int | None = None
    path_since_ns: dict[str, int] = field(default_factory=dict)
    told: bool = False
    due_ns: int = 0


class Fed(Oracle):
    """No critical load is unfed longer than the fastest healthy path allows."""

    name: ClassVar = "fed"
    unit: ClassVar = "ms"

    def begin(self, scene: Scene) -> None:
        """Find the critical loads and what feeds them."""
        super().begin(scene)
        self._oneline = OneLine(scene)
        racks: Any = self.grid.racks
        self._racks = racks
        self._loads = [self._load(d) for d in self.devices("ai_rack", "it_rack") if d.item.critical]
        self._ai = [(racks.index[x.device.id], x) for x in self._loads if self._is_ai(x)]
        self._inputs = [
            _Input(d.id, d.buses[0], self._oneline.above(d.buses[:1]))
            for d in self.devices("ups", "rectifier", "hvdc")
        ]
        self._stores = {id_: None for x in self._loads for id_ in x.stores}
        self._began: dict[str, tuple[int, float]] = {}
        self._giving: NDArray[np.bool_] = np.zeros(len(racks.specs), np.bool_)
        # Of every rack, since when its battery gives, short pauses included, and when it last did.
        self._drained_ns: NDArray[np.int64] = np.zeros(len(racks.specs), np.int64)
        self._gave_ns: NDArray[np.int64] = np.full(len(racks.specs), -ns(2 * NOTICE_S))
        self._topology: Live | None = None
        self._reach: tuple[dict[int, float], dict[int, float]] = ({}, {})
        self._fault_due = sorted(
            {t for f in self.timeline.faults for t in (f.from_ns, f.to_ns)}, reverse=True
        )
        self._survey(scene.origin_ns)

    def _load(self, device: Any) -> _Load:  # noqa: ANN401 - a device's inner state
        item, site = device.item, self.site
        passed, stores = self._oneline.between(device.buses)
        needs = {item.id, item.group, *stores, *passed}
        for id_ in (item.id, item.group):
            other = site.equipment.get(id_)
            if other is not None and other.device is not None:
                needs.add(other.device.gateway)
        above = self._oneline.above(device.buses)
        if item.nature == "ai_rack":
            supply = self._racks.supply[self._racks.index[item.id]]
            return _Load(device, supply, item.priority, frozenset(needs), above, ())
        return _Load(device, device.supply, item.priority, frozenset(needs), above, stores)

    @staticmethod
    def _is_ai(load: _Load) -> bool:
        return bool(load.device.item.nature == "ai_rack")

    # What changes.

    def look(self, now_ns: int) -> None:
        """Follow paths and stores; judge who is unfed."""
        due = False
        while self._fault_due and self._fault_due[-1] <= now_ns:
            due = bool(self._fault_due.pop()) or due
        if due or self.fresh() or self.grid.live_part is not self._topology:
            self._survey(now_ns)
            self._follow_stores(now_ns)
        if self._racks.giving or self._giving.any():
            self._follow_racks(now_ns)
        for load in self._loads:
            if not load.supply.fed and now_ns >= load.due_ns:
                load.due_ns = now_ns + ns(EVERY_S)
                self._judge(now_ns, load)
        for side in self._inputs:
            if side.dead_since_ns is not None and not side.told and now_ns >= side.due_ns:
                side.due_ns = now_ns + ns(EVERY_S)
                self._judge_input(now_ns, side)

    def _survey(self, now_ns: int) -> None:
        """Note since when there is a healthy path to each load."""
        self._topology = self.grid.live_part
        self._reach = self._oneline.reach()
        for load in self._loads:
            self._note_paths(now_ns, load.device.buses, load.path_since_ns)
        for side in self._inputs:
            self._note_paths(now_ns, (side.bus,), side.path_since_ns)
            if self.grid.live(side.bus):
                side.dead_since_ns, side.told = None, False
            elif side.dead_since_ns is None:
                side.dead_since_ns = now_ns

    def _note_paths(self, now_ns: int, buses: Iterable[int], since_ns: dict[str, int]) -> None:
        for kind, reach in zip((MAINS, SETS), self._reach, strict=True):
            if any(bus in reach for bus in buses):
                since_ns.setdefault(kind, now_ns)
            else:
                since_ns.pop(kind, None)

    def _follow_stores(self, now_ns: int) -> None:
        """Note when a UPS or rectifier begins to live on its battery, and for how long it can."""
        for id_ in self._stores:
            device: Any = self.plant.devices[id_]
            if device.stage not in {"battery", "off", "fault"}:
                self._began.pop(id_, None)
            elif id_ not in self._began:
                self._began[id_] = now_ns, float(device.read("runtime_s"))

    def _follow_racks(self, now_ns: int) -> None:
        """Note when a rack begins to live on its battery, and whether it could end in order."""
        racks = self._racks
        giving = racks.battery_w < -1e-3 * racks.rating_w
        self._drained_ns[giving & (now_ns - self._gave_ns > ns(NOTICE_S))] = now_ns
        self._gave_ns[giving] = now_ns
        begins, ends = giving & ~self._giving, ~giving & self._giving & (racks.stage != 4)
        self._giving = giving | (self._giving & ~ends)
        if not (begins.any() or ends.any()):
            return
        for i, load in self._ai:
            if begins[i] and load.store_since_ns is None:
                load.store_since_ns = now_ns
                enough_j = MARGIN * self._shutdown_j(load)
                load.could_end = bool(racks.connected[i] and racks.energy_j[i] >= enough_j)
            elif ends[i]:
                load.store_since_ns = None

    def _shutdown_j(self, load: _Load) -> float:
        """Return the energy to notice and to shut down in order at full load [J]."""
        row = self.plant.devices[load.device.item.group]
        ramp_s = SHUTDOWN_RAMP_S * (1.0 + SHUTDOWN_PU) / 2.0
        rest_s = max(float(row.settings["shutdown_s"]) - SHUTDOWN_RAMP_S, 0.0)
        return float(load.device.ratings["power_w"]) * (NOTICE_S + ramp_s + SHUTDOWN_PU * rest_s)

    # Judgement.

    def _judge(self, now_ns: int, load: _Load) -> None:
        since_ns = load.supply.unfed_ns[-1][0]
        load.longest_ns = max(load.longest_ns, now_ns - since_ns)
        if load.told_ns == since_ns:
            return
        why = self._why(now_ns, since_ns, load)
        if why:
            load.told_ns = since_ns
            lasted_ms = seconds(now_ns - since_ns) * 1e3
            self.blame(since_ns, f"{load.device.id}: {why}", lasted_ms)

    def _why(self, now_ns: int, since_ns: int, load: _Load) -> str:
        """Return what makes it wrong that a load is unfed, or ""."""
        if not any(self.timeline.acting(since_ns - ns(QUIET_S), now_ns)):
            return "unfed without any fault"
        store_ns, could_end = self._on_store(since_ns, load)
        cut = self._stage(load) == "lost"
        if cut and could_end and not self.timeline.on(load.needs | {DAEMON}, store_ns, now_ns):
            return "cut while it ran, and it could have been shut down in order"
        seeing_ns = self._seeing_ns(load.above, store_ns, now_ns)
        return self._neglected(
            now_ns, seeing_ns, load.device.buses, load.path_since_ns, load.priority
        )

    def _judge_input(self, now_ns: int, side: _Input) -> None:
        since_ns = side.dead_since_ns
        assert since_ns is not None
        seeing_ns = self._seeing_ns(side.above, since_ns, now_ns)
        why = self._neglected(now_ns, seeing_ns, (side.bus,), side.path_since_ns, LOWEST)
        if why:
            side.told = True
            self.blame(since_ns, f"{side.id}: {why}", seconds(now_ns - since_ns) * 1e3)

    def _neglected(
        self,
        now_ns: int,
        since_ns: int,
        buses: Iterable[int],
        path_since_ns: Mapping[str, int],
        priority: int,
    ) -> str:
        """Return which path should long have fed some buses that lack it since a time, or ""."""
        for kind, allowed_s in self._allowed(buses, priority, since_ns, now_ns):
            begun_ns = max(since_ns, path_since_ns[kind])
            if seconds(now_ns - begun_ns) > allowed_s:
                return f"unfed although {kind} could feed it within {allowed_s:.1f} s"
        return ""

    def _stage(self, load: _Load) -> str:
        spec = load.device.item.kind.points["stage"]
        return str(spec.states[int(load.device.read("stage"))])

    def _on_store(self, since_ns: int, load: _Load) -> tuple[int, bool]:
        """Return since when a load lives on its store [ns], and whether it could end in order."""
        if not load.stores:
            return self._on_battery(since_ns, load)
        began = [self._began.get(id_) for id_ in load.stores]
        if any(b is None for b in began):
            return since_ns, False
        settled = [b for b in began if b is not None]
        shutdown = self.scene.site_file.control.shutdown
        spare_s = NOTICE_S + shutdown.margin_s + shutdown.lead_s * 4
        wanted_s = MARGIN * (float(load.device.settings["shutdown_s"]) + spare_s)
        return max(b[0] for b in settled), max(b[1] for b in settled) >= wanted_s

    def _on_battery(self, since_ns: int, load: _Load) -> tuple[int, bool]:
        """Return the same of a rack with a battery of its own."""
        rack = self._racks.index.get(load.device.id)
        if load.could_end or rack is None:
            return load.store_since_ns or since_ns, load.could_end
        row = self.plant.devices[load.device.item.group]
        needed_s = MARGIN * (NOTICE_S + float(row.settings["shutdown_s"]))
        drained_ns = int(self._drained_ns[rack])
        giving = since_ns - int(self._gave_ns[rack]) <= ns(NOTICE_S)
        return drained_ns, giving and seconds(since_ns - drained_ns) >= needed_s

    def _seeing_ns(self, above: frozenset[str], from_ns: int, to_ns: int) -> int:
        """Return since when no fault keeps from the daemon what goes on at some boards [ns]."""
        blinding = (
            f.to_ns
            for f in self.timeline.acting(from_ns, to_ns)
            if f.target in above | {DAEMON} and (f.nature in TELLING or f.event in OF_INSTRUMENTS)
        )
        return max((from_ns, *blinding))

    def _allowed(
        self, buses: Iterable[int], priority: int, from_ns: int, to_ns: int
    ) -> Iterator[tuple[str, float]]:
        """Yield the kinds of path that are healthy, with the time each may take [s]."""
        retries_s = self._oneline.retries_s(f.target for f in self.timeline.acting(from_ns, to_ns))
        for kind, reach in zip((MAINS, SETS), self._reach, strict=True):
            paths = [reach[bus] for bus in buses if bus in reach]
            if paths and (kind == MAINS or self._sets_suffice(priority)):
                yield kind, min(paths) + retries_s + SLACK_S

    def _sets_suffice(self, priority: int) -> bool:
        """Return whether the healthy sets carry everything of a priority and above."""
        there_w = sum(g.ratings["power_w"] for g in self._oneline.healthy_sets())
        asked_w = sum(
            e.ratings["power_w"]
            for e in self.site.of_nature("ai_rack", "it_rack", "chiller", "pump")
            if e.priority <= priority and e.normally != "out_of_service"
        )
        return bool(LOSSES * asked_w <= USABLE_PU * there_w)

    def verdicts(self, now_ns: int) -> Iterable[Verdict]:
        """Return the verdict, with the longest time unfed where nothing was wrong."""
        (found,) = super().verdicts(now_ns)
        longest_ms = seconds(max((x.longest_ns for x in self._loads), default=0)) * 1e3
        value = longest_ms if found.value is None else found.value
        return (
            type(found)(found.name, found.ok, value, None, self.unit, found.at_s, found.detail),
        )
