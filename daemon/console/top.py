"""`ridethrough top`: the plant at a glance, on a terminal, from a daemon that runs.

It reads `/overview` of the daemon again and again and changes nothing, so anybody who may read the
metrics may look. On a terminal it is a page that stays; where there is none (a pipe, a log) it is
a line a second with what is new since the last. What is not good is said as such: a value that
could not be read is a `?`, and a page that is old says how old.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import HTTPException
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    Row = Mapping[str, Any]

TIMEOUT_S: Final = 3.0
_EVENTS: Final = 8
_ALARMS: Final = 10
_COLOURS: Final = {1: "bold white on red", 2: "bold red", 3: "yellow", 4: "cyan"}
_MACHINES: Final = ("generator", "gas_turbine", "smr", "pv")
_STORES: Final = ("ups", "rectifier", "ess")
_GOOD_STAGES: Final = frozenset({
    "normal", "running", "on_grid", "feeding", "grid_following", "grid_forming", "loaded",
    "stopped", "ready", "closed", "standby", "source_1", "source_2", "standing", "on_main",
})  # fmt: skip
_LIVE_PU: Final = 0.8
_ABREAST: Final = 6
_OLD_S: Final = 3.0
_CLOCK: Final = 8


class Wish(NamedTuple):
    """How to show it.

    Attributes:
        every_s: time between two looks [s].
        once: one look.
        plain: lines instead of a page.
        as_json: one look, as one object.
    """

    every_s: float = 1.0
    once: bool = False
    plain: bool = False
    as_json: bool = False


class UnreachableError(ValueError):
    """Nobody answers where the daemon should."""


def top(url: str, wish: Wish, utc_ns: Callable[[], int], wait_s: Callable[[float], object]) -> int:
    """Show the daemon at `url` until Ctrl-C, or once; return the exit code.

    Args:
        url: where its metrics are.
        wish: how to show it.
        utc_ns: wall clock [ns since 1970], to tell how old a page is.
        wait_s: waits [s].

    Raises:
        UnreachableError: nobody answered the first time; later that is shown and waited for.
    """
    console = Console()
    seen = fetch(url)
    if wish.as_json:
        console.out(json.dumps({"ok": bool(seen["ready"]), **seen}), highlight=False)
        return int(not seen["ready"])
    if wish.plain or not (wish.once or console.is_terminal):
        return _in_lines(url, wish, console, wait_s, seen)
    if wish.once:
        console.print(page(seen, utc_ns()))
        return 0
    with Live(page(seen, utc_ns()), console=console, screen=True, auto_refresh=False) as live:
        while True:
            wait_s(wish.every_s)
            live.update(_again(url, utc_ns), refresh=True)


def fetch(url: str) -> dict[str, Any]:
    """Return what the daemon at `url` tells of the plant.

    Raises:
        UnreachableError: nobody answers there, or something else does.
    """
    try:
        with urlopen(f"{url}/overview", timeout=TIMEOUT_S) as answer:
            told: dict[str, Any] = json.load(answer)
    except (URLError, OSError, ValueError, HTTPException) as error:
        why = getattr(error, "reason", error)
        raise UnreachableError(
            f"no daemon answers at {url} ({why}): is it running? Another address: --at HOST:PORT"
        ) from None
    return told


def _again(url: str, utc_ns: Callable[[], int]) -> RenderableType:
    try:
        return page(fetch(url), utc_ns())
    except UnreachableError as error:
        return Panel(Text(str(error), style="bold red"), title="ridethrough")


def _in_lines(
    url: str, wish: Wish, console: Console, wait_s: Callable[[float], object], seen: dict[str, Any]
) -> int:
    last_ns = 0
    while True:
        console.out(*lines(seen, last_ns), sep="\n", highlight=False)
        if wish.once:
            return 0
        last_ns = max([last_ns, *(each["t_ns"] for each in seen.get("events", ()))])
        wait_s(wish.every_s)
        try:
            seen = fetch(url)
        except UnreachableError as error:
            seen = {"unreachable": str(error)}


def lines(seen: Row, since_ns: int) -> Iterator[str]:
    """Yield the plant as one line, and a line for each event after `since_ns` [ns since 1970]."""
    if "equipment" not in seen:
        yield str(seen.get("unreachable", "the daemon has not scanned yet"))
        return
    for each in seen["events"]:
        if each["t_ns"] > since_ns:
            yield f"{_clock(each['t_ns'])}  {each['text']}"
    stores = [row for _, row in _of(seen, *_STORES)]
    charged = [row["soc_pu"] for row in stores if row.get("soc_pu") is not None]
    parts = [
        "ready" if seen["ready"] else "NOT READY",
        *_feeds(seen),
        *([f"load {_power(_load_w(seen))}"] if any(_of(seen, "rack_row")) else []),
        f"sets {sum(r['stage'] == 'loaded' for _, r in _of(seen, 'generator'))} loaded",
        f"charge at least {min(charged):.0%}" if charged else "no store",
        f"{seen['alarms_active']} alarms",
    ]
    parts += [f"{n} STOPPED" for n, lane in seen["lanes"].items() if lane["stopped"]]
    yield f"{_clock(seen['t_ns'])}  {', '.join(parts)}"


def page(seen: Row, now_ns: int) -> RenderableType:
    """Return the plant as a page that is looked at at `now_ns` [ns since 1970]."""
    if "equipment" not in seen:
        return Panel("the daemon has not scanned yet", title="ridethrough")
    return Group(
        _head(seen, now_ns),
        _side_by_side(_sources(seen), _machines(seen), _stores(seen)),
        _side_by_side(_loads(seen), _buses(seen)),
        _alarms(seen),
        _events(seen),
        _lanes(seen),
    )


def _side_by_side(*tables: Table) -> Columns:
    return Columns([table for table in tables if table.row_count], padding=(0, 1))


def _head(seen: Row, now_ns: int) -> Text:
    age_s = max(0.0, (now_ns - seen["t_ns"]) / 1e9)
    head = Text(f"{seen['name']}  ", style="bold")
    head.append(f"{_clock(seen['t_ns'])} UTC  ", style="default")
    ready = "ready" if seen["ready"] else "not ready: not everything was read yet"
    head.append(ready, style="green" if seen["ready"] else "bold yellow")
    if any(_of(seen, "rack_row")):
        head.append(f"  load {_power(_load_w(seen))}", style="default")
    if age_s > _OLD_S:
        head.append(f"  {age_s:.0f} s OLD", style="bold white on red")
    if seen["gateways_down"]:
        head.append(f"  silent: {', '.join(seen['gateways_down'])}", style="bold red")
    return head


def _of(seen: Row, *natures: str) -> Iterator[tuple[str, Row]]:
    for name, row in seen["equipment"].items():
        if row["nature"] in natures:
            yield name, row


def _feeds(seen: Row) -> list[str]:
    """Return how each scheme stands."""
    return [f"{name} {stage}" for name, stage in seen["schemes"].items()]


def _load_w(seen: Row) -> float | None:
    powers = [row.get("power_w") for _, row in _of(seen, "rack_row")]
    return sum(p for p in powers if p is not None) if any(p is not None for p in powers) else None


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1), pad_edge=False)
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if n else "left", style="default", no_wrap=True)
    return table


def _sources(seen: Row) -> Table:
    table = _table("Feeds", "", "")
    for name, row in _of(seen, "transfer_switch"):
        table.add_row(name, _stage(row.get("connected")))
    for name, stage in seen["schemes"].items():
        table.add_row(f"scheme {name}", _stage(stage))
    for name, by in seen["tags"].items():
        table.add_row(f"tag on {name}", ", ".join(by))
    for name, row in _of(seen, "meter"):
        if name.startswith("PQ"):
            table.add_row(name, _power(row.get("power_w")))
    return table


def _machines(seen: Row) -> Table:
    table = _table("Machines", "", "stage", "power", "fuel")
    for name, row in _of(seen, *_MACHINES):
        fuel = row.get("fuel_l")
        level = f"{fuel:,.0f} l" if fuel is not None else ""
        table.add_row(name, _stage(row.get("stage")), _power(row.get("power_w")), level)
    return table


def _stores(seen: Row) -> Table:
    table = _table("Storage and converters", "", "stage", "power", "charge", "lasts")
    for name, row in _of(seen, *_STORES, "hvdc"):
        power_w = row.get("output_power_w", row.get("power_w"))
        soc, lasts_s = row.get("soc_pu"), row.get("runtime_s")
        charge = "" if row["nature"] == "hvdc" else _share(soc)
        lasts = "" if lasts_s is None else _duration(lasts_s)
        table.add_row(name, _stage(row.get("stage")), _power(power_w), charge, lasts)
    return table


def _loads(seen: Row) -> Table:
    table = _table("Rows", "", "stage", "power", "cap", "storage carries")
    for name, row in _of(seen, "rack_row"):
        lasts_s = seen["autonomy_s"].get(name)
        lasts = "" if lasts_s is None else _duration(lasts_s)
        cap = _share(row.get("power_cap_pu"))
        table.add_row(name, _stage(row.get("stage")), _power(row.get("power_w")), cap, lasts)
    return table


def _buses(seen: Row) -> Table:
    """Return every bus with its voltage by nominal, in `_ABREAST` columns."""
    table = _table("Buses, voltage by nominal as estimated", *[""] * (2 * _ABREAST))
    for column in table.columns[::2]:
        column.justify = "left"
    cells = []
    for name, bus in seen["buses"].items():
        volts = Text(f"{bus['voltage_pu']:.3f}", style="green")
        if not bus["live"] or bus["voltage_pu"] < _LIVE_PU:
            volts = Text(
                "dead" if not bus["live"] else f"{bus['voltage_pu']:.3f}", style="bold red"
            )
        if bus["quality"] == "bad":
            volts = Text("?", style="bold yellow")
        cells.append((name, volts))
    deep = -(-len(cells) // _ABREAST)
    for row in range(deep):
        table.add_row(*chain.from_iterable(cells[row::deep]))
    return table


def _alarms(seen: Row) -> RenderableType:
    standing: Sequence[Row] = seen["alarms"]
    if not standing:
        return Text("No alarm stands.", style="green")
    table = _table(f"Alarms: {seen['alarms_active']} active", "since", "", "")
    table.columns[0].min_width = _CLOCK
    table.columns[2].justify = "left"
    for each in standing[:_ALARMS]:
        text = Text(each["text"], style=_COLOURS[each["priority"]])
        mark = "" if each["acknowledged"] else "new"
        table.add_row(_clock(each["t_ns"]), f"P{each['priority']} {mark}", text)
    if len(standing) > _ALARMS:
        table.add_row("", "", f"... and {seen['alarms_active'] - _ALARMS} more")
    return table


def _events(seen: Row) -> Table:
    table = _table("What happened last", "", "")
    table.columns[0].min_width = _CLOCK
    table.columns[1].justify = "left"
    for each in seen["events"][-_EVENTS:]:
        table.add_row(_clock(each["t_ns"]), each["text"])
    return table


def _lanes(seen: Row) -> Text:
    parts = []
    for name, lane in seen["lanes"].items():
        p99 = lane["p99_at_most_s"]
        took = f"p99 <= {1e3 * p99:g} ms" if p99 else "p99 above 256 ms"
        said = lane["stopped"] or f"{lane['scans']:,} scans, {lane['overruns']} missed, {took}"
        parts.append(f"{name}: {said}")
    stopped = any(lane["stopped"] for lane in seen["lanes"].values())
    return Text("Lanes  " + ";  ".join(parts), style="bold white on red" if stopped else "dim")


def _stage(stage: str | None) -> Text:
    if stage is None:
        return Text("?", style="bold yellow")
    return Text(stage, style="green" if stage in _GOOD_STAGES else "yellow")


def _power(power_w: float | None) -> str:
    return "?" if power_w is None else f"{round(power_w / 1e3):,} kW"


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


def _duration(lasts_s: float) -> str:
    if lasts_s >= 5940.0:
        return f"{lasts_s / 3600.0:.0f} h"
    return f"{lasts_s / 60.0:.0f} min" if lasts_s >= 120.0 else f"{lasts_s:.0f} s"


def _clock(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns / 1e9, UTC).strftime("%H:%M:%S")
