"""Does what security foretells come true? `python -m tests.oracle.contingencies` prints a table.

Every element whose death the daemon answers for is really killed in the emulated plant, one run
each, and what the plant then does to every critical load is held against the answer that stood one
moment before. In the state `normal` the daemon goes on and its transfers have to come in time; in
`bare` there is nothing left to transfer to, the stores are nearly empty and the daemon stands still
after the blow, so that nothing stretches them: then the time matters.

An answer is wrong when a load is lost that it did not name, when one is named that is not lost,
when a transfer comes later than it says, or when a load lasts less long than it says; while the
daemon stands still also when it lasts much longer.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.model.quantities import seconds
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.contingency import Contingency
    from daemon.model.plant import Equipment, Site
    from daemon.publishers.publisher import Snapshot
    from daemon.rehearsal.simulation.observer import Scene

SITE: Final = "ai_hall"
AT_S: Final = 10.0
TAIL_S: Final = {"normal": 30.0, "bare": 90.0, "one_sided": 90.0}
EARLY_PU, LATE_PU = 0.8, 1.3
"""A load may be lost this much earlier or later than told: its power goes on to swing."""
SLACK_S: Final = 2.0
_DEATHS: Final = {
    "utility": "outage",
    "transformer": "trip_87t",
    "hvdc": "trip",
    "generator": "emergency_stop",
    "gas_turbine": "trip",
    "smr": "trip",
    "pv": "trip",
    "ess": "trip",
    "breaker": "trip",
}
_OF_LOADS: Final = {"rack_row": "hvdc", "server": "ups", "network": "rectifier"}
_FEEDING: Final = frozenset({"normal", "walk_in", "running"})
_BY_DAEMON: Final = ("TX-P-A", "TX-P-B")
"""What only the daemon replaces while side B is cut off: it goes on then."""
_CUT: Final = ("52-VCB-HB", "52-ACB-UB", "52-MCCB-RB")
_LOW: Final = """\
initial:
  - {target: ups, soc_pu: 0.08}
  - {target: rectifier, soc_pu: 0.1}
  - {target: ai_rack, soc_pu: 0.5}
  - {target: ESS-2, soc_pu: 0.12}
