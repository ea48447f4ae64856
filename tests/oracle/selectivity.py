"""Who clears a short circuit at every bus: `python -m tests.oracle.selectivity` prints a table.

Every bus of a site gets a three-phase and an earth fault (a DC bus a fault between its poles), one
at a time, with the site fed by the utility, by one generator, by the storage that forms the 6.6 kV
network, and by the batteries of the UPS alone. Every fault happens to a copy of the same plant,
which is watched until the fault is dead and nothing moves any more.

What must come out is told by the one-line diagram, not by the relays: a fault lies in a zone, that
is everything between the breakers around it. Only breakers at the border of that zone may open. By
`--backup` the differential relays are blocked: then only those at the border that feed the fault
may, which is what time and current grading alone must achieve.
"""

from __future__ import annotations

import argparse
import os
import pickle
import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from daemon.settings import load
from device_emulators.devices.breaker import SUPPLY
from device_emulators.plant.plant import Plant
from device_emulators.plant.zones import border, joined
from tests.unit.device_emulators.sites import Hand, S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from daemon.model.plant import Site
    from device_emulators.plant.elements import PlantEvent

WATCH_S: Final = 4.0
AFTER_S: Final = 0.4
"""How long a plant is watched after its fault is dead: nothing more may open [s]."""
SLICE_S: Final = 0.1
DIFFERENTIAL_BLOCKED: Final = {
    "relay": {"differential_a": 1e9},
    "transformer": {"differential_pu": 1e9},
}
OWN: Final = frozenset({"stage", "short_circuit", "output_lost", "transferred"})
"""What says that a converter, a machine or a transfer switch acted by itself."""


@dataclass(slots=True)
class Outcome:
    """What one short circuit did.

    Attributes:
        fed_by: case.
        bus: where it was.
        kind: kind of fault.
        current_a: current of the fault in its first instant [A].
        zone: breakers around it, also while a static bypass or another pole was closed.
        feeding: those of them through which it was fed.
        opened: breakers that opened by protection: element, time from the fault to dead contacts.
        own: what converters, machines and transfer switches did as the fault died.
        dead_s: when the fault drew no current any more, None when it still did at the end [s].
    """

    fed_by: str
    bus: str
    kind: str
    current_a: float
    zone: frozenset[str]
    feeding: frozenset[str]
    opened: dict[str, tuple[str, float]] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    dead_s: float | None = None

    @property
    def beyond(self) -> frozenset[str]:
        """Return the breakers that should not have opened; a lost supply opens some rightly."""
        return frozenset(n for n, (x, _) in self.opened.items() if x not in SUPPLY) - self.zone

    @property
    def by_breakers(self) -> bool:
        """Return whether every breaker that fed it has opened, and the last made it dead."""
        if self.dead_s is None or not self.feeding or not self.feeding <= frozenset(self.opened):
            return False
        return max(self.opened[name][1] for name in self.feeding) >= self.dead_s - 1e-3

    def row(self) -> str:
        """Return it as a line of the table."""
        current = f"{self.current_a:8.0f} A"
        head = f"{self.fed_by:13} {self.bus:5} {self.kind:11} {current}"
        if self.current_a <= 0.0:
            return f"{head}  no current: stays, insulation or earth-fault monitoring tells"
        dead = "stays" if self.dead_s is None else f"{1000 * self.dead_s:5.0f} ms"
        by = " ".join(
            f"{'!' if name in self.beyond else ''}{name}({element})"
            for name, (element, _) in sorted(self.opened.items(), key=lambda x: (x[1][1], x[0]))
            if name in self.feeding or name in self.beyond
        )
        others = len(frozenset(self.opened) & self.zone - self.feeding)
        more = f" and {others} without current" if others else ""
        own = [] if self.by_breakers else [f"[{'; '.join(self.own)}]"]
        return " ".join([head, "", dead, "", *filter(None, [by + more]), *own])


def plant_of(site: Site, *, backup: bool) -> Plant:
    """Return a plant whose racks draw little, so that one small source carries them."""
    emulation = {key: dict(value) for key, value in site.emulation.items()}
    for nature, settings in (DIFFERENTIAL_BLOCKED if backup else {}).items():
        emulation.setdefault(nature, {}).update(settings)
    return Plant(replace(site, emulation=emulation), seed=1)


def by_utility(site: Site, *, backup: bool) -> Hand:
    """Return a plant on the utility."""
    hand = Hand(plant_of(site, backup=backup))
    hand.run(0.5)
    return hand


def _cut_off(site: Site, *, backup: bool) -> Hand:
    """Return a plant whose sections have been cut off from the utility that is gone."""
    hand = Hand(plant_of(site, backup=backup))
    for row in site.of_nature("rack_row"):
        hand.plant.write(row.id, "power_cap_pu", 0.1)
    hand.run(0.5)
    for utility in site.of_nature("utility"):
        hand.plant.inject(utility.id, "outage", {})
    hand.run(1.0)
    hand.command("52-VCB-MA", "open")
    hand.command("52-VCB-MB", "open")
    hand.run(1.2)
    return hand


def by_generator(site: Site, *, backup: bool) -> Hand:
    """Return a plant on one generator."""
    hand = _cut_off(site, backup=backup)
    hand.command("DG-1", "start")
    hand.run(14.0)
    for breaker in ("52-GCB-1", "52-VCB-GA", "52-VCB-GB"):
        hand.command(breaker, "close")
        hand.run(hand.plant.now_ns / S + 2.0)
    hand.run(26.0)
    return hand


def by_storage(site: Site, *, backup: bool) -> Hand:
    """Return a plant on the storage that forms its medium voltage, both sections joined."""
    hand = _cut_off(site, backup=backup)
    hand.command("ESS-1", "grid_forming")
    hand.run(3.0)
    hand.command("52-VCB-TIE", "close")
    hand.run(20.0)
    return hand


