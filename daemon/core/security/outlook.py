"""What follows when one element of a zone dies, as long as nothing switches: all but the numbers.

Every element has a *case*; case 0 is the one in which nothing dies. Two questions are asked of each
bus. *At once*: is it held without a gap, by a source that runs or by the store of a UPS, a
rectifier or grid-forming storage? *After*: when does a source reach it, over what conducts now and
over what closes by itself? The time of a way is that of its transfer, so the earliest arrival is a
shortest path, and that path is also where the power will flow. A load draws equally from all its
feeds that are held.

What closes by itself: a transfer switch on auto; tie, mains, generator feeders and breakers of the
sets of a scheme whose selector is on auto, where they are known to be able to; sets that say they
are available. What is not known does not conduct, does not close and does not come.

Source: own derivation; a shortest path by relaxation after Bellman and Ford.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray

from daemon.core.security.zone import OPERABLE
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.core.security.zone import Zone
    from daemon.model.plant import Equipment, MainTieMainScheme

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

HOP_S: Final = 1e-6
"""Put on every way, so that of equal paths the shortest is taken."""
STORED_S: Final = 1e-4
"""Put on every store, so that a source that runs is preferred."""
CLOSING_S: Final = 0.1
"""Least time of a feeder of sets [s]: sets that run take nothing from a main that is closed."""
_OPEN, _CLOSED = 1, 2
_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Params:
    """How long transfers take, as upper bounds, and how much may be carried.

    Attributes:
        hold_up_s: gap that every power supply bridges [s].
        static_s: transfer of a static switch [s].
        ats_s: transfer of an automatic switch, its delay included [s].
        intake_s: transfer of the intake to its other feed, until loads are fed [s].
        tie_s: transfer of a section to the tie [s].
        sets_s: from the loss until sets feed the first section [s].
        block_s: between two sections taken by sets [s].
        return_s: until a main that is live again is closed [s].
        restart_s: start of a converter without a store once its input is back [s].
        power_factor_pu: of what transformers and sources carry.
        loading_pu: loading above which equipment counts as overloaded.
        confirm_s: how long an answer must stand to be told [s].
        rate_loss_pu: part of its rated energy that a store cannot give where it has to give its
            rated power beside what it gives now. Source: measured on the emulated 48 V battery.
        accepted: elements without a second of their kind, by decision: their loss is no news.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    hold_up_s: Annotated[float, Interval(ge=0.0, le=0.1)] = 0.02
    static_s: Annotated[float, Interval(ge=0.0, le=0.1)] = 0.005
    ats_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 5.0
    intake_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 5.0
    tie_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 5.0
    sets_s: Annotated[float, Interval(ge=0.0, le=600.0)] = 30.0
    block_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 6.0
    return_s: Annotated[float, Interval(ge=0.0, le=600.0)] = 30.0
    restart_s: Annotated[float, Interval(ge=0.0, le=300.0)] = 15.0
    power_factor_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    loading_pu: Annotated[float, Interval(gt=0.0, le=2.0)] = 1.0
    confirm_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 2.0
    rate_loss_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.03
    accepted: tuple[str, ...] = ()


class Waiting(NamedTuple):
    """Critical loads that no running source holds, one entry for each case and load.

    Attributes:
        case: (n,).
        load: (n,).
        until_s: when a source reaches it, or infinity (n,).
        behind: which backups hold it meanwhile (n, n_backup).
    """

    case: Indices
    load: Indices
    until_s: Numbers
    behind: NDArray[np.bool_]


class Outlook(NamedTuple):
    """The answer for one zone while its codes stand.

    Attributes:
        at_once: what each load adds to what each place carries (n_case x n_place, n_load).
        after: the same, when everything has closed that closes by itself.
        rating_w: of each place in each case; infinite where there is none (n_case, n_place).
        waiting: critical loads that have to live on something.
        transfers: by case, what brings the supply back, and when [s].
    """

    at_once: Numbers
    after: Numbers
    rating_w: Numbers
    waiting: Waiting
    transfers: tuple[tuple[tuple[str, float], ...], ...]


