"""The account of one transfer: what happened when, who switched what, and how well it went.

Times are seconds since the begin of the transfer, which is the first scan that saw the loss; the
wall clock of that scan is in the report. A report is made of plain values, so that it can be kept
in the journal and read again years later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the transfer.

    Attributes:
        name: in snake case, e.g. "start_command".
        at_s: first time [s].
        last_s: last time, where several devices take the step; else as `at_s` [s].
        who: the devices, in the order in which they took it.
        contains: what the figure contains beside the plant itself.
        within_s: by how much it may be late, from polling and scanning at the rates set [s].
    """

    name: str
    at_s: float
    last_s: float
    who: tuple[str, ...]
    contains: str
    within_s: float


@dataclass(frozen=True, slots=True)
class Deed:
    """One command, from its decision to what became of it.

    Attributes:
        at_s: when it was decided, or refused [s].
        equipment: the device.
        action: what it was told.
        owner: scheme or controller that asked, or the person.
        reason: why.
        outcome: "verified", "failed", "refused" or "not seen".
        took_s: from decision to the plant showing it; None when it did not [s].
        attempt: number of the try.
        detail: what refused it or how it failed.
    """

    at_s: float
    equipment: str
    action: str
    owner: str
    reason: str
    outcome: str
    took_s: float | None
    attempt: int
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure against a limit.

    Attributes:
        name: what is judged.
        ok: whether it holds; None where it cannot be judged or binds nobody.
        value: what was measured, None where nothing was.
        limit: what it is judged by.
        unit: of both.
        at_s: when it was decided [s].
        source: of the limit.
        detail: what the figure is made of, or why it was missed.
    """

    name: str
    ok: bool | None
    value: float | None
    limit: float | None
    unit: str
    at_s: float | None
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class Store:
    """What a storage gave.

    Attributes:
        equipment: the storage, or what it belongs to.
        quantity: what the figures are: "state of charge" or "stored energy".
        unit: of the figures.
        values: at the begin, the lowest, and at the end.
        runtime_s: shortest run time it showed, None where it shows none [s].
    """

    equipment: str
    quantity: str
    unit: str
    values: tuple[float, float, float]
    runtime_s: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A measured value over time; it holds until the next. None where it was not good."""

    name: str
    group: str
    unit: str
    at_s: tuple[float, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """What a device showed over time; a word holds until the next."""

    name: str
    group: str
    at_s: tuple[float, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of what was said."""

    at_s: float
    source: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TransferReport:
    """The whole account.

    Attributes:
        site: id of the site.
        kind: "outage", "sag", "transfer", "retransfer", "generation", "ups" or "local".
        cause: one line for people.
        began_utc_ns: wall clock of the first scan that saw it [ns since 1970].
        lasted_s: until all was at rest, or the record ends [s].
        complete: it was seen from its begin to its end.
        missing: what was not seen, and why.
        ok: no verdict fails; so too where none applies (see `judged`).
        stages: in order of time.
        verdicts: in order of reading.
        deeds: every command, in order of time.
        troubles: what was refused or failed, sets that failed.
        relief: loads that were capped, shed or shut down.
        stores: storage used.
        bands: positions and stages over time.
        curves: voltages and loads over time.
        remarks: everything that was said.
    """

    site: str
    kind: str
    cause: str
    began_utc_ns: int
    lasted_s: float
    complete: bool
    missing: tuple[str, ...]
    ok: bool
    stages: tuple[Stage, ...]
    verdicts: tuple[Verdict, ...]
    deeds: tuple[Deed, ...] = ()
    troubles: tuple[Remark, ...] = ()
    relief: tuple[Remark, ...] = ()
    stores: tuple[Store, ...] = ()
    bands: tuple[Band, ...] = field(default=(), repr=False)
    curves: tuple[Curve, ...] = field(default=(), repr=False)
    remarks: tuple[Remark, ...] = field(default=(), repr=False)

    @property
    def judged(self) -> bool:
        """Return whether there was a limit to judge it by."""
        return any(verdict.ok is not None for verdict in self.verdicts)

    def plain(self) -> dict[str, Any]:
        """Return the report as maps, sequences, text and numbers.

        `dataclasses.asdict` would copy every number of every curve, between two scans.
        """
        values = {name: getattr(self, name) for name in _names(TransferReport)}
        for name, part in PARTS.items():
            values[name] = tuple(
                {key: getattr(each, key) for key in _names(part)} for each in values[name]
            )
        return values


PARTS: Final[Mapping[str, type[Any]]] = {
    "stages": Stage,
    "verdicts": Verdict,
    "deeds": Deed,
    "troubles": Remark,
    "relief": Remark,
    "stores": Store,
    "bands": Band,
    "curves": Curve,
    "remarks": Remark,
}
"""What the lists of a report hold."""

BULKY: Final = ("bands", "curves", "remarks")
"""Lists that are for the record and for pages, not for messages."""


def _names(part: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(part))


def report_of(values: Mapping[str, Any]) -> TransferReport:
    """Return the report of which `TransferReport.plain` made `values`; what is new is left out."""
    kept = {f.name: values[f.name] for f in fields(TransferReport) if f.name in values}
    for name, part in PARTS.items():
        kept[name] = tuple(_part(part, each) for each in kept.get(name, ()))
    return TransferReport(**{**kept, "missing": tuple(kept["missing"])})


def _part(part: type, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - each list has its own
    return part(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
