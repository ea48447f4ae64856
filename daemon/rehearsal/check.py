"""Everything that is wrong with a file, whatever it describes, and what it says if nothing is.

`daemon.settings` knows sites and device maps, `device_emulators` knows scenarios. A file is told
by its content: people name files as they like.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from daemon.core.compliance.bounds import uncontrolled
from daemon.model.points import tabulate
from daemon.settings import Problem, SettingsError, load, problems, site_path
from daemon.settings.check import kind_of
from daemon.settings.document import read
from daemon.settings.rules import load_rules
from daemon.settings.site_file import examine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from daemon.core.compliance.limits import RuleSet
    from daemon.model.plant import Site


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file.

    Attributes:
        file: as it was named.
        kind: "site", "device map", "alarms", "rules", "scenario", or "file" where it could not be
            read.
        problems: all of them, in the order of the file.
        summary: what the file describes, or "" when it has problems.
        notes: what is right and yet may not be what is meant.
    """

    file: str
    kind: str
    problems: tuple[Problem, ...]
    summary: str
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = [asdict(problem) for problem in self.problems]
        about = {"file": self.file, "kind": self.kind, "ok": not found}
        return {**about, "problems": found, "notes": list(self.notes)}


def check(path: Path) -> Checked:
    """Return what is wrong with a file, or what it describes."""
    file = site_path(path)
    document = read(file)
    if document.data is None:
        return Checked(str(path), "file", tuple(document.problems), "")
    kind = _kind(file, document.data)
    match kind:
        case "scenario":
            found, summary = _scenario(file)
        case "site":
            return _site(path, file)
        case _:
            found = tuple(problems(file))
            summary = "" if found else _describe(document.data, kind)
    notes = _notes([load_rules(file)]) if kind == "rules" and not found else ()
    return Checked(str(path), kind, found, summary, notes)


def _notes(rule_sets: Sequence[RuleSet]) -> tuple[str, ...]:
    """Return a line for each limit that a daemon judges and does not keep."""
    return tuple(f"{name} is judged but not controlled" for name in uncontrolled(rule_sets))


def _kind(path: Path, data: Any) -> str:  # noqa: ANN401 - as written
    """Return what a file describes."""
    keys = set(data) if isinstance(data, dict) else set()
    if keys & {"scenario", "timeline", "expect"}:
        return "scenario"
    return kind_of(path, data)


def _settings_of(nature: str) -> tuple[str, ...]:
    from device_emulators.devices import kinds  # noqa: PLC0415 - only for a site that sets some

    return kinds.settings_of(nature)


def _scenario(path: Path) -> tuple[tuple[Problem, ...], str]:
    from device_emulators import desk, scenario  # noqa: PLC0415 - a site is checked without these

    try:
        site = load(scenario.site_of(path)).site
    except SettingsError as error:
        return error.problems, ""
    try:
        found = scenario.load(path, site, desk.vocabulary())
    except SettingsError as error:
        return error.problems, ""
    events, expected = len(found.timeline), len(found.expect)
    what = f"{found.for_s:g} s, {events} events, {expected} expectations"
    return (), f"{found.scenario} on {site.id}: {what}"


def _site(path: Path, file: Path) -> Checked:
    loaded, found = examine(file, _settings_of)
    if loaded is None:
        return Checked(str(path), "site", tuple(found), "")
    notes = _notes(loaded.control.compliance.sets)
    return Checked(str(path), "site", tuple(found), describe(loaded.site), notes)


def _describe(data: dict[str, Any], kind: str) -> str:
    if kind == "alarms":
        return f"{len(data)} rules"
    if kind == "rules":
        return f"{data['title']}: {len(data['limits'])} limits"
    return f"{data.get('nature', '')} over {data.get('protocol', '')}: {len(data['points'])} points"


def describe(site: Site) -> str:
    """Return a site in one line: how much of everything it has."""
    devices = [e.device for e in site.equipment.values() if e.device is not None]
    protocols = Counter(g.protocol for g in site.gateways.values())
    parts = [
        f"{len(site.buses)} buses",
        f"{len(site.equipment)} pieces of equipment",
        f"{len(devices)} devices",
        f"{len(tabulate(site))} points",
        f"{protocols['modbus_tcp']} Modbus and {protocols['opcua']} OPC UA endpoints",
    ]
    return f"{site.id}: " + ", ".join(parts)
