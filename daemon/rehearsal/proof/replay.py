"""A counterexample as a scenario that `ridethrough simulate` plays on the whole site.

What the search found is a sequence with times that bound one another; the scenario takes each deed
of the adversary as soon as it can have come, an instant inside its interval and seldom the only
one. What a scenario has no word for stands in its description: then the run shows less than the
search. What was taken away stands there, too: `simulate FILE --without ROW` takes it away again,
and without that option all rows are there and the same file passes.

A fault on a section is played as the trip of what feeds it (50, locked out), which is what the
daemon is shown in the search. The 87B of the emulated relays would lock the tie out as well as the
main, so that its device refused what the row refuses.

What comes about on the whole site as well (`tests/simulation/test_counterexamples.py`): without
`faulted_bus` the tie brings voltage to the section that its main is locked out from; without
`last_feed` the section is dead that a person takes the feed from. Without `closing_nearby` a main
joins mains and sets out of step over a tie that a person closes in the same tenth of a second: the
scenario that is written asks too early, so there is one with instants chosen by hand inside the
intervals (`tests/simulation/counterexamples`).

What does not are the two ways of the intake, `onto_island` and `switch_waits`. Both need an island
that stays on the switch when its utility fails. What runs on the site at first cannot hold one: the
reactor goes to house load at once, inverters trip. A gas turbine that is brought onto the bus first
can, but then the relay of the feed is shown the voltage of that island, which reaches it over the
switch: the feed does not look lost, nobody wants to transfer, and the trip of the breaker behind
the switch by lost voltage (27) does not come.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from daemon.model.plant import IntakeScheme
from device_emulators.scenario import in_yaml
from device_emulators.selection import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.model.plant import Site
    from daemon.rehearsal.proof.picture import Decided
    from daemon.rehearsal.proof.situation import Deed

SETTLE_S: Final = 1.0
"""How long the plant runs before the first deed [s]."""
AFTER_S: Final = 60.0
"""How long it runs after the last [s]."""
DARK_S: Final = 1.0
"""For how long after the last deed a section must not be dark whose feed was taken [s]."""
_SIDES: Final = ("source_voltage_v", "load_voltage_v")
_PLAIN: Final = (
    (r"(\S+) opened by others", "trip"),
    (r"(\S+) goes to local(?:;.*)?", "local"),
    (r"(\S+) is on remote again", "remote"),
    (r"(DG\S*) fails", "trip"),
)
_HIDDEN: Final = (
    (r"(\S+) is told to open and is stuck", "fail_to_open"),
    (r"(\S+) does not trip on lost mains", "fail_to_open"),
    (r"(\S+) is told to close and is stuck", "fail_to_close"),
    (r"(\S+) does not start", "no_start"),
    (r"(\S+) is told to transfer and stays", "fail_to_transfer"),
)


def scenario(
    site: Site, scheme: Decided, wrong: str, deeds: Sequence[Deed], gone: Sequence[str] = ()
) -> str:
    """Return the text of a scenario file.

    Args:
        site: the plant as drawn.
        scheme: whose part was searched.
        wrong: what the search found.
        deeds: how it came to that.
        gone: rows and guards that had been taken away.
    """
    timeline: list[dict[str, Any]] = []
    unsaid = []
    contacts = Contacts(site, scheme)
    for deed in deeds:
        if deed.text.startswith("a fault on"):
            continue  # what protection does follows from the fault
        acts = contacts.follow(deed.text.removeprefix("! ")) or _act(
            site, scheme, deed.text.removeprefix("! ")
        )
        if not acts:
            if deed.text.startswith("! ") or deed.text.endswith("its answer is lost"):
                unsaid.append(deed.text.removeprefix("! "))
            continue
        for act in acts:
            hidden = act.pop("hidden", False)
            at_s = 0.0 if hidden else round(SETTLE_S + deed.at_ms / 1000, 3)
            timeline.append({"at_s": at_s, **act})
    timeline.sort(key=lambda act: act["at_s"])
    last_s = max((act["at_s"] for act in timeline), default=SETTLE_S)
    told = f"Found by the proof of {scheme.id}: {wrong}."
    told += f" Needs --without {' --without '.join(gone)}." if gone else ""
    told += f" No word for: {'; '.join(unsaid)}." if unsaid else ""
    page = {
        "scenario": "counterexample",
        "description": told,
        "site": site.id,
        "for_s": round(last_s + AFTER_S),
        "timeline": timeline,
        "expect": [*_expected(wrong, last_s)],
    }
    return in_yaml(page)


def _expected(wrong: str, last_s: float) -> Iterator[dict[str, Any]]:
    """Yield what the scenario expects beside what all oracles judge."""
    never = {"event": "unsynchronised_closing"}
    yield {"name": "no two sources are joined out of step", "never": never}
    yield {"name": "no critical load sees it", "fed": {"loads": "critical"}}
    if match := re.fullmatch(r"\S+ takes (\S+) its last feed", wrong):
        # A store may bridge it: then no load tells that its bus was dark.
        hold = {"quantity": f"{match[1]}.live", "is": True}
        window = {"from_s": last_s, "to_s": last_s + DARK_S}
        yield {"name": f"{match[1]} keeps its feed", "hold": {**hold, **window}}


class Contacts:
    """Which breakers of a board are closed, as far as a way that is told moves them."""

    def __init__(self, site: Site, scheme: Decided) -> None:
        """Begin with all as drawn."""
        self._sections = () if isinstance(scheme, IntakeScheme) else scheme.sections
        self._tie = "" if isinstance(scheme, IntakeScheme) else scheme.tie
        self._closed = {e.id for e in site.of_nature("breaker") if e.normally != "open"}

    def follow(self, text: str) -> list[dict[str, Any]]:
        """Take notice of a deed, and return what trips where it is a fault on a section."""
        if match := re.fullmatch(r"(\S+) closed(?: by hand)?", text):
            self._closed.add(match[1])
        elif match := re.fullmatch(r"(\S+) (?:open|opened by others)", text):
            self._closed.discard(match[1])
        elif match := re.fullmatch(r"a fault on (\S+) is cleared", text):
            tripped = self._feeding(match[1])
            self._closed -= {*tripped}
            return [{"target": name, "event": "trip"} for name in tripped]
        return []

    def _feeding(self, bus: str) -> list[str]:
        """Return the closed breakers over which a section has its feeds."""
        own = {s.bus: {s.main, s.generator_feeder} & self._closed for s in self._sections}
        if bus not in own:
            return []
        others = any(names for at, names in own.items() if at != bus)
        return sorted(own[bus] | ({self._tie} & self._closed if others else set()))


def _act(site: Site, scheme: Decided, text: str) -> list[dict[str, Any]]:
    """Return the act of a scenario that stands for a deed, or nothing where there is none."""
    act = _one(site, scheme, text)
    return [act] if act else []


def _one(site: Site, scheme: Decided, text: str) -> dict[str, Any] | None:
    utilities = [u.id for u in site.of_nature("utility")]
    panel = scheme.switch if isinstance(scheme, IntakeScheme) else scheme.controller
    fixed: dict[str, dict[str, Any]] = {
        "the selector leaves auto": {"target": panel, "event": "manual"},
        "the selector is on auto again": {"target": panel, "event": "auto"},
    }
    if text in fixed:
        return fixed[text]
    if (match := re.fullmatch(r"(\S+) (fails|returns)", text)) and match[1] in utilities:
        event = "outage" if match[2] == "fails" else "return"
        # Behind the intake there is but one utility: whichever it takes.
        which = [match[1]] if isinstance(scheme, IntakeScheme) else utilities
        return {"target": which, "event": event}
    if match := re.fullmatch(r"a person asks (\S+) to (\S+)", text):
        return {"target": OPERATOR, "event": "ask", "of": match[1], "action": match[2]}
    if match := re.fullmatch(r"a fault on (\S+?)(?: is cleared)?", text):
        return {"target": match[1], "event": "fault", "kind": "three_phase", "ohm": 0}
    for pattern, event in _PLAIN:
        if match := re.fullmatch(pattern, text):
            return {"target": match[1], "event": event}
    for pattern, event in _HIDDEN:
        if match := re.match(pattern, text):
            return {"target": match[1], "event": event, "hidden": True}
    return _lie(site, text)


def _lie(site: Site, text: str) -> dict[str, Any] | None:
    if match := re.fullmatch(r"(\S+) shows (open|closed) and is not", text):
        value = {"open": 1, "closed": 2}[match[2]]
        return {"target": match[1], "event": "stick", "point": "position", "value": value}
    if match := re.fullmatch(r"(\S+) shows no position", text):
        return {"target": match[1], "event": "stick", "point": "position", "value": 3}
    if match := re.fullmatch(r"(\S+) shows side (\d) (dead|live|without).*", text):
        name, side = match[1], int(match[2])
        if match[3] == "without":
            return {"target": name, "event": "not_a_number", "point": _SIDES[side]}
        nominal = site.buses[site.equipment[name].buses[side]].voltage_v
        shown_v = nominal if match[3] == "live" else 0.0
        return {"target": name, "event": "stick", "point": _SIDES[side], "value": shown_v}
    if match := re.fullmatch(r"(\S+) (\S+) shows (-?\d) and it is not so", text):
        return _untrue(site, match[1], match[2], int(match[3]))
    return None


def _untrue(site: Site, name: str, point: str, shows: int) -> dict[str, Any]:
    """Return the act of an instrument that shows 0, 1, 2, or -1 for no good value."""
    if shows < 0:
        return {"target": name, "event": "not_a_number", "point": point}
    item = site.equipment[name]
    value = float(shows + (point == "position"))
    if item.kind.points[point].unit == "V":
        value *= max(site.buses[bus].voltage_v for bus in item.buses)
    return {"target": name, "event": "stick", "point": point, "value": value}