def outlook(zone: Zone, codes: bytes, params: Params) -> Outlook:
    """Return what follows from the death of each element of a zone.

    Args:
        zone: the zone.
        codes: what decides which ways conduct, from `Zone.codes`.
        params: times and limits.
    """
    return _Survey(zone, codes, params).outlook()


class _Held(NamedTuple):
    """What stands at each node by itself: when, and its place among what is rated, -1 for none."""

    first_s: Numbers
    place: Indices


class _Solution(NamedTuple):
    """Earliest arrival at each node (n_case, n_node), the way it comes over, -1 at a source."""

    arrival_s: Numbers
    parent: Indices


class _Walk(NamedTuple):
    """What loads add to what is passed, and the place of what feeds end at (n_case, n_feed)."""

    carried: Numbers
    root: Indices


class _Survey:
    """One outlook in the making.

    Buses joined by closed switches that are no elements are one *node*: they share one fate.
    """

    def __init__(self, zone: Zone, codes: bytes, params: Params) -> None:
        self._zone, self._params = zone, params
        self._told: Callable[[str, str], int] = zone.told(codes)
        self._live = zone.live(codes)
        self._n_case = 1 + len(zone.elements)
        self._case = {item.id: n + 1 for n, item in enumerate(zone.elements)}
        scheduled = {b: (s, d) for s in zone.schemes for b, d in _delays(s, params).items()}
        delay_s = [self._way_s(way.item, way.number, scheduled) for way in zone.ways]
        self._node = self._joined(delay_s)
        self._n_node = 1 + max(self._node, default=0)
        used = [
            (self._node[way.end], n)
            for n, (way, d) in enumerate(zip(zone.ways, delay_s, strict=True))
            if d < _NEVER and self._node[way.start] != self._node[way.end]
        ]
        used.sort()
        self._ways = [zone.ways[n] for _, n in used]
        self._start = np.array([self._node[w.start] for w in self._ways], dtype=np.int64)
        self._end = np.array([end for end, _ in used], dtype=np.int64)
        self._delay_s = np.array([delay_s[n] for _, n in used])
        late = [params.restart_s * (w.item.nature == "hvdc") for w in self._ways]
        self._restart_s = np.array(late)
        self._cost_s = np.tile(self._delay_s + HOP_S, (self._n_case, 1))
        for n, way in enumerate(self._ways):
            if (case := self._case.get(way.item.id)) is not None:
                self._cost_s[case, n] = _NEVER
        feeds, self._of = zone.feeds
        self._feeds = np.array([self._node[bus] for bus in feeds], dtype=np.int64)
        self._begins = np.flatnonzero(np.diff(self._of, prepend=-1))
        """First feed of each load."""

    def _joined(self, delay_s: list[float]) -> list[int]:
        """Return the node of every bus."""
        parent = list(range(len(self._zone.buses)))

        def root(bus: int) -> int:
            while parent[bus] != bus:
                parent[bus] = parent[parent[bus]]
                bus = parent[bus]
            return bus

        for way, at_s in zip(self._zone.ways, delay_s, strict=True):
            contact = way.item.kind.role is Role.SWITCH and way.item.id not in self._case
            if contact and at_s == 0.0:
                low, high = sorted((root(way.start), root(way.end)))
                parent[high] = low
        number: dict[int, int] = {}
        return [number.setdefault(root(bus), len(number)) for bus in range(len(parent))]

    # Which way conducts, or would.

    def _way_s(
        self, item: Equipment, number: int, scheduled: dict[str, tuple[MainTieMainScheme, float]]
    ) -> float:
        """Return when one way through equipment conducts [s]: 0 now, infinity never."""
        match item.kind.role:
            case Role.SWITCH:
                return self._switch_s(item, number, scheduled)
            case Role.TRANSFER:
                return self._transfer_s(item, number)
            case Role.CONVERTER:
                return 0.0 if self._converts(item) else _NEVER
        return 0.0

    def _switch_s(
        self, item: Equipment, number: int, scheduled: dict[str, tuple[MainTieMainScheme, float]]
    ) -> float:
        if not self._zone.serves(item.id, "position"):
            return _NEVER if item.normally == "open" else 0.0
        position = self._told(item.id, "position")
        if position == _CLOSED:
            return 0.0
        if position != _OPEN or item.id not in scheduled:
            return _NEVER
        scheme, delay_s = scheduled[item.id]
        one_way = item.id != scheme.tie and number == 1
        able = all(
            self._told(item.id, name) == good
            for name, good in OPERABLE.items()
            if self._zone.serves(item.id, name)
        )
        return delay_s if able and not one_way and self._on_auto(scheme) else _NEVER

    def _on_auto(self, scheme: MainTieMainScheme) -> bool:
        return not scheme.controller or all(
            self._told(scheme.controller, name) == 0
            for name in ("selector", "emergency_off", "maintenance")
            if self._zone.serves(scheme.controller, name)
        )

    def _transfer_s(self, item: Equipment, number: int) -> float:
        if not self._zone.serves(item.id, "connected"):
            return 0.0 if item.normally == f"source_{number + 1}" else _NEVER
        connected = self._told(item.id, "connected")
        if connected == number + 1:
            return 0.0
        on_auto = self._told(item.id, "selector") in {0} and self._told(item.id, "local") != 1
        if connected != 2 - number or not on_auto:
            return _NEVER
        p = self._params
        return {"sts": p.static_s, "ats": p.ats_s}.get(item.variant, p.intake_s)

    def _converts(self, item: Equipment) -> bool:
        stage = self._stage(item)
        if stage == "off":  # it waits for its input, unless it was stopped beside a live one
            return item.id not in self._live
        return stage not in {"", "fault"}

    def _stage(self, item: Equipment) -> str:
        """Return the stage of equipment, "" when it is not known."""
        states, code = item.kind.points["stage"].states, self._told(item.id, "stage")
        return states[code] if 0 <= code < len(states) else ""

    # What holds a bus.

    def _source_s(self, item: Equipment) -> float:
        """Return when a source gives voltage [s]."""
        if item.nature == "utility":
            return 0.0 if item.id in self._live else _NEVER
        if item.nature != "generator":
            return _NEVER
        stage = self._stage(item)
        if stage in {"ready", "loaded"}:
            return 0.0
        scheme = self._zone.sets.get(item.id)
        coming = stage in {"cranking", "resting", "running_up"}
        able = self._told(item.id, "selector") == 0 and self._told(item.id, "available") == 1
        if scheme is None or not self._on_auto(scheme) or not (able or coming):
            return _NEVER
        return self._params.sets_s

    def _held(self, *, stored: bool) -> _Held:
        """Return what holds each node by itself, stores included or not."""
        held = [
            (at_s, item, item.buses[0])
            for item in self._zone.sources
            if (at_s := self._source_s(item)) < _NEVER
        ]
        if stored:
            held += [
                (STORED_S, item, item.buses[-1])
                for item in self._zone.backups
                if self._stage(item) in _HOLDING
            ]
        first = np.full((self._n_case, self._n_node), _NEVER)
        place = np.full((self._n_case, self._n_node), -1, dtype=np.int64)
        for at_s, item, bus in sorted(held, key=lambda row: -row[0]):  # the first comes last
            lasts = np.arange(self._n_case) != self._case[item.id]
            node = self._node[self._zone.at[bus]]
            first[lasts, node] = at_s
            place[lasts, node] = self._zone.rated[item.id]
        return _Held(first, place)

    # How it spreads, and what it carries.

    def _solve(self, held: _Held) -> _Solution:
        """Return the earliest arrival at every node."""
        arrival = held.first_s.copy()
        parent = np.full(arrival.shape, -1, dtype=np.int64)
        if not self._ways:
            return _Solution(arrival, parent)
        begins = np.flatnonzero(np.diff(self._end, prepend=-1))
        ends = self._end[begins]
        while True:
            before = arrival[:, self._start]
            coming = before + self._cost_s
            coming += (before > self._params.hold_up_s) * self._restart_s
            nearer = np.minimum(arrival[:, ends], np.minimum.reduceat(coming, begins, axis=1))
            if (nearer == arrival[:, ends]).all():
                break
            arrival[:, ends] = nearer
        size = len(self._ways)
        tight = (coming <= arrival[:, self._end]) & (coming < _NEVER)
        best = np.minimum.reduceat(np.where(tight, np.arange(size), size), begins, axis=1)
        at_source = (held.first_s[:, ends] <= arrival[:, ends]) | (best == size)
        parent[:, ends] = np.where(at_source, -1, best)
        return _Solution(arrival, parent)

    def _walk(self, held: _Held, solved: _Solution, share: Numbers) -> _Walk:
        """Follow every feed up to its source, and note what it adds to what is passed.

        Args:
            held: what the feeds end at.
            solved: ways to every node.
            share: part of its load that each feed draws (n_case, n_feed).
        """
        zone = self._zone
        ways = self._ways or zone.ways[:1]  # nothing is taken from it, but there must be one
        place = np.array([zone.rated.get(w.item.id, -1) for w in ways])
        gain = np.array([1.0 / w.item.ratings.get("efficiency_pu", 1.0) for w in ways])
        at_input = np.array([w.item.nature == "hvdc" for w in ways])
        cases = np.arange(self._n_case)[:, None]
        slots: list[Indices] = []
        weights: list[Numbers] = []

        def note(rated: Indices, amount: Numbers) -> None:
            wanted = (rated >= 0) & (amount != 0.0)
            slot = (cases * zone.places + rated) * len(zone.loads) + self._of
            slots.append(slot[wanted])
            weights.append(amount[wanted])

        at, amount = np.tile(self._feeds, (self._n_case, 1)), share.copy()
        while (going := (way := solved.parent[cases, at]) >= 0).any():
            grown = np.where(going, amount * gain[way], amount)
            note(np.where(going, place[way], -1), np.where(at_input[way], grown, amount))
            at, amount = np.where(going, self._start[way], at), grown
        root = held.place[cases, at]
        note(root, amount)
        size = self._n_case * zone.places * len(zone.loads)
        flat = np.concatenate(slots)
        carried = np.bincount(flat, np.concatenate(weights), minlength=size).astype(np.float64)
        return _Walk(carried.reshape(self._n_case * zone.places, len(zone.loads)), root)

    def _share(self, solved: _Solution, within_s: float) -> Numbers:
        """Return which part of its load each feed draws (n_case, n_feed)."""
        held = solved.arrival_s[:, self._feeds] <= within_s
        count = np.zeros((self._n_case, len(self._zone.loads)))
        loads = self._of[self._begins]
        count[:, loads] = np.add.reduceat(held, self._begins, axis=1, dtype=np.float64)
        share: Numbers = held / np.maximum(count[:, self._of], 1.0)
        for feed, load in enumerate(self._of.tolist()):
            if self._zone.loads[load].follows:
                id_ = self._zone.loads[load].id
                share[:, feed] *= self._stays(id_, solved, int(self._feeds[feed]))
        return share

    def _stays(self, id_: str, solved: _Solution, node: int) -> Numbers:
        """Return whether what follows gives on: no death, no gap, not forming (n_case,)."""
        stays = np.asarray(solved.arrival_s[:, node] <= self._params.hold_up_s, dtype=np.float64)
        if id_ in self._case:
            stays[self._case[id_]] = 0.0
        if self._stage_of_storage(id_) == "grid_forming":
            stays[:] = 0.0
        return stays

    def _stage_of_storage(self, id_: str) -> str:
        item = self._zone.site.equipment[id_]
        return self._stage(item) if item.nature == "ess" else ""

    # The answer.

    def outlook(self) -> Outlook:
        """Return it."""
        with_stores, without = self._held(stored=True), self._held(stored=False)
        now, after = self._solve(with_stores), self._solve(without)
        at_once = self._walk(with_stores, now, self._share(now, self._params.hold_up_s))
        later = self._walk(without, after, self._share(after, _LATEST))
        waiting = self._waiting(now, after, at_once.root)
        return Outlook(
            at_once=at_once.carried,
            after=later.carried,
            rating_w=self._rating_w(),
            waiting=waiting,
            transfers=self._transfers(after, waiting),
        )

    def _waiting(self, now: _Solution, after: _Solution, root: Indices) -> Waiting:
        """Return the critical loads that no running source holds."""
        zone, hold_s, loads = self._zone, self._params.hold_up_s, self._of[self._begins]
        until = np.minimum.reduceat(after.arrival_s[:, self._feeds], self._begins, axis=1)
        critical = np.array([zone.loads[n].critical for n in loads], dtype=np.bool_)
        case, column = np.nonzero((until > hold_s) & critical)
        stores = np.array([zone.rated[item.id] for item in zone.backups], dtype=np.int64)
        held = now.arrival_s[:, self._feeds] <= hold_s
        on_store = held[:, :, None] & (root[:, :, None] == stores)
        behind = np.logical_or.reduceat(on_store, self._begins, axis=1)
        return Waiting(case, loads[column], until[case, column], behind[case, column])

    def _rating_w(self) -> Numbers:
        zone, params = self._zone, self._params
        rating = np.zeros((self._n_case, zone.places))
        for item in zone.items:
            place = zone.rated.get(item.id)
            if place is None:
                continue
            limit_w = _rating_w(item, params.power_factor_pu)
            if item.nature == "generator" and self._source_s(item) == _NEVER:
                limit_w = 0.0
            rating[:, place] += limit_w
            if item.nature == "generator":
                rating[self._case[item.id], place] -= limit_w
        return rating

    def _transfers(
        self, after: _Solution, waiting: Waiting
    ) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Return by case what closes, or comes, to feed the critical loads, and when [s]."""
        found: list[dict[str, float]] = [{} for _ in range(self._n_case)]
        seen: set[tuple[int, int]] = set()
        for case, load in zip(waiting.case.tolist(), waiting.load.tolist(), strict=True):
            for feed in self._zone.loads[load].feeds:
                for node, name in self._passed(after, case, self._node[feed], seen):
                    at_s = round(float(after.arrival_s[case, node]), 3)
                    found[case][name] = min(at_s, found[case].get(name, at_s))
        return tuple(tuple(names.items()) for names in found)

    def _passed(
        self, after: _Solution, case: int, node: int, seen: set[tuple[int, int]]
    ) -> Iterator[tuple[int, str]]:
        """Yield (node, equipment) for every transfer on the way to a node."""
        while (case, node) not in seen and after.arrival_s[case, node] < _NEVER:
            seen.add((case, node))
            way = int(after.parent[case, node])
            if way < 0:
                if after.arrival_s[case, node] > self._params.hold_up_s:
                    yield from ((node, name) for name in self._coming_at(node, case))
                return
            if self._delay_s[way] > 0.0:
                yield node, self._ways[way].item.id
            node = int(self._start[way])

    def _coming_at(self, node: int, case: int) -> Iterator[str]:
        """Yield the sources that come up at a node."""
        for item in self._zone.sources:
            there = self._node[self._zone.at[item.buses[0]]] == node
            if there and case != self._case[item.id] and self._source_s(item) < _NEVER:
                yield item.id


_LATEST: Final = 1e9
_HOLDING: Final = frozenset({"normal", "battery", "walk_in", "grid_forming"})
"""Stages in which a store holds its bus when the input goes; in bypass nothing does."""


def _delays(scheme: MainTieMainScheme, params: Params) -> dict[str, float]:
    """Return by breaker how long a scheme takes to close it [s]."""
    delays = dict.fromkeys(scheme.sets.values(), 0.0)
    for n, section in enumerate(scheme.sections):
        delays[section.generator_feeder] = max(n * params.block_s, CLOSING_S)
        delays[section.main] = params.return_s
    delays[scheme.tie] = params.tie_s
    delays[scheme.intake] = params.return_s
    delays.pop("", None)
    return delays


def _rating_w(item: Equipment, power_factor_pu: float) -> float:
    """Return what equipment may carry [W]."""
    if "power_va" in item.ratings:
        by_va = item.ratings["power_va"] * power_factor_pu
        return min(by_va, item.ratings.get("power_w", by_va))
    return item.ratings.get("power_w", _NEVER)
