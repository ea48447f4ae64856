"""Every island has one reference, one neutral of a machine at most, and as much as it needs.

*One reference.* A converter that forms (storage, a UPS, a reactor on house load) holds voltage and
frequency by itself, so it stands in an island alone but for the moment in which it gives way to
what has been joined to it (`GIVES_WAY_S`). Machines share an island by their governors and are one
reference; those beside a utility `parallel` judges.

*One neutral.* Two earthed neutrals, of which one is a machine's, last no longer than the hand-over
of their contactors (`HAND_OVER_S`). Where a contactor that does not open keeps two (`HOLDS`), that
is the environment's, but nobody joins one more machine to them by a command of ours.

*As much as it needs.* Where a contact closed by us makes the sources that are left carry more than
they are good for, that lasts no longer than a transition may (`STEP_S`, above `OVER_PU`), and none
of them gives up by it. It is ours if a contact has closed by us within `FOLLOWS_S` before it began,
and nothing has happened and no source ailed or was lost meanwhile. All else that is above a rating
`ratings` judges, and allows for longer.

Cannot see: whether a zone has no neutral at all, since the plant earths what a converter forms; nor
an overload of an island with a utility in it, whose ratings are `ratings`' alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from daemon.model.natures import SETS
from daemon.model.quantities import ns, seconds
from daemon.rehearsal.oracles.oracle import Oracle
from device_emulators.plant.earthing import earthed_by, zones
from device_emulators.plant.topology import merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.earthing import Neutral
    from device_emulators.plant.elements import Former, PlantEvent
    from device_emulators.plant.live import Live

OURS: Final = "command"
CONVERTERS: Final = frozenset({"ess", "ups", "smr"})
OWN: Final = SETS | {"ess", "smr"}
"""What may hold an island of the site."""
GIVES_WAY_S: Final = 0.1
HAND_OVER_S: Final = 0.3
HOLDS: Final = "neutral_held"
EVERY_S: Final = 0.1
OVER_PU: Final = 1.1
STEP_S: Final = 1.0
FOLLOWS_S: Final = 15.0
"""How long after a contact has closed what hangs behind it may still walk in."""
TOO_MUCH: Final = frozenset({"overload", "under-frequency"})
"""Why a source gives up that has to carry too much."""


@dataclass(slots=True)
class _Standing:
    """Something that is so and must end.

    Attributes:
        since_ns: since when [ns].
        told: it was put on record.
    """

    since_ns: int
    told: bool = False


class _Doubled(NamedTuple):
    """Two of what an island has one of.

    Attributes:
        what: for a person.
        limit_s: how long it may last [s].
        held: the environment keeps it so.
        neutrals: what earths it, each by its id, where it is these that are two.
    """

    what: str
    limit_s: float
    held: bool = False
    neutrals: frozenset[str] = frozenset()


class _Island(NamedTuple):
    """An island that sources of the site hold.

    Attributes:
        leader: id of its reference.
        formers: that carry it.
        rated_w: what they are good for together [W].
    """

    leader: str
    formers: tuple[Former, ...]
    rated_w: float


class Islands(Oracle):
    """One reference, one neutral, and no more load than there are sources for."""

    name: ClassVar = "islands"
    unit: ClassVar = "s"

    def begin(self, scene: Scene) -> None:
        """Know the formers."""
        super().begin(scene)
        self._natures = {f.id: self.site.equipment[f.id].nature for f in self.grid.formers}
        self._topology: Live | None = None
        self._doubled: Mapping[str, _Doubled] = {}
        self._standing: dict[str, _Standing] = {}
        self._own: tuple[_Island, ...] = ()
        self._over_ns: dict[str, int] = {}
        self._closed_ns: list[int] = []
        self._lost_ns = -ns(FOLLOWS_S)
        self._due_ns = scene.origin_ns
        self._most_pu = 0.0

    def judged(self, now_ns: int) -> str:
        """Return the most that an island has carried."""
        return f"islands of the site carried {self._most_pu:.2f} of their sources at most"

    def _note(self) -> None:
        """Note what closed by us, and which sources the site has lost, since the last look."""
        for event in self.fresh():
            if event.name in {"closed", "transferred"} and event.fields.get("cause") == OURS:
                # What is judged has begun a while ago: later ones must not hide what led to it.
                kept_ns = event.at_ns - 2 * ns(FOLLOWS_S)
                self._closed_ns = [at for at in self._closed_ns if at > kept_ns] + [event.at_ns]
                self._judge_joined(event)
            elif event.name == "stage" and self._natures.get(event.source) in OWN:
                if event.fields.get("cause") in TOO_MUCH and self._by_us(event.at_ns, event.at_ns):
                    text = f"{event.source} gave up by {event.fields['cause']}, joined by us"
                    self.blame(event.at_ns, text)
                lost = event.fields.get("stage") in {"fault", "off"}
                self._lost_ns = event.at_ns if lost else self._lost_ns

    def _by_us(self, since_ns: int, now_ns: int) -> bool:
        """Return whether what is carried since an instant [ns] is what we have joined."""
        begun_ns = since_ns - ns(FOLLOWS_S)
        return any(begun_ns <= at <= since_ns for at in self._closed_ns) and not (
            self._lost_ns >= begun_ns
            or any(
                fault.from_ns >= begun_ns or fault.nature in OWN
                for fault in self.timeline.acting(begun_ns, now_ns)
            )
        )

    def _judge_joined(self, event: PlantEvent) -> None:
        """Judge a machine that was joined to an island with two neutrals."""
        breaker = self.site.equipment[event.source]
        machines = [
            item.id
            for item in self.site.of_nature(*SETS)
            if not set(item.buses).isdisjoint(breaker.buses)
        ]
        joined = self._zone_of(breaker.buses)
        for key, standing in self._standing.items():
            before = self._doubled[key].neutrals - set(machines)
            lasted = event.at_ns - standing.since_ns > ns(HAND_OVER_S)
            if machines and len(before) > 1 and lasted and not before.isdisjoint(joined):
                text = f"{event.source} joined {machines[0]} to the neutrals of {key}"
                self.blame(event.at_ns, text)

    def _zone_of(self, buses: tuple[str, ...]) -> frozenset[str]:
        """Return what earths the zone of some buses, each by its id."""
        return frozenset(n.id for found in self._earthed(buses) for n in found)

    def _earthed(self, buses: tuple[str, ...] = ()) -> Iterator[list[Neutral]]:
        """Yield what earths each zone, or those of some buses alone."""
        grid = self.grid
        closed = [(s.source, s.load) for s in grid.switches if s.closed]
        zone = zones(grid, merge(len(grid.bus_ids), closed))
        asked = {int(zone[grid.bus[bus]]) for bus in buses}
        for number, found in earthed_by(grid, zone).items():
            if not buses or number in asked:
                yield found

    def look(self, now_ns: int) -> None:
        """Look at what stands, and now and then at what is carried."""
        grid = self.grid
        if grid.live_part is not self._topology:
            self._topology = grid.live_part
            self._note()
            self._doubled = {**dict(self._references()), **dict(self._two_neutrals(now_ns))}
            self._own = tuple(self._islands())
        if self._doubled or self._standing:
            self._watch(now_ns)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + ns(EVERY_S)
            if self._own or self._over_ns:
                self._judge_loads(now_ns)

    def _references(self) -> Iterator[tuple[str, _Doubled]]:
        for island in self.grid.islands:
            ids = [former.id for former in island.members]
            if len(ids) > 1 and any(self._natures[id_] in CONVERTERS for id_ in ids):
                names = " ".join(ids)
                what = f"more than one reference in an island: {names}"
                yield f"references {names}", _Doubled(what, GIVES_WAY_S)

    def _two_neutrals(self, now_ns: int) -> Iterator[tuple[str, _Doubled]]:
        if not any(f.machine is not None and f.machine.earths for f in self.grid.formers):
            return
        for found in self._earthed():
            ids = [neutral.id for neutral in found]
            if len(ids) > 1 and any(self._natures.get(id_) in SETS for id_ in ids):
                acting = self.timeline.acting(now_ns - ns(HAND_OVER_S), now_ns)
                held = any(f.event == HOLDS and f.target in ids for f in acting)
                what = f"more than one neutral earths an island: {' '.join(ids)}"
                yield " ".join(ids), _Doubled(what, HAND_OVER_S, held, frozenset(ids))

    def _watch(self, now_ns: int) -> None:
        self._standing = {k: s for k, s in self._standing.items() if k in self._doubled}
        for key, doubled in self._doubled.items():
            standing = self._standing.setdefault(key, _Standing(now_ns))
            lasted_s = seconds(now_ns - standing.since_ns)
            if lasted_s > doubled.limit_s and not doubled.held and not standing.told:
                standing.told = True
                self.blame(standing.since_ns, doubled.what, lasted_s, doubled.limit_s)

    # What is carried.

    def _islands(self) -> Iterator[_Island]:
        for island in self.grid.islands:
            formers = tuple(f for f in island.members if self._natures[f.id] in OWN)
            if island.leader is not None and len(formers) == len(island.members):
                rated_w = sum(self.site.equipment[f.id].ratings["power_w"] for f in formers)
                yield _Island(island.leader.id, formers, rated_w)

    def _judge_loads(self, now_ns: int) -> None:
        over: dict[str, int] = {}
        for island in self._own:
            carried_pu = sum(f.given_w for f in island.formers) / island.rated_w
            self._most_pu = max(self._most_pu, carried_pu)
            if carried_pu > OVER_PU:
                since_ns = over[island.leader] = self._over_ns.get(island.leader, now_ns)
                self._judge_over(now_ns, since_ns, island, carried_pu)
        self._over_ns = over

    def _judge_over(self, now_ns: int, since_ns: int, island: _Island, carried_pu: float) -> None:
        lasted_s = seconds(now_ns - since_ns)
        if STEP_S < lasted_s <= STEP_S + 2.0 * EVERY_S and self._by_us(since_ns, now_ns):
            names = " ".join(former.id for former in island.formers)
            text = f"{names} carry {carried_pu:.2f} of what they are good for, joined by us"
            self.blame(since_ns, text, lasted_s, STEP_S)
