"""A counterexample as a scenario that `ridethrough simulate` plays on the whole site.

What the search found is a sequence with times that bound one another; the scenario takes each deed
of the adversary as soon as it can have come. What a scenario has no word for stands in its
description: then the run shows less than the search.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from daemon.model.plant import IntakeScheme
from device_emulators.scenario import in_yaml
from device_emulators.selection import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.plant import Site
    from daemon.rehearsal.proof.picture import Decided
    from daemon.rehearsal.proof.situation import Deed

SETTLE_S: Final = 5.0
"""How long the plant runs before the first deed [s]."""
AFTER_S: Final = 60.0
"""How long it runs after the last [s]."""
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


def scenario(site: Site, scheme: Decided, wrong: str, deeds: Sequence[Deed]) -> str:
    """Return the text of a scenario file.

    Args:
        site: the plant as drawn.
        scheme: whose part was searched.
        wrong: what the search found.
        deeds: how it came to that.
    """
    timeline: list[dict[str, Any]] = []
    unsaid = []
    for deed in deeds:
        if deed.text.startswith("a fault on"):
            continue  # what protection does follows from the fault
        act = _act(site, scheme, deed.text.removeprefix("! "))
        if act is None:
            if deed.text.startswith("! ") or deed.text.endswith("its answer is lost"):
                unsaid.append(deed.text.removeprefix("! "))
            continue
        hidden = act.pop("hidden", False)
        at_s = 0.0 if hidden else round(SETTLE_S + deed.at_ms / 1000, 3)
        timeline.append({"at_s": at_s, **act})
    timeline.sort(key=lambda act: act["at_s"])
    last_s = max((act["at_s"] for act in timeline), default=SETTLE_S)
    without = f" No word for: {'; '.join(unsaid)}." if unsaid else ""
    page = {
        "scenario": "counterexample",
        "description": f"Found by the proof of {scheme.id}: {wrong}.{without}",
        "site": site.id,
        "for_s": round(last_s + AFTER_S),
        "timeline": timeline,
        "expect": [
            {
                "name": "no two sources are joined out of step",
                "never": {"event": "unsynchronised_closing"},
            },
            {"name": "no critical load sees it", "fed": {"loads": "critical"}},
        ],
    }
    return in_yaml(page)


def _act(site: Site, scheme: Decided, text: str) -> dict[str, Any] | None:
    """Return the act of a scenario that stands for a deed, or None where there is none."""
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
