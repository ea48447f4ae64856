"""If this dies now, who is lost, and after how long?

Theory of operation. Every source, transformer, converter and tie of the site is taken away in
thought, one at a time, and what follows is worked out for every critical load: nothing, when a
source still holds one of its feeds; else it lives on what storage stands behind it until something
that closes by itself brings a source (`outlook`), and is *lost* when the storage is empty before.
What then carries more than its rating, at once or in the end, is *overloaded*. A load that is on
storage already is in the answer of every case, and in that of case "" in which nothing dies; a case
is *bad* when it loses a load or overloads equipment that would not be so anyway.

Values that are not good count as the worst case: an unknown power is the rating, an unknown store
is empty, an unknown switch does not conduct and will not close. So an answer that is good is good,
whatever is not seen. One that is bad may be so only because something is not seen: it is worked out
a second time with everything that is not known at its best (switches as they were seen last, stores
full, powers as they were last). What is bad even so is bad; what is bad in the worst case alone
*cannot be told*: that is said of it as soon, in words and in an alarm of its own, until the values
are back. What was known to be bad stays so while its values are missing.

The answer is worked out zone by zone (`zone`): all of a zone at once when the diagram has changed,
and at least once a second. A site of many blocks has many zones; `ZONES` of them have their turn in
a scan, or as many more as it takes to come round in `ROUND_SCANS`. A bad answer that stands for
`confirm_s` is told, and so is its end: breakers on their way are no news. What a site has decided
to live with (`accepted`) stays in the answer and is not told.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.facts import Security
from daemon.core.security.lasting import LONGEST_S, SECONDS_PER_HOUR
from daemon.core.security.outlook import Numbers, Params, outlook
from daemon.core.security.zone import zones_of
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.contingency import Contingency
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.security.outlook import Outlook
    from daemon.core.security.zone import Zone
    from daemon.core.topology import Topology
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

__all__ = ["Params", "State", "initial", "step"]

_ENDLESS_WS: Final = 1e15
"""In a store that is not known, at its best [J]."""
MOST_PU: Final = 99.0
"""Loading beyond this, or of what is not there at all, is shown as this."""
ROUND_SCANS: Final = 8
"""All zones have had their turn within so many scans."""
_KEPT: Final = 32


class Answer(NamedTuple):
    """Of one zone.

    Attributes:
        cases: one for every element of the zone, after that in which nothing dies.
        shared_w: what the loads of this zone add to equipment that all zones share, in the cases
            that all zones have (n_case_shared, n_place_shared) [W].
    """

    cases: tuple[Contingency, ...] = ()
    shared_w: tuple[tuple[float, ...], ...] = ()


class State(NamedTuple):
    """The answers, and what was told of them.

    Attributes:
        answers: by zone.
        next_zone: whose turn is next.
        left: zones that have not had their turn since the diagram changed or a second passed.
        began_ns: when the round began [ns].
        since_ns: by element, since when its case is not what was told [ns].
        told: elements whose case was told to be bad.
        best: the cases with what is not seen at its best; none while that makes no odds.
        known: those of `told` that are, or were, bad even so: the others cannot be told.
    """

    answers: tuple[Answer, ...] = ()
    next_zone: int = 0
    left: int = 0
    began_ns: int = 0
    since_ns: Mapping[str, int] = {}
    told: tuple[str, ...] = ()
    best: tuple[Contingency, ...] = ()
    known: tuple[str, ...] = ()


class _Memory:
    """Outlooks that were worked out, and the diagram of the last scan: a cache of values."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.zones = zones_of(site, points)
        self.shared = _n_shared(self.zones)
        self.outlooks: tuple[dict[tuple[bytes, Params], Outlook], ...] = tuple(
            {} for _ in self.zones
        )
        self.topology: Topology | None = None


_memory: Final = once_per_site(_Memory)


class _Shared(NamedTuple):
    """How many of the first elements and places all zones have."""

    elements: int
    places: int


