"""A transfer as it is heard: closed streams of events, with whatever may go wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from daemon.core.report.account import Record, account
from daemon.core.report.limits import Params
from daemon.core.report.samples import Samples
from daemon.core.report.stages import Said
from daemon.core.report.subjects import Subject, Subjects
from daemon.model.events import Event
from daemon.model.quantities import ns
from daemon.model.transfer_report import TransferReport, Verdict

CCTS = "CCTS-1"
Looks = dict[Subject, list[tuple[float, float]]]
"""Time [s] and value of each subject, all at the same times."""


def event(at_s: float, source: str, name: str, text: str = "", **fields: Any) -> Event:
    return Event(ns(at_s), source, name, text or f"{source}: {name}", fields)


def supply(at_s: float, name: str, stage: str) -> Event:
    return event(at_s, "supply", name, name.replace("_", " "), stage=stage)


def section(at_s: float, bus: str, before: str, stage: str) -> Event:
    text = f"{CCTS} {bus}: {stage}"
    return event(at_s, CCTS, "stage", text, section=bus, before=before, stage=stage)


def joint(at_s: float, stage: str) -> Event:
    return event(at_s, CCTS, "stage", stage, section="52-VCB-IN", stage=stage)


def standby(at_s: float, name: str, before: str, stage: str) -> Event:
    said = {
        "starting": "set_starting",
        "ready": "set_ready",
        "on_bus": "set_on_bus",
        "failed": "set_failed",
    }.get(stage, "stage")
    text = f"{name}: {stage}"
    return event(at_s, name, said, text, before=before, stage=stage, since_loss_s=at_s)


def ups(at_s: float, name: str, stage: str) -> Event:
    said = {"battery": "on_battery", "walk_in": "walk_in", "normal": "on_input"}[stage]
    return event(at_s, name, f"ups_{said}", f"{name} {stage}", stage=stage)


def command(
    at_s: float, device: str, action: str, *, took_s: float | None = 0.06, number: int = 1
) -> list[Event]:
    """A command and what became of it: seen after `took_s`, failed if None."""
    fields = {"action": action, "owner": CCTS, "command_id": number, "attempts": 1}
    told = event(at_s, device, "command_sent", f"{device} told to {action} (wanted)", **fields)
    name = "command_failed" if took_s is None else "command_verified"
    ends_s = at_s + (0.19 if took_s is None else took_s)
    return [told, event(ends_s, device, name, f"{device} {name}", **fields)]


def outage(
    *,
    accepted_s: float | None = 10.0,
    second_s: float = 13.0,
    on_input_s: float = 22.0,
    parted_s: float = 0.39,
    capped_s: float = 0.28,
    overlap_s: float = 0.06,
    gap_s: float | None = None,
    fails: bool = False,
) -> list[Event]:
    """An outage with one set, two sections and one UPS; None for what never comes."""
    told = [
        supply(0.0, "outage_detected", "disturbed"),
        ups(0.09, "UPS-A", "battery"),
        event(capped_s, "caps", "caps", "rows capped", reason="storage alone carries the rows"),
        joint(parted_s, "parted"),
        supply(1.5, "outage_confirmed", "outage"),
        section(1.5, "MVA", "on_main", "isolating"),
        standby(1.5, "DG-1", "at_rest", "starting"),
        *command(1.5, "52-VCB-MA", "open"),
        section(1.56, "MVA", "isolating", "awaiting"),
    ]
    if fails:
        told.append(standby(76.5, "DG-2", "starting", "failed"))
    if accepted_s is None:
        return sorted(told, key=lambda one: one.at_ns)
    back_s = 60.0
    told += [
        standby(accepted_s - 0.4, "DG-1", "starting", "ready"),
        standby(accepted_s - 0.2, "DG-1", "closing", "on_bus"),
        *command(accepted_s - 0.08, "52-VCB-GA", "close", took_s=0.08, number=2),
        section(accepted_s, "MVA", "feeding", "on_alternate"),
        section(second_s, "MVB", "feeding", "on_alternate"),
        ups(accepted_s + 2.0, "UPS-A", "walk_in"),
        ups(on_input_s, "UPS-A", "normal"),
        supply(back_s, "mains_returned", "restoring"),
        joint(back_s, "joined"),
        supply(back_s, "supply_restored", "normal"),
        section(back_s + 2.0, "MVA", "on_alternate", "synchronising"),
    ]
    if gap_s is None:
        told += [
            section(back_s + 4.0, "MVA", "synchronising", "parting"),
            section(back_s + 4.0 + overlap_s, "MVA", "parting", "on_main"),
        ]
    else:
        told += [
            section(back_s + 4.0, "MVA", "breaking", "closing_main"),
            section(back_s + 4.0 + gap_s, "MVA", "closing_main", "on_main"),
        ]
    told += [
        standby(back_s + 10.0, "DG-1", "unloading", "cooling"),
        standby(back_s + 30.0, "DG-1", "stopping", "at_rest"),
    ]
    return sorted(told, key=lambda one: one.at_ns)


def sag(back_s: float = 0.13, on_input_s: float = 1.09) -> list[Event]:
    """A momentary loss that one UPS carries."""
    return [
        supply(0.0, "outage_detected", "disturbed"),
        ups(0.09, "UPS-A", "battery"),
        supply(back_s, "sag_ended", "normal"),
        ups(back_s + 0.08, "UPS-A", "walk_in"),
        ups(on_input_s, "UPS-A", "normal"),
    ]


def reported(
    events: list[Event],
    looks: Looks | None = None,
    limits: Params | None = None,
    lasted_s: float = 100.0,
) -> TransferReport:
    """Return the report of a story that began at 0 and lasted `lasted_s` [s]."""
    events = sorted(events, key=lambda one: one.at_ns)
    record = Record("hall", 0, [Said(one.at_ns / 1e9, one) for one in events])
    seen = None
    if looks:
        each = tuple(looks)
        within_s = {subject.equipment: 0.1 for subject in each}
        places = np.arange(len(each))
        seen = Subjects(each, {}, places, np.ones(len(each)), within_s)
        record.samples = Samples(len(each))
        for row in zip(*looks.values(), strict=True):
            record.samples.add(row[0][0], np.array([value for _, value in row]))
    return account(record, seen, limits or Params(), ns(lasted_s))


def verdict(report: TransferReport, name: str) -> Verdict:
    """Return the one verdict whose name begins so."""
    (found,) = [one for one in report.verdicts if one.name.startswith(name)]
    return found
