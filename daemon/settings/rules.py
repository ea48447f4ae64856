"""Rule sets of compliance: the files of `config/rules/`, or anybody's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.core.compliance.limits import FORMS, Head, Limit, RuleSet, faults
from daemon.settings.document import read
from daemon.settings.findings import Finding, Problem, SettingsError, choices
from daemon.settings.folders import config_dir, refuse_unknown
from daemon.settings.validate import fill

if TYPE_CHECKING:
    from collections.abc import Iterator


def shipped_rules() -> tuple[str, ...]:
    """Return the names of the rule sets that came with the product."""
    return tuple(sorted(path.stem for path in (config_dir() / "rules").glob("*.yaml")))


def rules_path(name: str | Path) -> Path:
    """Return the file of a rule set: a path, or the name of a shipped one."""
    path = Path(name)
    shipped = config_dir() / "rules" / f"{name}.yaml"
    return shipped if not path.suffix and not path.exists() and shipped.is_file() else path


def load_rules(name: str | Path) -> RuleSet:
    """Return a rule set.

    Raises:
        UnknownNameError: it is no file and none of that name was shipped.
        SettingsError: the file was refused; all that is wrong with it, by line.
    """
    file = rules_path(name)
    if file == Path(name):
        refuse_unknown("rule", name, file)
    rules, found = examine_rules(file)
    if rules is None:
        raise SettingsError(found)
    return rules


def examine_rules(file: Path) -> tuple[RuleSet | None, tuple[Problem, ...]]:
    """Return the rule set in a file, None if it is refused, and all that is wrong with it."""
    document = read(file)
    if document.data is None:
        return None, tuple(document.problems)
    head, findings = fill(Head, document.data)
    limits: list[Limit] = []
    if isinstance(document.data, dict) and isinstance(document.data.get("limits"), list):
        names: set[str] = set()
        for i, data in enumerate(document.data["limits"]):
            limit, wrong = _limit(data, i)
            if limit is not None and limit.name in names:
                wrong.append(Finding(("limits", i, "name"), f"{limit.name} stands twice"))
            findings += [one for one in wrong if one not in findings]
            if limit is not None:
                names.add(limit.name)
                limits.append(limit)
    problems = (*document.problems, *(document.problem(one) for one in findings))
    if problems:
        return None, tuple(sorted(problems))
    return RuleSet(file.stem, head, tuple(limits)), ()


def _limit(data: object, i: int) -> tuple[Limit | None, list[Finding]]:
    """Return one limit, None if it does not fit, and what is wrong with it."""
    at = ("limits", i)
    if not isinstance(data, dict):
        return None, []  # the head has said so
    kind = data.get("kind")
    if kind is None:
        return None, [Finding(at, "kind is missing", choices(FORMS))]
    if kind not in FORMS:
        text = f"{kind} is no kind of limit"
        return None, [Finding((*at, "kind"), text, choices(FORMS, str(kind)))]
    limit, wrong = fill(FORMS[kind], {k: v for k, v in data.items() if k != "kind"}, at)
    return limit, [*wrong, *(_faults(limit, at) if limit is not None else ())]


def _faults(limit: Limit, at: tuple[str, int]) -> Iterator[Finding]:
    for fault in faults(limit):
        yield Finding((*at, fault.key), fault.problem, fault.valid)
