"""What an ammeter measures: how large a current is, and nothing of which way it flows.

The current through a switch is what hangs behind it by the voltage there, that of a transformer
what it takes at its primary. An ammeter in the connection of a bus measures what leaves the bus, as
a meter of power does.

Its reading has no sign, so it counts only where power flows one way whatever happens: to loads,
converters that rectify, and branches behind which nothing gives. A bus may have one way in, by
which all comes that leaves.

The size of a current has no derivative at nothing, and tells next to nothing of what reactive power
adds to it while that is small: steps of Newton lead in circles there. But the angle of a load is
known to a tenth by its nameplate, and with it

    |S| = P cos(a) + Q sin(a)

up to half the square of what it is off by, for which `ANGLE_SIGMA` stands. That is linear, adds up
over loads, and is right down to nothing.

Who serves power as well has no ammeter here: both come of the same transformers, so it is no second
witness, and two readings that are wrong together would condemn the one that is right.

Source: own derivation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from daemon.core.estimation.instruments import TAN
from daemon.core.estimation.measurements import Kind
from daemon.core.estimation.site_network import Term, hanging, turned
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.core.estimation.drawing import Draw, Drawing
    from daemon.core.estimation.instruments import At
    from daemon.core.estimation.site_network import SiteNetwork, Terms

WHATS: Final = frozenset({"switch_i", "through_i", "flow_i"})
REACTIVE: Final = {
    Kind.DRAW_P: Kind.DRAW_Q,
    Kind.FLOW_P: Kind.FLOW_Q,
    Kind.CONVERTER_P: Kind.CONVERTER_Q,
}
"""By a kind of active power that of the reactive power that goes with it."""


def row(drawing: Drawing, wanted: Sequence[At], at: SiteNetwork) -> Terms:
    """Return what an ammeter measures in a network: where, then of what powers; or nothing.

    Args:
        drawing: the site.
        wanted: a branch, a bus, or the switches of which one may be closed.
        at: the network.
    """
    what, number = wanted[0].what, wanted[0].number
    if what == "flow_i":
        bus = drawing.branches[number].ends[0]
        active = _taken(drawing, at, _primary(drawing, at, number))
    elif what == "through_i":
        bus, active = number, _leaving(drawing, at, number)
    else:
        bus = drawing.switches[number].ends[1]
        flows = [at.flows[one.number] for one in wanted if one.number in at.flows]
        active = tuple(t for flow in flows for t in _taken(drawing, at, flow))
    if not active:
        return ()
    place = Term(Kind.CARRIED_I, int(at.node[bus]), int(drawing.is_dc[bus]), 1.0)
    return (place, *(part for term in active for part in _along(drawing, at, term)))


def _along(drawing: Drawing, at: SiteNetwork, term: Term) -> Terms:
    """Return the part of a power that lies along its usual angle."""
    if term.kind not in REACTIVE:
        return (Term(term.kind, term.place, term.end, abs(term.sign)),)
    takers = _takers(drawing, at, term)
    rated = sum(va for _, va in takers)
    tan = sum(TAN.get(nature, 0.0) * va for nature, va in takers) / rated if rated else 0.0
    along = 1.0 / math.hypot(1.0, tan)
    active = Term(term.kind, term.place, term.end, along)
    return active, active._replace(kind=REACTIVE[term.kind], sign=along * tan)


def _takers(drawing: Drawing, at: SiteNetwork, term: Term) -> list[tuple[str, float]]:
    """Return nature and rating [VA] of all that takes a power."""
    if term.kind is Kind.CONVERTER_P:
        return [(drawing.converters[term.place].item.nature, 1.0)]
    if term.kind is Kind.DRAW_P:
        draw = _drawn(drawing, at, term)
        return [(draw.members[0].nature, draw.rated_va)]
    nodes = _behind(at, term)
    takers = [(d.members[0].nature, d.rated_va, d.bus) for d in drawing.draws]
    takers += [(c.item.nature, c.item.ratings["power_w"], c.ac) for c in drawing.converters]
    here = [t for t in takers if not drawing.is_dc[t[2]] and int(at.node[t[2]]) in nodes]
    return [(nature, va) for nature, va, _ in here]


def _drawn(drawing: Drawing, at: SiteNetwork, term: Term) -> Draw:
    dc = term.kind is Kind.DC_DRAW_P
    draws = zip(drawing.draws, at.draw.tolist(), strict=True)
    return next(d for d, n in draws if n == term.place and drawing.is_dc[d.bus] == dc)


def _primary(drawing: Drawing, at: SiteNetwork, number: int) -> Terms:
    dc = drawing.is_dc[drawing.branches[number].ends[0]]
    return (Term(Kind.DC_FLOW_P if dc else Kind.FLOW_P, int(at.line[number]), 0, 1.0),)


def _taken(drawing: Drawing, at: SiteNetwork, terms: Iterable[Term]) -> Terms:
    """Return powers that are all taken, nothing where one may be given."""
    found = tuple(terms)
    return found if all(_takes(drawing, at, term) for term in found) else ()


def _leaving(drawing: Drawing, at: SiteNetwork, bus: int) -> Terms:
    """Return what leaves a bus with one way in, nothing where there may be more."""
    ways: list[Terms] = [(term,) for term in hanging(drawing, at.draw, at.line).get(bus, ())]
    for number, switch in enumerate(drawing.switches):
        if at.closed[number] and bus in switch.ends:
            if number not in at.flows:
                return ()
            flow = at.flows[number]
            ways.append(flow if switch.ends[0] == bus else tuple(map(turned, flow)))
    out = [_taken(drawing, at, way) if all(t.sign > 0.0 for t in way) else () for way in ways]
    return tuple(t for way in out for t in way) if out.count(()) <= 1 else ()


def _takes(drawing: Drawing, at: SiteNetwork, term: Term) -> bool:
    """Return whether power is never anything but taken."""
    if term.kind in {Kind.DRAW_P, Kind.DC_DRAW_P}:
        return _drawn(drawing, at, term).members[0].kind.role is Role.LOAD
    if term.kind is Kind.CONVERTER_P:
        return drawing.converters[term.place].part == "rectifier"
    if term.kind not in {Kind.FLOW_P, Kind.DC_FLOW_P}:
        return False
    dc = term.kind is Kind.DC_FLOW_P
    giving = [d.bus for d in drawing.draws if d.members[0].kind.role is not Role.LOAD]
    giving += [c.dc if c.part == "rectifier" else c.ac for c in drawing.converters]
    givers = {int(at.node[bus]) for bus in giving if drawing.is_dc[bus] == dc}
    behind = _behind(at, term)
    return bool(behind) and not behind & givers


def _behind(at: SiteNetwork, flow: Term) -> set[int]:
    """Return the nodes that hang on a branch, none where another way leads round it."""
    dc = flow.kind is Kind.DC_FLOW_P
    ends = (at.network.dc_branches if dc else at.network.branches).at.tolist()
    near, far = ends[flow.place][:: 1 if flow.end == 0 else -1]
    seen, left = {far}, [far]
    while left:
        bus = left.pop()
        for number, pair in enumerate(ends):
            if number != flow.place and bus in pair:
                news = set(pair) - seen
                seen |= news
                left += news
    return set() if near in seen else seen
