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
    if isinstance(data, dict) and "points" in data:
        return list(load_map(file.resolve()).problems)
    if isinstance(data, dict) and "limits" in data:
        return list(examine_rules(file)[1])
    if file.resolve().parent.name == "alarms":
        return file_problems(file)
    return examine(file, settings_of)[1]
