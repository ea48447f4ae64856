"""The transfer report on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from daemon.console.report import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.model.transfer_report import Deed, Remark, TransferReport

_DEEDS: Final = 60


def listed(reports: Sequence[TransferReport]) -> Iterator[str]:
    """Yield one line for each report."""
    for number, report in enumerate(reports, start=1):
        count = Counter(verdict.ok for verdict in report.verdicts)
        yield (
            f"{number:>3}  {words.began(report)}  {words.title(report):<28} "
            f"{report.lasted_s:>9.2f} s  {words.outcome(report):<28} "
            f"{count[True]} limits held, {count[False]} missed"
        )


def lines(report: TransferReport) -> Iterator[str]:
    """Yield a report in full."""
    yield f"{words.title(report)}, {words.began(report)}: {words.outcome(report)}"
    yield f"  {report.cause}"
    for gap in report.missing:
        yield f"  not seen: {gap}"
    yield "stages, seconds after the loss was seen; late by (polling and scan, as set)"
    for stage in report.stages:
        when = words.span(stage.at_s, stage.last_s)
        late = f"{stage.within_s * 1000.0:.0f} ms" if stage.within_s else "exact"
        yield f"  {when:>20}  {late:>7}  {words.stage_said(stage.name)}: {', '.join(stage.who)}"
        yield f"{'':33}({stage.contains})"
    yield "limits"
    width = max((len(verdict.name) for verdict in report.verdicts), default=0)
    for verdict in report.verdicts:
        value, limit = words.measured(verdict)
        mark = words.MARKS[verdict.ok]
        asked = f"({limit}; {verdict.source})" if limit else f"({verdict.source})"
        yield f"  {mark:<4}  {verdict.name:<{width}}  {value:>9}  {asked}"
        if verdict.detail:
            yield f"{'':8}{verdict.detail}"
    yield from _deeds(report.deeds)
    yield from _remarks("refused, failed or given up", report.troubles)
    yield from _remarks("loads capped, shed or shut down", report.relief)
    yield from _stores(report)


def _deeds(deeds: Sequence[Deed]) -> Iterator[str]:
    if deeds:
        yield "what was switched, by whom"
    for deed in deeds[:_DEEDS]:
        took = "" if deed.took_s is None else f" after {deed.took_s * 1000.0:.0f} ms"
        again = f", try {deed.attempt}" if deed.attempt > 1 else ""
        what = f"{deed.equipment} {deed.action.replace('_', ' ')}"
        why = ": ".join(filter(None, (deed.owner, words.reason(deed))))
        yield f"  {deed.at_s:8.2f} s  {what:<26} {deed.outcome}{took}{again}  ({why})"
    if len(deeds) > _DEEDS:
        yield f"  ... and {len(deeds) - _DEEDS} more"


def _remarks(head: str, remarks: Sequence[Remark]) -> Iterator[str]:
    if remarks:
        yield head
    for remark in remarks:
        yield f"  {remark.at_s:8.2f} s  {remark.text}"


def _stores(report: TransferReport) -> Iterator[str]:
    if report.stores:
        yield "storage: before, lowest, after"
    for store in report.stores:
        figures = [words.figure(v, store.unit) for v in store.values]
        run = "" if store.runtime_s is None else f", shortest run time {store.runtime_s:.0f} s"
        said = " -> ".join(figures)
        yield f"  {store.equipment:<10} {store.quantity:<16} {said}{run}"
