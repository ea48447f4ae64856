"""Everything that is wrong with a file, whichever kind of file it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.settings.alarms import file_problems
from daemon.settings.device_map import load_map
from daemon.settings.document import read
from daemon.settings.findings import Problem
from daemon.settings.folders import site_path
from daemon.settings.rules import examine_rules
from daemon.settings.site_file import examine

if TYPE_CHECKING:
    from daemon.settings.checks.emulation import SettingsOf


def problems(path: str | Path, settings_of: SettingsOf | None = None) -> list[Problem]:
    """Return what is wrong with a file: a site (or a shipped one's name), a map, alarms, rules.

    Args:
        path: the file.
        settings_of: what the emulators let a site change of a nature; unchecked without it.
    """
    file = site_path(path)
    data = read(file).data
    match kind_of(file, data):
        case "device map":
            return list(load_map(file.resolve()).problems)
        case "rules":
            return list(examine_rules(file)[1])
        case "alarms":
            return file_problems(file)
        case _:
            return examine(file, settings_of)[1]


def kind_of(file: Path, data: object) -> str:
    """Return what a file describes: "device map", "rules", "alarms" or "site".

    Its keys tell, for people name files as they like; where they do not, the folder it lies in.
    """
    folder = file.resolve().parent
    if isinstance(data, dict):
        if "points" in data:
            return "device map"
        if "limits" in data:
            return "rules"
    elif folder.parent.name == "devices":
        return "device map"
    elif folder.name == "rules":
        return "rules"
    return "alarms" if folder.name == "alarms" else "site"