"""


@dataclass
class Watch(Observer):
    """What was foretold, and what the plant did.

    Attributes:
        element: what dies.
        foretold: the answer that stood before.
        back_s: by nature of converters, when one of them gave power again; 0 when one always did.
    """

    element: str
    foretold: Contingency | None = None
    back_s: dict[str, float] = field(default_factory=dict)

    def begin(self, scene: Scene) -> None:
        self._scene, self._at_ns = scene, scene.origin_ns + round(AT_S * 1e9)
        self._converters = scene.site_file.site.of_nature("ups", "rectifier", "hvdc")

    def shown(self, snapshot: Snapshot) -> None:
        if snapshot.image.now_ns < self._at_ns:
            cases = {case.element: case for case in snapshot.contingencies}
            self.foretold = cases.get(self.element, self.foretold)

    def look(self, now_ns: int) -> None:
        if now_ns <= self._at_ns:
            return
        for nature in ("ups", "rectifier", "hvdc"):
            feeding = any(self._feeds(e) for e in self._converters if e.nature == nature)
            if not feeding:
                self.back_s[nature] = math.inf
            elif self.back_s.get(nature) == math.inf:
                self.back_s[nature] = seconds(now_ns - self._at_ns)

    def _feeds(self, item: Equipment) -> bool:
        stage = item.kind.points["stage"].states[int(self._scene.plant.read(item.id, "stage"))]
        return stage in _FEEDING and not (item.nature != "hvdc" and self._on_battery(item))

    def _on_battery(self, item: Equipment) -> bool:
        return bool(self._scene.plant.read(item.id, "on_battery"))


@dataclass(frozen=True)
class Finding:
    """One element in one state.

    Attributes:
        element: what died.
        state: "normal" or "bare".
        told: loads foretold to be lost, and after how long [s].
        seen: loads that were lost, and after how long [s].
        until_s: when the supply was to be back at the loads that wait for it; 0 if none does.
        back_s: when it was.
        wrong: what does not fit, one line each.
    """

    element: str
    state: str
    told: dict[str, float]
    seen: dict[str, float]
    until_s: float
    back_s: float
    wrong: tuple[str, ...]


def elements(site: Site) -> tuple[str, ...]:
    """Return what the daemon answers for."""
    return tuple(
        item.id
        for item in site.equipment.values()
        if item.nature in {*_DEATHS, "ups", "rectifier"}
        and (item.nature != "breaker" or item.id in TIES)
    )


TIES: Final = ("52-VCB-TIE", "52-VCB-GA", "52-VCB-GB", "52-ACB-TA", "52-ACB-TB", "72-TIE")


def judge(element: str, state: str = "normal") -> Finding:
    """Kill an element, and compare."""
    site_file = load(SITE)
    item = site_file.site.equipment[element]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contingency.yaml"
        path.write_text(_scenario(item, state))
        scenario = scenario_for(path, site_file.site, "image")
    watch = Watch(element)
    course = run(Case(site_file, scenario, seed=1), [watch])
    assert watch.foretold is not None, element
    plant, origin_ns = course.scene.plant, course.scene.origin_ns
    seen: dict[str, float] = {}
    for name, rack in _critical(site_file.site):
        for begin_ns, _ in plant.unfed_ns(rack):
            lost_s = seconds(begin_ns - origin_ns) - AT_S
            if lost_s >= -0.001:
                seen[name] = min(lost_s, seen.get(name, lost_s))
    waiting = watch.foretold.on_storage
    until_s = max((until for _, _, until in waiting), default=0.0)
    back_s = max(
        (watch.back_s.get(_nature(site_file.site, n), 0.0) for n, *_ in waiting), default=0.0
    )
    told = dict(watch.foretold.lost)
    wrong = (*_compare(told, seen, state), *_in_time(watch.foretold, watch.back_s, site_file.site))
    return Finding(element, state, told, seen, until_s, back_s, wrong)


def _scenario(item: Equipment, state: str) -> str:
    deaths = [f"{{at_s: {AT_S}, target: {t}, event: {e}}}" for t, e in _death(item)]
    before = []
    if state == "bare":
        others = [u for u in ("U-B",) if u != item.id]
        before += [f"{{at_s: 0, target: {u}, event: outage}}" for u in others]
        before += ["{at_s: 0, target: generator, event: manual}"]
    if state == "one_sided":
        before += [f"{{at_s: 0, target: {b}, event: trip}}" for b in _CUT]
    if state == "bare" or (state == "one_sided" and item.id not in _BY_DAEMON):
        deaths += [f"{{at_s: {AT_S}, target: daemon, event: pause, for_s: {TAIL_S[state]}}}"]
    lines = "\n".join(f"  - {each}" for each in (*before, *deaths))
    return (
        f"scenario: contingency\ndescription: {item.id} dies.\nsite: {SITE}\n"
        f"for_s: {AT_S + TAIL_S[state]}\n{_LOW if state != 'normal' else ''}timeline:\n{lines}\n"
        "expect:\n  - name: nothing\n    never: {event: unsynchronised_closing}\n"
    )


def _death(item: Equipment) -> Iterator[tuple[str, str]]:
    """Yield what has to happen for equipment to be dead, output and store included."""
    if item.nature == "ups":
        yield {"UPS-A": "52-ACB-UA", "UPS-B": "52-ACB-UB"}[item.id], "trip"
        yield item.id, "battery_disconnect"
    elif item.nature == "rectifier":
        yield item.id, "battery_disconnect"
        yield item.id, "trip"
    elif item.nature == "breaker" and item.normally == "open":
        yield item.id, "rack_out"
    else:
        yield item.id, _DEATHS[item.nature]


def _critical(site: Site) -> Iterator[tuple[str, str]]:
    """Yield (name in the answer, rack) for every critical rack."""
    for item in site.equipment.values():
        if item.critical:
            yield item.group or item.id, item.id


def _nature(site: Site, name: str) -> str:
    item = site.equipment[name]
    kind = item.nature if item.nature == "rack_row" else item.variant
    return _OF_LOADS.get(kind, "rectifier")


def _compare(told: dict[str, float], seen: dict[str, float], state: str) -> Iterator[str]:
    within_s = TAIL_S[state]
    for name in sorted({*told, *seen}):
        told_s, seen_s = told.get(name, math.inf), seen.get(name, math.inf)
        if told_s > within_s and seen_s == math.inf:
            continue  # it would come after the end
        if seen_s < EARLY_PU * told_s - SLACK_S:
            yield f"{name}: lost after {seen_s:.1f} s, foretold {told_s:.1f} s"
        elif seen_s > LATE_PU * told_s + SLACK_S and state != "normal":
            yield f"{name}: foretold to be lost after {told_s:.1f} s, was after {seen_s:.1f} s"
        elif seen_s == math.inf:
            yield f"{name}: foretold to be lost after {told_s:.1f} s, was not"


def _in_time(told: Contingency, back_s: dict[str, float], site: Site) -> Iterator[str]:
    until = {name: until_s for name, _, until_s in told.on_storage}
    for nature, at_s in back_s.items():
        late = [n for n, until_s in until.items() if _nature(site, n) == nature and at_s > until_s]
        if late:
            yield f"{', '.join(late)}: fed after {at_s:.1f} s, foretold {until[late[0]]:.1f} s"
        if at_s > 0.0 and not any(_nature(site, n) == nature for n in until):
            yield f"every {nature} without supply for {at_s:.1f} s, foretold none"


def main() -> int:
    """Print the table; 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.contingencies")
    parser.add_argument("--state", choices=(*TAIL_S, "all"), default="all")
    parser.add_argument("--loads", action="store_true", help="show every load that was lost")
    parser.add_argument("elements", nargs="*", metavar="ELEMENT")
    given = parser.parse_args()
    states = tuple(TAIL_S) if given.state == "all" else (given.state,)
    wrong = 0
    for state in states:
        for element in given.elements or elements(load(SITE).site):
            found = judge(element, state)
            wrong += bool(found.wrong)
            loads = _loads(found) if given.loads else ()
            print(_line(found), *(f"    {t}" for t in (*found.wrong, *loads)), sep="\n", flush=True)
    print(f"{wrong} answers wrong")
    return int(wrong > 0)


def _loads(found: Finding) -> Iterator[str]:
    for name in sorted({*found.told, *found.seen}):
        told_s, seen_s = found.told.get(name, math.inf), found.seen.get(name, math.inf)
        yield f"{name}: told {told_s:.1f} s, seen {seen_s:.1f} s"


def _line(found: Finding) -> str:
    def lost(loads: dict[str, float]) -> str:
        if not loads:
            return "none"
        return f"{len(loads)} from {min(loads.values()):.1f} s"

    verdict = "WRONG" if found.wrong else "ok"
    return (
        f"{found.state:9} {found.element:11} {verdict:5}  lost: told {lost(found.told)}, "
        f"seen {lost(found.seen)}; supply back: told {found.until_s:g} s, seen {found.back_s:.1f} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