def by_batteries(site: Site, *, backup: bool) -> Hand:
    """Return a plant whose UPS live from their batteries, everything above them dead."""
    hand = Hand(plant_of(site, backup=backup))
    hand.run(0.5)
    for utility in site.of_nature("utility"):
        hand.plant.inject(utility.id, "outage", {})
    hand.run(1.0)
    hand.command("52-VCB-MA", "open")
    hand.command("52-VCB-MB", "open")
    hand.run(2.0)
    return hand


Case = tuple[str, "Callable[..., Hand]"]
CASES: Final[dict[str, tuple[Case, ...]]] = {
    "ai_hall": (
        ("utility", by_utility),
        ("one generator", by_generator),
        ("storage", by_storage),
        ("UPS battery", by_batteries),
    ),
    "traditional": (("utility", by_utility),),
}


def kinds(site: Site, bus: str) -> tuple[str, ...]:
    """Return the faults a bus gets."""
    return ("three_phase", "earth") if site.buses[bus].kind == "ac" else ("phase_phase", "earth")


def trial(fed_by: str, hand: Hand, bus: str, kind: str) -> Outcome:
    """Put a fault on a live bus and watch."""
    plant, grid = hand.plant, hand.plant.grid
    number = grid.bus[bus]
    began_ns = plant.now_ns
    plant.inject(bus, "fault", {"kind": kind, "ohm": 0.0})
    plant.advance(began_ns + 1)
    zone = joined(grid, {number})
    around = border(grid, zone)
    outcome = Outcome(
        fed_by,
        bus,
        kind,
        float(grid.fault_a[0]),
        frozenset(d.id for d in around),
        frozenset(d.id for d in around if _feeds(plant, d, zone)),
    )
    dead_ns = None
    hand.events.clear()

    others = [s for s in grid.switches if s.id not in plant.devices]
    joined_by = [s.closed for s in others]

    def look() -> None:
        nonlocal dead_ns, joined_by
        fed = bool(grid.fault_a.any())
        now = [s.closed for s in others]
        if fed and now != joined_by:  # a bypass, a pole: the zone is another one
            joined_by = now
            wider = joined(grid, {number})
            around = border(grid, wider)
            outcome.zone |= {d.id for d in around}
            outcome.feeding |= {d.id for d in around if _feeds(plant, d, wider)}
        if fed:
            dead_ns = None
        elif dead_ns is None:
            dead_ns = plant.now_ns

    plant.watchers.append(look)
    end_s = began_ns / S + WATCH_S
    while plant.now_ns / S < end_s and outcome.current_a > 0.0:
        hand.run(plant.now_ns / S + SLICE_S)
        if dead_ns is not None and plant.now_ns > dead_ns + AFTER_S * S:
            break
    outcome.dead_s = None if dead_ns is None else (dead_ns - began_ns) / S
    _tell(outcome, hand.events, began_ns)
    return outcome


def _feeds(plant: Plant, breaker: Any, zone: set[int]) -> bool:
    """Return whether a fault inside a zone is fed through a breaker at its border."""
    grid, outside = plant.grid, next(b for b in breaker.buses if b not in zone)
    if not breaker.closed:
        return False
    ahead: bool = bool(grid.switch_forward[breaker.switch]) == (breaker.buses[0] == outside)
    fault = next(iter(grid.faults.values())).bus
    step = float(grid.nominal_v[fault] / grid.nominal_v[outside])
    carried = float(grid.switch_current_a[breaker.switch])
    return ahead and carried > 0.01 * step * float(grid.fault_a[0])


def _tell(outcome: Outcome, events: Iterable[PlantEvent], began_ns: int) -> None:
    elements: dict[str, str] = {}
    for event in events:
        after_s = (event.at_ns - began_ns) / S
        if event.name == "tripped":
            elements[event.source] = str(event.fields["element"])
        elif event.name == "opened" and event.source in elements:
            outcome.opened[event.source] = (elements[event.source], after_s)
        elif event.name in {*OWN, "opened"} and abs(after_s - (outcome.dead_s or WATCH_S)) < 1e-3:
            outcome.own.append(event.text)


def sweep(
    site_name: str, cases: Iterable[str], buses: Iterable[str] = (), *, backup: bool = False
) -> Iterator[Outcome]:
    """Yield the outcome of every fault on `buses` (all of them if none is named)."""
    site = load(site_name).site
    wanted = list(buses) or list(site.buses)
    for fed_by, make in CASES[site_name]:
        if fed_by not in cases:
            continue
        hand = make(site, backup=backup)
        for bus in wanted:
            if hand.plant.quantity(bus, "live") == 0.0:
                continue
            for kind in kinds(site, bus):
                yield _aside(partial(trial, fed_by, hand, bus, kind))


def _aside(work: Callable[[], Outcome]) -> Outcome:
    """Return what `work` returns, done in a process of its own: the plant here stays as it is."""
    out, into = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy: none is working
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(out)
            with os.fdopen(into, "wb") as pipe:
                pickle.dump(work(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    found: Outcome = pickle.loads(told)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", default="ai_hall", choices=list(CASES))
    parser.add_argument("--case", action="append", help="utility, one generator, storage, ...")
    parser.add_argument("--bus", action="append", default=[])
    parser.add_argument("--backup", action="store_true", help="without differential relays")
    asked = parser.parse_args()
    cases = asked.case or [name for name, _ in CASES[asked.site]]
    for outcome in sweep(asked.site, cases, asked.bus, backup=asked.backup):
        print(outcome.row(), flush=True)


if __name__ == "__main__":
    main()
