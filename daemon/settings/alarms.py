"""Alarm rules: every file of `config/alarms/`, together one list of classes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from daemon.core.alarms.rules import RULES, Rule, faults
from daemon.settings.document import Document, read
from daemon.settings.findings import Finding, Problem, choices, shown
from daemon.settings.validate import fill

Loaded = tuple[dict[str, Rule], tuple[Problem, ...]]


def load_alarms(folder: Path) -> Loaded:
    """Return the rules by class of all files in a folder, and what is wrong with them."""
    files = sorted(folder.glob("*.yaml"))
    return _load_alarms(tuple((file, file.stat().st_mtime_ns) for file in files))


def file_problems(file: Path) -> list[Problem]:
    """Return what is wrong with one file of alarm rules, its neighbours loaded for reference."""
    return [problem for problem in load_alarms(file.parent)[1] if problem.file == shown(file)]


@lru_cache(maxsize=8)
def _load_alarms(files: tuple[tuple[Path, int], ...]) -> Loaded:
    rules: dict[str, Rule] = {}
    owners: dict[str, Document] = {}
    problems: list[Problem] = []
    for file, _ in files:
        document = read(file)
        data = document.data
        if isinstance(data, dict):
            data = {name: rule for name, rule in data.items() if not name.startswith("x-")}
        found, findings = fill(RULES, data) if data is not None else (None, [])
        for name in found or {}:
            if name in owners:
                text = f"class {name} is also defined in {shown(owners[name].path)}"
                findings.append(Finding((name,), text, at_key=True))
            owners[name] = document
        rules |= found or {}
        problems += document.problems
        problems += (document.problem(finding) for finding in findings)
    if not problems:
        for fault in faults(rules):
            finding = Finding((fault.alarm_class, fault.key), fault.problem, choices(fault.valid))
            problems.append(owners[fault.alarm_class].problem(finding))
    return rules, tuple(problems)
