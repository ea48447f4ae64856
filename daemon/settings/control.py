"""The `control:` block: settings of the controllers, each checked by its own `Params`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from daemon.core.step import CONTROL, Control
from daemon.settings.findings import Finding, SettingsError, UnknownNameError, choices
from daemon.settings.rules import load_rules, shipped_rules
from daemon.settings.validate import fill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.alarms.rules import Rule
    from daemon.core.compliance import live


def load_control(data: Any, rules: Mapping[str, Rule]) -> tuple[Control, list[Finding]]:  # noqa: ANN401 - as read
    """Return the settings of every controller and what is wrong in the block.

    A controller that the block does not name keeps its defaults. The alarm rules come from files of
    their own; a rule in the block replaces the one of the same class.

    Args:
        data: the `control:` block.
        rules: alarm rules by class.
    """
    blocks: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, block in data.items() if isinstance(data, dict) else ():
        at = ("control", name)
        if name not in CONTROL:
            text = "there is no such controller"
            findings.append(Finding(at, text, choices(CONTROL, name), at_key=True))
            continue
        params, wrong = fill(CONTROL[name], block, at)
        findings += wrong
        if not wrong:
            blocks[name] = params
    control = Control(**blocks)
    alarms = replace(control.alarms, rules={**rules, **control.alarms.rules})
    compliance, wrong = _with_sets(control.compliance)
    return replace(control, alarms=alarms, compliance=compliance), [*findings, *wrong]


def _with_sets(compliance: live.Params) -> tuple[live.Params, list[Finding]]:
    """Return what is judged live with the rule sets it names, and names that are none."""
    sets, findings = [], []
    for i, name in enumerate(compliance.rules):
        at = ("control", "compliance", "rules", i)
        try:
            sets.append(load_rules(name))
        except UnknownNameError:
            text = f"there is no rule set {name}"
            findings.append(Finding(at, text, f"{choices(shipped_rules(), name)}, or a file"))
        except SettingsError as refused:
            findings += [Finding(at, str(problem)) for problem in refused.problems]
    return replace(compliance, sets=tuple(sets)), findings
