"""Which source could feed which bus over healthy equipment, and how long that takes at most.

A graph of the one-line diagram by the plant's truth. Switches of a transfer scheme may be moved
when nothing holds them and no other feed of their section is stuck; every other one counts as it
stands, opened by us as if it were closed. Through the mains and generator feeders of a section
power goes to the section alone: nobody feeds one section over the transformers of the other.
Tripped transformers, converters with a fault or fewer modules, and buses with a standing fault
carry nothing, and a set that ails in any way counts as none. The time of a path is that of doing
everything anew: detecting, starting, moving each switch of a scheme on it, walking in; so it does
not shrink while the scheme makes progress.

Simplified: no path over on-site sources or storage is counted, so what this calls possible is.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.model.plant import IntakeScheme, MainTieMainScheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.rehearsal.simulation.observer import Scene

FEEDER_TRIPS: Final = ("50", "51", "67")
MOVE_S: Final = 0.5
"""From a decision to contacts at rest, reading included [s]."""
OURS: Final = "command"


@dataclass(frozen=True, slots=True)
class Times:
    """What the parts of a path take at most, by the settings of the site [s].

    Attributes:
        confirm_s: until the loss counts as one.
        intake_s: to change over to the other feed.
        return_s: until a utility that is back is trusted.
        section_s: to give a section its main, its tie or its generator feeder.
        block_s: between two load blocks.
        more_sets_s: longest wait for more sets and for caps.
        retry_s: what one switch that fails costs.
    """

    confirm_s: float
    intake_s: float
    return_s: float
    section_s: float
    block_s: float
    more_sets_s: float
    retry_s: float


def times(control: Any) -> Times:  # noqa: ANN401 - the settings of the controllers, as values
    """Return the times that the settings allow."""
    board, outage = control.main_tie_main, control.outage
    return Times(
        confirm_s=outage.confirm_s,
        intake_s=control.intake.transfer_s + control.intake.travel_s,
        return_s=outage.return_stable_s + MOVE_S,
        section_s=board.section_confirm_s + board.isolate_s + board.mains_settle_s + MOVE_S,
        block_s=board.between_blocks_s,
        more_sets_s=board.sets_wait_s + board.caps_wait_s,
        retry_s=board.close_s,
    )


class StandingFaults:
    """The buses that nobody may bring voltage to before a person has looked."""

    def __init__(self, scene: Scene) -> None:
        """Know relays, breakers and ties."""
        plant, site = scene.plant, scene.plant.site
        self._relays: list[Any] = [plant.devices[e.id] for e in site.of_nature("relay")]
        self._breakers: list[Any] = [plant.devices[e.id] for e in site.of_nature("breaker")]
        schemes = (s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
        self._ties = frozenset(s.tie for s in schemes)
        zones = (plant.devices[e.id] for e in site.of_nature("relay", "transformer"))
        self._zones = frozenset(bus for device in zones for bus in device.buses)

    def places(self) -> Iterator[tuple[str, int]]:
        """Yield what says so, for a person, and the bus.

        A feeder that is locked out on over-current has its fault on the side away from the source;
        a tie may be fed from either; one that saw the current flow towards its source (67) has it
        there. 87 of a transformer speaks of the transformer alone; that of a bus of the bus, also
        when its relay has been reset and only breakers beside it are still locked out. A breaker
        that did not obey its trip joins the fault to both its sides.
        """
        for relay in self._relays:
            if relay.trip_87:
                yield f"the bus that {relay.id} has tripped (87)", relay.buses[0]
        for breaker in self._breakers:
            if breaker.flags["lockout_86"] and any(breaker.trips[t] for t in FEEDER_TRIPS):
                for bus in self._beyond(breaker):
                    yield f"the bus that {breaker.id} is locked out from (86)", bus

            elif breaker.flags["lockout_86"] and breaker.trips["87"] and self._left_zone(breaker):
                yield f"the bus that tripped {breaker.id}, locked out (87)", breaker.buses[0]

    def _left_zone(self, breaker: Any) -> bool:  # noqa: ANN401 - a device's inner state
        """Return whether a bus differential looks at its source side, and none at its load side."""
        source, load = breaker.buses
        return source in self._zones and load not in self._zones

    def _beyond(self, breaker: Any) -> tuple[int, ...]:  # noqa: ANN401 - a device's inner state
        buses: tuple[int, ...] = breaker.buses
        if breaker.id in self._ties or breaker.flags["failure_50bf"]:
            return buses
        backward = breaker.trips["67"] and not (breaker.trips["50"] or breaker.trips["51"])
        return buses[:1] if backward else buses[1:]


class OneLine:
    """The one-line diagram of a plant, see the module docstring."""

    def __init__(self, scene: Scene) -> None:
        """Draw it once."""
        self._plant, site = scene.plant, scene.plant.site
        self._times = times(scene.site_file.control)
        self._devices: Mapping[str, Any] = scene.plant.devices
        self._scheme_s = dict(self._moves())
        self._one_way = frozenset(self._feeds())
        schemes = scene.plant.site.schemes.values()
        self._ties = frozenset(s.tie for s in schemes if isinstance(s, MainTieMainScheme))
        self._links = [link for item in site.equipment.values() for link in self._ends(item.id)]
        self._upward: dict[int, list[tuple[str, int]]] = {}
        for id_, a, b in self._links:
            self._upward.setdefault(b, []).append((id_, a))
            if id_ in self._ties:  # may be passed either way
                self._upward.setdefault(a, []).append((id_, b))
        self._utilities: list[Any] = [self._devices[e.id] for e in site.of_nature("utility")]
        self._sets: list[Any] = [self._devices[e.id] for e in site.of_nature("generator")]
        self.faults: Final = StandingFaults(scene)

    def _moves(self) -> Iterator[tuple[str, float]]:
        """Yield every switch of a scheme and what moving it takes [s]."""
        t = self._times
        for scheme in self._plant.site.schemes.values():
            if isinstance(scheme, IntakeScheme):
                yield scheme.switch, t.intake_s
                yield from ((feed, MOVE_S) for feed in scheme.feeds)
            elif isinstance(scheme, MainTieMainScheme):
                yield scheme.intake, t.return_s
                yield scheme.tie, t.section_s
                yield from ((breaker, MOVE_S) for breaker in scheme.sets.values())
                for number, section in enumerate(scheme.sections):
                    yield section.main, t.section_s + number * t.block_s
                    yield section.generator_feeder, t.section_s + number * t.block_s
                    yield section.upstream, MOVE_S

    def _feeds(self) -> Iterator[str]:
        """Yield the switches through which a section is fed and feeds nothing."""
        for scheme in self._plant.site.schemes.values():
            if isinstance(scheme, MainTieMainScheme):
                for section in scheme.sections:
                    yield from (section.main, section.generator_feeder, section.upstream)

    def _ends(self, id_: str) -> Iterator[tuple[str, int, int]]:
        device = self._devices[id_]
        buses = device.buses
        match device.item.nature:
            case "breaker" | "transformer" | "cable" | "ups" | "hvdc" | "rectifier":
                yield id_, buses[0], buses[1]
            case "transfer_switch":
                yield id_, buses[0], buses[2]
                yield id_, buses[1], buses[2]

    # What is healthy now.

    def _carries_s(self, id_: str, a: int, b: int) -> float | None:
        """Return what it takes to get through an element [s], None when nothing gets through."""
        device = self._devices[id_]
        match device.item.nature:
            case "breaker":
                return self._breaker_s(device)
            case "transfer_switch":
                on = device.on is not None and device.buses[device.on] == a
                broken = device.stuck or device.pole_shorted or device.overlap_stuck
                free = not broken and not device.local and device.selector == "auto"
                return self._scheme_s.get(id_, MOVE_S) if on or free else None
            case "transformer":
                return None if device.tripped or device.too_hot else 0.0
            case "cable":
                return 0.0
        settings = device.settings
        delay_s = settings.get("walk_in_delay_s", settings.get("precharge_s", 0.0))
        whole = device.ratings.get("modules_count", settings.get("modules_count"))
        weak = whole is not None and device.modules < whole
        broken = weak or device.stage == "fault" or getattr(device, "faulty", False)
        return None if broken else float(delay_s) + float(settings["walk_in_s"])

    def _risked(self, id_: str, a: int, b: int) -> set[int]:
        """Return where no fault may stand for power to go through an element.

        What the feed under a transfer switch tripped on may stand behind the switch.
        """
        device = self._devices[id_]
        if device.item.nature == "transfer_switch" and device.on is not None:
            return {a, b, device.buses[device.on]}
        return {a, b}

    def _breaker_s(self, breaker: Any) -> float | None:  # noqa: ANN401 - a device's inner state
        scheme_s = self._scheme_s.get(breaker.id)
        if breaker.closed and breaker.position.name == "CLOSED":
            return scheme_s or 0.0
        flags = breaker.flags
        held = breaker.stuck_open or not flags["racked_in"]
        if held or any(flags[f] for f in ("lockout_86", "emergency_off", "local", "failure_50bf")):
            return None
        return MOVE_S if scheme_s is None and breaker.cause == OURS else scheme_s

    def _held(self) -> frozenset[str]:
        """Return the switches that must stay open because another one cannot be opened.

        A section that cannot be isolated from one of its feeds must not be given to another.
        """
        held: set[str] = set()
        for scheme in self._plant.site.schemes.values():
            if not isinstance(scheme, MainTieMainScheme):
                continue
            for section in scheme.sections:
                feeds = {section.main, section.generator_feeder, scheme.tie}
                stuck = {id_ for id_ in feeds if self._will_not_open(self._devices[id_])}
                held |= feeds - stuck if stuck else set()
        return frozenset(held)

    @staticmethod
    def _will_not_open(breaker: Any) -> bool:  # noqa: ANN401 - a device's inner state
        return bool(breaker.closed and (breaker.stuck_closed or breaker.flags["failure_50bf"]))

    # Paths.

    def reach(self) -> tuple[dict[int, float], dict[int, float]]:
        """Return for every bus that a utility, and that a set could feed, the time it takes [s]."""
        edges: dict[int, list[tuple[int, float]]] = {}
        faulted = {bus for _, bus in self.faults.places()}
        held = self._held()
        for id_, a, b in self._links:
            cost_s = self._carries_s(id_, a, b)
            if cost_s is None or faulted & self._risked(id_, a, b) or id_ in held:
                continue
            edges.setdefault(a, []).append((b, cost_s))
            both_ways = self._devices[id_].item.nature in {"breaker", "transformer", "cable"}
            if both_ways and id_ not in self._one_way:
                edges.setdefault(b, []).append((a, cost_s))
        t = self._times
        mains = {u.buses[0]: t.confirm_s for u in self._utilities if self._gives(u)}
        sets = {
            g.buses[0]: t.confirm_s + t.more_sets_s + self._start_s(g) for g in self.healthy_sets()
        }
        return _cheapest(edges, mains), _cheapest(edges, sets)

    def _gives(self, utility: Any) -> bool:  # noqa: ANN401 - a device's inner state
        former, nominal_hz = utility.former, self._plant.grid.nominal_hz
        near = abs(former.frequency_hz - nominal_hz) < 0.01 * nominal_hz
        return bool(former.able and 0.95 <= former.voltage_pu <= 1.05 and near)

    def healthy_sets(self) -> list[Any]:
        """Return the sets that can run, take load and keep it."""
        return [g for g in self._sets if g.stage != "fault" and not self._ails(g)]

    @staticmethod
    def _ails(machine: Any) -> bool:  # noqa: ANN401 - a device's inner state
        """Return whether a set will not start, not be joined, or trip before long."""
        starts = machine.selector == "auto" and not (machine.refuses or machine.fuel_l <= 0.0)
        builds = not (machine.no_build or machine.reversed_phases) and machine.machine.excited
        governed = machine.machine.fuelled and not machine.machine.hunting_pu
        lasts = not (machine.low_oil or machine.fan_lost or machine.tanks.leak_l_s)
        balanced = not (machine.machine.forced or machine.protection.unbalance_pu)
        return not (starts and builds and governed and lasts and balanced)

    def _start_s(self, machine: Any) -> float:  # noqa: ANN401 - a device's inner state
        settings = machine.settings
        return float(settings["crank_s"] + settings["spread_s"] + settings["run_up_s"]) + MOVE_S

    def retries_s(self, faulty: Iterable[str]) -> float:
        """Return what it costs to find out that some switches do not obey [s].

        Generous: a switch of a scheme counts wherever it is, on the path in question or not, since
        a board does one thing after another. Sets start all at once, so one that does not start
        holds up no other.
        """
        return self._times.retry_s * len({*faulty}.intersection(self._scheme_s))

    def between(self, buses: Iterable[int]) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return what stands between buses and the stores above them, and these stores."""
        passed: set[str] = set()
        stores: dict[str, None] = {}
        frontier = list(buses)
        while frontier:
            bus = frontier.pop()
            for id_, a, b in self._links:
                if b != bus or id_ in passed or id_ in stores:
                    continue
                if self._devices[id_].item.nature in {"ups", "rectifier"}:
                    stores[id_] = None
                elif self._devices[id_].item.nature in {"breaker", "transfer_switch"}:
                    passed.add(id_)
                    frontier.append(a)
        return frozenset(passed), tuple(stores)

    def above(self, buses: Iterable[int]) -> frozenset[str]:
        """Return what shows and moves everything that could feed some buses, gateways included.

        Switches, transformers and converters towards the sources, relays and meters at the buses
        passed, sets and controllers of the boards.
        """
        site, grid = self._plant.site, self._plant.grid
        found: set[str] = set()
        frontier = list(buses)
        passed = set(frontier)
        while frontier:
            for id_, further in self._upward.get(frontier.pop(), ()):
                found.add(id_)
                if further not in passed:
                    passed.add(further)
                    frontier.append(further)
        for item in site.of_nature("relay", "meter", "generator", "utility"):
            if any(grid.bus[bus] in passed for bus in item.buses):
                found.add(item.id)
        for scheme in site.schemes.values():
            if isinstance(scheme, MainTieMainScheme) and scheme.tie in found:
                found.add(scheme.controller)
        devices = (site.equipment[id_].device for id_ in found)
        return frozenset(found | {device.gateway for device in devices if device})


def _cheapest(
    edges: Mapping[int, list[tuple[int, float]]], sources: Mapping[int, float]
) -> dict[int, float]:
    """Return the least time to every node that can be reached (Dijkstra) [s]."""
    found: dict[int, float] = {}
    queue = sorted((cost, node) for node, cost in sources.items())
    while queue:
        cost, node = heapq.heappop(queue)
        if node in found:
            continue
        found[node] = cost
        for other, more in edges.get(node, ()):
            if other not in found:
                heapq.heappush(queue, (cost + more, other))
    return found
