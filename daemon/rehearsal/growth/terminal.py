"""A plan on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from daemon.rehearsal.growth.words import (
    about,
    accepted,
    by_kind,
    carried,
    first,
    months,
    said,
    years,
    years_shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.rehearsal.growth.plan import Plan
    from daemon.rehearsal.growth.words import Row, View

_SHOWN: Final = 3
"""Rows of a kind that are shown without being asked for all."""
_WIDTH: Final = 165
_MW: Final = 1e6


def show(plan: Plan, others: Sequence[Plan], view: View, *, everything: bool) -> None:
    """Print a plan, and others it is compared with."""
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    narrow = console.width < _WIDTH - 15
    console.print(
        f"{plan.name} ({plan.site_id}), from {view.begin} for {view.years} years", markup=False
    )
    for line in (*about(plan), *said(plan, view), accepted(plan)):
        if line:
            console.print(f"  {line}", markup=False)
    _put(console, _limits(plan, view, everything=everything, narrow=narrow))
    _put(console, _years(plan, view))
    _put(console, _assumptions(plan))
    if others:
        _put(console, _compared((plan, *others), view))


def _put(console: Console, table: Table) -> None:
    """Print a table without the blanks that fill its lines up."""
    with console.capture() as held:
        console.print(table)
    console.file.write("".join(f"{line.rstrip()}\n" for line in held.get().splitlines()))


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for head in heads:
        table.add_column(head)
    return table


def _limits(plan: Plan, view: View, *, everything: bool, narrow: bool) -> Table:
    title = "runs out: median (one in ten .. nine in ten futures)"
    heads = ("limit", "today in N", "in N", "in declared N-1", "+1 block")
    table = _table(title, *heads, *(() if narrow else ("+1 unit", "worst case today")))
    for column in table.columns[1:5]:
        column.no_wrap = True
    for kind, all_rows in by_kind(plan):
        table.add_row(f"[bold]{kind}[/]")
        shown = all_rows if everything else all_rows[:_SHOWN]
        for row in shown:
            passed = row.answer.reduced.today_pu > 1.0
            cells = _short(row, view) if narrow else _full(plan, row, view)
            table.add_row(*cells, style="red" if passed else "")
        if len(all_rows) > len(shown):
            more = sum(len(row.names) for row in all_rows[len(shown) :])
            table.add_row(f"  {more} more, later (--all)", style="dim")
    return table


def _full(plan: Plan, row: Row, view: View) -> tuple[str, ...]:
    one = row.answer
    note = f" ({one.limit.note})" if one.limit.note else ""
    return (
        f"  {row.name}{note}",
        carried(plan, one.normal, one.limit.unit),
        view.dates(one.normal),
        view.dates(one.reduced),
        months(one.block_months),
        months(one.unit_months),
        one.reduced.bound.case,
    )


def _short(row: Row, view: View) -> tuple[str, ...]:
    """Return what a narrow terminal has room for."""
    normal, reduced = row.answer.normal, row.answer.reduced
    return (
        f"  {row.name}",
        f"{normal.today_pu:.0%}" if normal else "",
        view.month(normal.years[1]) if normal else "-",
        view.dates(reduced),
        months(row.answer.block_months),
    )


def _years(plan: Plan, view: View) -> Table:
    table = _table(
        "the cascade [MW], at the median of all rates",
        "year", "AI", "servers", "storage", "cooling", "site", "10 .. 90 %", "PUE", "blocks",
    )  # fmt: skip
    for one in years_shown(plan, view):
        cells = (one.ai_w, one.servers_w, one.storage_w, one.cooling_w, one.site_w)
        band = f"{one.site_low_w / _MW:,.1f} .. {one.site_high_w / _MW:,.1f}"
        day = view.day(one.year)
        table.add_row(
            f"{day:%Y-%m}" if day else "",
            *(f"{cell / _MW:,.2f}" for cell in cells), band, f"{one.pue:.2f}", str(one.blocks),
        )  # fmt: skip
    return table


def _assumptions(plan: Plan) -> Table:
    table = _table("assumed (change with --assume NAME=VALUE)", "name", "value", "what; source")
    for one in plan.assumed.values():
        table.add_row(one.name, one.said, f"{one.about}; {one.source}")
    return table


def compared(plans: Sequence[Plan], view: View) -> list[tuple[str, ...]]:
    """Return the rows of plans side by side, the first is the head."""
    found = [("", *(plan.name for plan in plans))]
    names = [p.world for p in plans]
    found.append(("world", *names))
    now = [years(plan, view)[0] for plan in plans]
    end = [years(plan, view)[min(5, view.years)] for plan in plans]
    found.append(("site today", *(f"{one.site_w / _MW:.2f} MW, PUE {one.pue:.2f}" for one in now)))
    growth = [
        (e.site_w / n.site_w) ** (1.0 / max(e.year, 1)) for e, n in zip(end, now, strict=True)
    ]
    found.append(("power of the site grows", *(f"{one:.2f}/yr" for one in growth)))
    later = f"site in {min(5, view.years)} years"
    found.append((later, *(f"{one.site_w / _MW:,.1f} MW" for one in end)))
    for head, reduced in (("first limit in N", False), ("first limit in N-1", True)):
        cells = []
        for plan in plans:
            answer = first(plan, reduced=reduced)
            reached = answer and (answer.reduced if reduced else answer.normal)
            text = f"{answer.limit.name} ({answer.limit.kind}): " if answer else ""
            cells.append(text + (view.dates(reached) if reached else "none"))
        found.append((head, *cells))
    for kind in ("transformer", "UPS", "generating sets", "cooling plant", "reserve"):
        cells = []
        for plan in plans:
            same = [a for a in plan.answers if a.limit.kind == kind]
            cells.append(view.dates(same[0].reduced) if same else "none here")
        found.append((f"{kind}, first in N-1", *cells))
    return found


def _compared(plans: Sequence[Plan], view: View) -> Table:
    head, *body = compared(plans, view)
    table = _table("side by side", *(escape(name) for name in head))
    for cells in body:
        table.add_row(*cells)
    return table