def _n_shared(zones: tuple[Zone, ...]) -> _Shared:
    if len(zones) == 1:
        return _Shared(0, 0)
    first, other = zones[:2]
    theirs = {item.id for item in other.items}
    elements = sum(e.id in theirs for e in first.elements)
    return _Shared(elements, sum(name in other.rated_names for name in first.rated_names))


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing was asked."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Ask what the next failure would cost, as far as it may be another answer than before."""
    memory = _memory(view.site, view.points)
    if memory.topology is not view.topology or view.passed(state.began_ns + SECOND):
        memory.topology = view.topology
        state = state._replace(left=len(memory.zones), began_ns=view.now_ns)
    if not state.left:
        return Turn(state)
    state = _answered(view, state, params, memory)
    cases = _merged(memory.zones, memory.shared, state.answers)
    state = state._replace(best=_at_best(view, state, memory, cases, params))
    surely = _bad(state.best or cases, params)
    bad = {**_bad(cases, params), **_fed_at_best(cases, state.best), **surely}
    state, events = _tell(view, state, bad, surely.keys(), params)
    unknown = tuple(name for name in state.told if name not in state.known)
    if doubted := bad.keys() - surely.keys() - set(state.known):
        cases = tuple(c._replace(known=False) if c.element in doubted else c for c in cases)
    facts = {"security": Security(cases, state.known, unknown)}
    return Turn(state, events=tuple(events), facts=facts)


def _bad(cases: tuple[Contingency, ...], params: Params) -> dict[str, Contingency]:
    """Return what is lost and overloaded beyond what is so anyway, by the element that dies."""
    already = {name for name, *_ in (*cases[0].lost, *cases[0].overloaded)}
    bad = {}
    for case in cases[1:]:
        if (case.lost or case.overloaded) and case.element not in params.accepted:
            lost = tuple(one for one in case.lost if one[0] not in already)
            over = tuple(one for one in case.overloaded if one[0] not in already)
            if lost or over:
                bad[case.element] = Contingency(case.element, lost=lost, overloaded=over)
    return bad


def _fed_at_best(
    cases: tuple[Contingency, ...], best: tuple[Contingency, ...]
) -> dict[str, Contingency]:
    """Return, as the case in which nothing dies, what may be lost or overloaded already."""
    if not best:
        return {}
    surely = {name for name, *_ in (*best[0].lost, *best[0].overloaded)}
    lost = tuple(one for one in cases[0].lost if one[0] not in surely)
    over = tuple(one for one in cases[0].overloaded if one[0] not in surely)
    return {"": Contingency("", lost=lost, overloaded=over)} if lost or over else {}


def _at_best(
    view: View,
    state: State,
    memory: _Memory,
    cases: tuple[Contingency, ...],
    params: Params,
) -> tuple[Contingency, ...]:
    """Return the cases with all that is not seen at its best; none where that makes no odds."""
    if not any(case.lost or case.overloaded for case in cases):
        return ()
    blind = [n for n, zone in enumerate(memory.zones) if zone.blind(view.image)]
    if not blind or state.left:  # once in a round is enough
        return state.best if blind else ()
    answers = list(state.answers)
    for n in blind:
        others_w = _others_w(answers, n, memory.shared)
        answers[n] = _answer(view, memory, n, others_w, params, at_best=True)
    return _merged(memory.zones, memory.shared, tuple(answers))


