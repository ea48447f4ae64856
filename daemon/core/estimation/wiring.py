"""What is closed, works and gives now, as far as it is known.

Positions and stages come from the image. One that is not good, or is neither open nor closed, is as
it was before, at the beginning as it is normally; so is that of a switch whose own voltages
contradict it. A breaker that shows open and is contradicted by a flow is closed. A source may
energise its bus while voltage is measured there, or on what is joined to it by closed switches and
transformers where nobody measures it; the store inside a UPS may while one of its ends is live.
Which way power flows through a switch is as it was last clearly estimated, or read: breakers are
polled seldom, and what flows through them is known sooner.

What a switch was before it was silent may be so no longer. A part that is seen to be live although
nothing that is known reaches it, at a switch that is not heard, is fed by nobody knows what: board
logic has moved, say, while its gateway was cut. By the drawing it would be dead, and every meter
behind it that shows power would be wrong. So nothing gives there, nor in what works together with
it through converters: it is not solved, what is measured stands, and nobody there is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.drawing import BASE_VA, BATTERY, Drawing, Switch, drawing
from daemon.core.estimation.instruments import instruments
from daemon.core.estimation.site_network import Wires, energised, parts
from daemon.core.topology import DEAD_PU, LIVE_PU, Presence, Topology, once_per_site
from daemon.model.quality import good_mask, is_good

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.network import Floats
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray

CLEAR_W: Final = 1e-3 * BASE_VA
"""Power above which the direction of a flow is believed [W]."""
_NONE: Final[frozenset[str]] = frozenset()
SURE: Final = 4.0
"""So many standard deviations of an instrument at nothing have to be read to tell a direction."""


class _Voltage(NamedTuple):
    """A voltage that is measured.

    Attributes:
        of: id of the equipment that tells it.
        bus: whose it is.
        point: its point.
        weight: by this it is of the nominal one [1/V].
    """

    of: str
    bus: str
    point: int
    weight: float


class Probe:
    """Where positions, stages and flows of a site stand in its images."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.drawing: Final[Drawing] = drawing(site, points)
        switches, converters = self.drawing.switches, self.drawing.converters
        told = [s.point for s in switches] + [c.point for c in converters]
        self._told = np.array([max(p, 0) for p in told], dtype=np.intp)
        self._known = np.array([p >= 0 for p in told], dtype=np.bool_)
        power = [points.find(s.id, "power_w") for s in switches]
        self.flowing: Final = np.flatnonzero([p is not None for p in power])
        self._power = np.array([p for p in power if p is not None], dtype=np.intp)
        told_all = instruments(site, points).all
        floor = {i.at[0].number: i.absolute for i in told_all if i.at[0].what == "switch_p"}
        floor_w = BASE_VA * np.array([floor.get(n, 0.0) for n in self.flowing.tolist()])
        self._clear_w = np.maximum(CLEAR_W, SURE * floor_w)
        self._volts = [
            _Voltage(
                points.points[i.points[0]].equipment,
                self.drawing.buses[i.at[0].number],
                i.points[0],
                i.weights[0],
            )
            for i in told_all
            if i.points and i.at[0].what == "voltage"
        ]
        self._stage = self._told[len(switches) :]
        self._last: tuple[tuple[bytes, frozenset[str]], Topology, Wires] | None = None
        self._still: tuple[Topology, QualityArray, Wires, bytes] | None = None

    def normal(self) -> Wires:
        """Return the site in normal operation, nothing giving yet."""
        switches = self.drawing.switches
        return Wires(
            closed=tuple(s.normal for s in switches),
            backward=(False,) * len(switches),
            working=tuple(c.item.normally != "out_of_service" for c in self.drawing.converters),
            giving=(False,) * len(self.drawing.draws),
        )

    def unmoved(self, image: Image, topology: Topology, before: Wires) -> bool:
        """Return whether all is closed, works and gives as before, whichever way power flows."""
        stages = image.values[self._stage].tobytes()
        still = self._still
        if still is not None and all(
            a is b for a, b in zip(still, (topology, image.quality, before), strict=False)
        ):
            return still[3] == stages
        now = self.look(image, topology, before)
        if now._replace(backward=before.backward) != before:
            return False
        self._still = topology, image.quality, before, stages
        return True

    def look(
        self, image: Image, topology: Topology, before: Wires, flow_w: Floats | None = None
    ) -> Wires:
        """Return what is closed, works and gives.

        Args:
            image: this scan.
            topology: its diagram.
            before: what was so in the last scan.
            flow_w: what flowed then through the switches of `flowing`, by estimation [W]; NaN where
                nobody knows.
        """
        good = good_mask(image.quality[self._told]) & self._known
        codes = np.where(good, image.values[self._told], -1.0).astype(np.int8)
        backward = self._backward(image, before, flow_w)
        apart = self._apart(image, topology) if topology.doubted else _NONE
        key = codes.tobytes() + backward.tobytes(), apart
        if self._last is not None and self._last == (key, topology, before):
            return before
        found = self._found(codes.tolist(), backward, topology, before, apart)
        # The same object while nothing moves: who keeps something by it asks `is` first.
        found = before if found == before else found
        self._last = key, topology, found
        return found

    def _backward(self, image: Image, before: Wires, flow_w: Floats | None) -> NDArray[np.bool_]:
        backward = np.array(before.backward, dtype=np.bool_)
        power_w = np.where(good_mask(image.quality[self._power]), image.values[self._power], 0.0)
        clear_w = self._clear_w
        if flow_w is not None:
            # What another meter lies by is in an estimate too: a small one needs a second witness.
            agrees = (flow_w * power_w > 0.0) & (np.abs(power_w) > CLEAR_W)
            power_w = np.where(np.isnan(flow_w), power_w, flow_w)
            clear_w = np.where(agrees, CLEAR_W, clear_w)
        sure = np.abs(power_w) > clear_w
        backward[self.flowing[sure]] = power_w[sure] < 0.0
        return backward

    def _found(
        self,
        codes: list[int],
        backward: NDArray[np.bool_],
        topology: Topology,
        before: Wires,
        apart: frozenset[str],
    ) -> Wires:
        switches, converters = self.drawing.switches, self.drawing.converters
        positions, stages = codes[: len(switches)], codes[len(switches) :]
        closed = tuple(
            s.id not in apart and _closed(s, code, was=was, doubted=s.id in topology.doubted)
            for s, code, was in zip(switches, positions, before.closed, strict=True)
        )
        working = tuple(
            was if code < 0 else code in c.working
            for c, code, was in zip(converters, stages, before.working, strict=True)
        )
        found = Wires(closed, tuple(backward.tolist()), working, self._giving(topology, working))
        silent = [s for s, code in zip(switches, positions, strict=True) if code < 0 <= s.point]
        return self._explained(topology, found, silent) if silent else found

    def _apart(self, image: Image, topology: Topology) -> frozenset[str]:
        """Return the doubted switches that carry nothing, by the word of others than themselves.

        The diagram asks some voltages alone, but all that are measured are witnesses here: one at
        least has to be dead where the switch says so, and none live.
        """
        found = []
        for switch in self.drawing.switches:
            if switch.id not in topology.doubted:
                continue
            ends = [self.drawing.buses[n] for n in switch.ends]
            dead = [topology.section[bus] for bus in ends if topology.dead(bus)]
            seen_pu = [
                image.values.item(each.point) * each.weight
                for each in self._volts
                if dead and each.of != switch.id and topology.section[each.bus] == dead[0]
                if is_good(image.quality.item(each.point))
            ]
            live = any(topology.live(bus) for bus in ends)
            if live and seen_pu and min(seen_pu) <= DEAD_PU and max(seen_pu) <= LIVE_PU:
                found.append(switch.id)
        return frozenset(found)

    def _explained(self, topology: Topology, found: Wires, silent: list[Switch]) -> Wires:
        """Return the same, nothing giving where silent switches let in nobody knows what."""
        drawing = self.drawing
        part = parts(drawing, found.closed)
        live = energised(drawing, part, found.working, found.giving)
        named = enumerate(drawing.buses)
        seen = {part[n] for n, bus in named if bus in topology.presence and topology.live(bus)}
        lost = seen.intersection(part[end] for s in silent for end in s.ends) - live
        before = -1
        while lost and before != len(lost):
            before = len(lost)
            for each, works in zip(drawing.converters, found.working, strict=True):
                if works and not lost.isdisjoint((part[each.ac], part[each.dc])):
                    lost |= {part[each.ac], part[each.dc]}
        if not lost:
            return found
        unknown = frozenset(n for n, one in enumerate(part) if one in lost)
        draws = zip(drawing.draws, found.giving, strict=True)
        giving = tuple(gives and draw.bus not in unknown for draw, gives in draws)
        return found._replace(giving=giving, unknown=unknown)

    def _giving(self, topology: Topology, working: tuple[bool, ...]) -> tuple[bool, ...]:
        """Return which sources may energise their bus; a store inside a UPS while that works."""
        live = {net for bus, net in topology.net.items() if topology.live(bus)}
        found = []
        for draw in self.drawing.draws:
            bus = self.drawing.buses[draw.bus]
            if draw.feed == BATTERY and bus not in topology.presence:
                item = draw.members[0]
                works = any(working[n] for n in self.drawing.converters_of[item.id])
                found.append(works and any(topology.live(end) for end in item.buses))
            else:
                presence = topology.presence[bus]
                nearby = presence is Presence.UNKNOWN and topology.net[bus] in live
                found.append(draw.source and (presence is Presence.LIVE or nearby))
        return tuple(found)


def _closed(switch: Switch, code: int, *, was: bool, doubted: bool) -> bool:
    """Return whether a switch is closed, by the code it shows and what it was before."""
    if code in switch.opened:
        # A breaker that shows open is doubted for a flow through it and nothing else.
        return doubted and len(switch.opened) == 1
    return was if doubted or code not in switch.closed else True


probe: Final = once_per_site(Probe)