def _answered(view: View, state: State, params: Params, memory: _Memory) -> State:
    """Return the state after the next zones have had their turn."""
    zones = memory.zones
    answers = list(state.answers or (Answer(),) * len(zones))
    count = min(state.left, -(-len(zones) // ROUND_SCANS))
    for turn in range(count):
        n = (state.next_zone + turn) % len(zones)
        others_w = _others_w(answers, n, memory.shared)
        answers[n] = _answer(view, memory, n, others_w, params)
    return state._replace(
        answers=tuple(answers),
        next_zone=(state.next_zone + count) % len(zones),
        left=state.left - count,
    )


def _others_w(answers: list[Answer], n: int, shared: _Shared) -> Numbers:
    """Return what all other zones add to what is shared, by shared case [W]."""
    total = np.zeros((1 + shared.elements, shared.places))
    for k, answer in enumerate(answers):
        if k != n and answer.shared_w:
            total += np.array(answer.shared_w)
    return total


def _answer(
    view: View,
    memory: _Memory,
    n: int,
    others_w: Numbers,
    params: Params,
    *,
    at_best: bool = False,
) -> Answer:
    """Return the answer of one zone, with what is not known at its worst, or at its best."""
    zone, shared = memory.zones[n], memory.shared
    codes = zone.codes(view.image, view.topology, view.facts.tags, at_best=at_best)
    kept = memory.outlooks[n]
    if (found := kept.get((codes, params))) is None:
        if len(kept) >= _KEPT:
            kept.clear()
        found = kept[codes, params] = outlook(zone, codes, params)
    load_w = zone.load_w(view, at_best=at_best)
    shape = found.rating_w.shape
    at_once = (found.at_once @ load_w).reshape(shape)
    carried = np.maximum(at_once, (found.after @ load_w).reshape(shape))
    own = carried[: 1 + shared.elements, : shared.places]
    shared_w = tuple(map(tuple, own.tolist())) if shared.places else ()
    if shared.places:
        carried[: 1 + shared.elements, : shared.places] += others_w
        carried[1 + shared.elements :, : shared.places] += others_w[0]
    lasting_s = _lasting_s(view, zone, found, at_once, params, at_best=at_best)
    return Answer(_cases(zone, found, carried, lasting_s, params), shared_w)


def _lasting_s(
    view: View, zone: Zone, found: Outlook, at_once_w: Numbers, params: Params, *, at_best: bool
) -> Numbers:
    """Return how long storage holds every load that waits (n,) [s]."""
    waiting, paths = found.waiting, view.facts.autonomy.paths
    unknown_ws = _ENDLESS_WS if at_best else 0.0
    if not len(waiting.case):
        return np.zeros(0)
    size = len(zone.backups)
    stored_ws, now_w, lost_s = np.zeros(size), np.full(size, np.inf), np.zeros(size)
    for n, item in enumerate(zone.backups[: zone.n_behind]):
        if (path := paths.get(item.id)) is not None:
            by_time = (path.autonomy_s - path.held_s) * path.power_w
            stored_ws[n] = by_time if path.power_w > 0.0 else path.energy_wh * SECONDS_PER_HOUR
            now_w[n] = path.power_w
            rated_ws = item.ratings["energy_wh"] * SECONDS_PER_HOUR
            lost_s[n] = params.rate_loss_pu * rated_ws / item.ratings["power_w"]
            if at_best and not path.known:
                stored_ws[n] = unknown_ws
    places = [zone.rated[item.id] for item in zone.backups]
    power_w = np.zeros((len(waiting.case), size))
    if places:
        power_w[:] = waiting.behind * at_once_w[:, places][waiting.case]
    most_w = np.full(size, np.inf)
    told = zone.of_storage.read(view.image)
    for k, item in enumerate(zone.backups[zone.n_behind :]):
        soc_pu, limit_w = view.charge_pu(item.id), told[k]
        n = zone.n_behind + k
        rated_ws = item.ratings["energy_wh"] * SECONDS_PER_HOUR
        stored_ws[n] = unknown_ws if soc_pu is None else soc_pu * rated_ws
        unknown_w = item.ratings["power_w"] if at_best else 0.0
        most_w[n] = min(item.ratings["power_w"], unknown_w if limit_w is None else abs(limit_w))
    able = waiting.behind & (power_w <= most_w)
    total_w = (able * power_w).sum(axis=1)
    # The faster it has to give than it does now, the less it can give.
    usable_ws = np.maximum(stored_ws - lost_s * np.maximum(power_w - now_w, 0.0), 0.0)
    total_ws = (able * usable_ws).sum(axis=1)
    lasting = np.where(total_w > 0.0, total_ws / np.maximum(total_w, 1e-9), 0.0)
    lasting = np.where((total_w <= 0.0) & (total_ws > 0.0), LONGEST_S, lasting)
    # What stands behind the load itself comes after storage that forms its supply.
    left_s = np.zeros(len(zone.loads))
    for n, load in enumerate(zone.loads):
        if (path := paths.get(load.id)) is not None:
            best = at_best and not path.known
            left_s[n] = LONGEST_S if best else path.autonomy_s - path.held_s
    own = np.array([load.own for load in zone.loads])[waiting.load]
    after = own | able[:, zone.n_behind :].any(axis=1)
    return np.asarray(np.clip(lasting + after * left_s[waiting.load], 0.0, LONGEST_S))


def _cases(
    zone: Zone, found: Outlook, carried_w: Numbers, lasting_s: Numbers, params: Params
) -> tuple[Contingency, ...]:
    """Return the answer for every case of a zone."""
    lost: dict[int, list[tuple[str, float]]] = {}
    stored: dict[int, list[tuple[str, float, float]]] = {}
    waiting = found.waiting
    rows = (waiting.case, waiting.load, waiting.until_s, lasting_s)
    for case, load, until_s, lasts_s in zip(*(row.tolist() for row in rows), strict=True):
        name, told_s = zone.loads[load].id, round(lasts_s, 1)
        if lasts_s < until_s:
            lost.setdefault(case, []).append((name, told_s))
        if told_s > 0.0:
            stored.setdefault(case, []).append((name, told_s, round(until_s, 1)))
    over: dict[int, list[tuple[str, float]]] = {}
    beyond = carried_w > found.rating_w * params.loading_pu
    for case, place in zip(*(at.tolist() for at in np.nonzero(beyond)), strict=True):
        rating_w = float(found.rating_w[case, place])
        loading = float(carried_w[case, place]) / rating_w if rating_w else MOST_PU
        told_pu = min(round(loading, 2), MOST_PU)
        over.setdefault(case, []).append((zone.rated_names[place], told_pu))
    cases = list(zone.quiet)
    for case in {*lost, *stored, *over}:
        cases[case] = Contingency(
            element=cases[case].element,
            lost=tuple(lost.get(case, ())),
            on_storage=tuple(stored.get(case, ())),
            overloaded=tuple(over.get(case, ())),
            transfers=found.transfers[case],
        )
    return tuple(cases)


def _merged(
    zones: tuple[Zone, ...], shared: _Shared, answers: tuple[Answer, ...]
) -> tuple[Contingency, ...]:
    """Return the cases of a site: those that all zones have put together, then those of each."""
    if len(zones) == 1:
        return answers[0].cases
    there = [answer.cases for answer in answers if answer.cases]
    common = (tuple(cases[n] for cases in there) for n in range(1 + shared.elements))
    own = (case for cases in there for case in cases[1 + shared.elements :])
    return (*map(_together, common), *own)


def _together(parts: tuple[Contingency, ...]) -> Contingency:
    return Contingency(
        element=parts[0].element,
        lost=tuple(each for part in parts for each in part.lost),
        on_storage=tuple(each for part in parts for each in part.on_storage),
        overloaded=tuple({name: (name, pu) for p in parts for name, pu in p.overloaded}.values()),
        transfers=tuple({name: (name, s) for p in parts for name, s in p.transfers}.values()),
    )


def _tell(
    view: View, state: State, bad: Mapping[str, Contingency], surely: Set[str], params: Params
) -> tuple[State, list[Event]]:
    """Return the state after what has stood for long enough is told, and the events."""
    told, known = set(state.told), set(state.known)
    if not state.since_ns and told == bad.keys() and surely <= known:
        return state, []
    since_ns: dict[str, int] = {}
    events = []
    for name in sorted(told | bad.keys()):
        stays = name in surely or (name in bad and name in known)
        if (name in told, name in known) == (name in bad, stays):
            continue
        since_ns[name] = state.since_ns.get(name, view.now_ns)
        if not view.passed(since_ns[name] + ns(params.confirm_s)):
            continue
        del since_ns[name]
        told, known = told - {name}, known - {name}
        if name in bad:
            told |= {name}
            known |= {name} & surely
            events.append(_lost(view, bad[name], known=name in known))
        else:
            events.append(_restored(view, name))
    after = state._replace(since_ns=since_ns, told=tuple(sorted(told)), known=tuple(sorted(known)))
    return after, events


def _lost(view: View, case: Contingency, *, known: bool) -> Event:
    told = []
    if case.lost:
        lost = ", ".join(name for name, _ in case.lost)
        told.append(f"{lost} lost after {case.first_lost_s:g} s")
    told += [f"{name} at {pu:.0%}" for name, pu in case.overloaded]
    text = f"if {case.element} dies now" if case.element else "what is fed now"
    text += ": " if known else " cannot be told, values are missing; at worst: "
    return view.event(
        case.element or view.site.id,
        "n_minus_1_lost" if known else "n_minus_1_unknown",
        text + "; ".join(told),
        contingency=case.element,
        loads=tuple(name for name, _ in case.lost),
        after_s=case.first_lost_s if case.lost else -1.0,
        overloaded=tuple(name for name, _ in case.overloaded),
    )


def _restored(view: View, name: str) -> Event:
    text = f"{name} may die again without the loss of a load"
    if not name:
        text = "what is fed now can be told again"
    return view.event(name or view.site.id, "n_minus_1_restored", text, contingency=name)
