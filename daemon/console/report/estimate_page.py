"""One estimate as one HTML file: the voltage profile, powers, residuals; no script."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

from daemon.console.report.estimate_lines import (
    LAGGING,
    doubted_line,
    efficiency_cells,
    frequency,
    named,
    position_line,
)
from daemon.console.report.page import POLICY, style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

WIDTH: Final = 1100
LEFT: Final = 56
TOP: Final = 14
HEIGHT: Final = 240
FOOT: Final = 74
SIGMAS: Final = 3.0
"""Error bars reach so many standard deviations either way."""
LEAST_SPAN_PU: Final = 0.02
_LISTS: Final = (
    ("unobservable", "Live, and told by no instrument"),
    ("by_nameplate", "Power by nameplate alone"),
    ("dead", "Dead"),
)


def document(body: Mapping[str, Any], head: str, version: str) -> str:
    """Return the page of one estimate.

    Args:
        body: what `estimate_lines.told` gave.
        head: which scan it is.
        version: of Ridethrough, for the foot.
    """
    parts = "".join(_parts(body, head))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(head)} - estimate</title>\n<style>\n{style()}</style></head>\n"
        f'<body><main class="transfer-page">\n<section class="transfer">{parts}</section>\n'
        f"<footer>Ridethrough {escape(version)}. Error bars are three standard deviations; a "
        "normalised residual is a residual by its own deviation.</footer>\n</main></body></html>\n"
    )


def _parts(body: Mapping[str, Any], head: str) -> Iterator[str]:
    yield f"<h1>{escape(head)}</h1>\n"
    if body["solved"]:
        wrong = body["suspects"] or body["doubted"] or body["positions"]
        good = body["chi_square"] <= body["chi_square_limit"] and not wrong
        suspects = ", ".join(map(named, body["suspects"])) or "none"
        said = (
            f"chi-square {body['chi_square']:.1f} on {body['dof']:.0f} degrees of freedom, limit"
            f" {body['chi_square_limit']:.0f}; suspects: {suspects}"
        )
        yield f'<p class="banner {"pass" if good else "fail"}">{escape(said)}</p>\n'
        if body["lagging"]:
            yield f"<p>{escape(LAGGING.capitalize())}.</p>\n"
        told = (*map(doubted_line, body["doubted"]), *map(position_line, body["positions"]))
        yield from (f"<p>{escape(line)}</p>\n" for line in told)
    else:
        yield '<p class="banner fail">Nothing could be solved: measurements as they came.</p>\n'
    live = [bus for bus in body["buses"] if bus["energised"]]
    for kind, name in (("ac", "AC"), ("dc", "DC")):
        chosen = [bus for bus in live if bus["kind"] == kind]
        if chosen:
            drawing = profile(chosen)
            yield f'<h2>Voltage profile, {name}</h2>\n<figure tabindex="0">{drawing}</figure>\n'
    for key, text in _LISTS:
        if body[key]:
            yield f"<p>{text}: {escape(', '.join(body[key]))}</p>\n"
    if body["meters"]:
        yield "<h2>Power meters that would add most</h2>\n" + _table(
            ("at", "deviation now, kW", "with it, kW", "makes much surer"),
            (
                (
                    m["equipment"], f"{m['sigma_w'] / 1e3:.2f}", f"{m['after_w'] / 1e3:.2f}",
                    ", ".join(m["others"]),
                )
                for m in body["meters"]
            ),
        )  # fmt: skip
    if body["efficiency"]:
        cells = map(efficiency_cells, body["efficiency"])
        yield "<h2>Efficiency, balance, meters against all others</h2>\n" + _table(("", ""), cells)
    yield "<h2>Residuals</h2>\n" + _table(
        ("instrument", "measured", "", "residual", "normalised", "taken as"),
        (
            (
                named(r), f"{r['measured']:.2f}", r["unit"], f"{r['residual']:+.2f}",
                f"{r['normalised']:+.2f}", r["class"],
            )
            for r in body["residuals"]
        ),
    )  # fmt: skip
    yield "<h2>Power</h2>\n" + _table(
        ("equipment", "power", "loss", ""), map(_power, body["equipment"])
    )
    yield "<h2>Buses</h2>\n" + _table(
        ("bus", "voltage, pu", "voltage, V", "angle, deg", "frequency"), map(_bus, live)
    )


def _bus(bus: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    sigma, angle = bus["sigma_pu"], bus["angle_rad"]
    spread = "" if sigma is None else f" \N{PLUS-MINUS SIGN} {sigma:.5f}"
    return (
        bus["bus"],
        f"{bus['voltage_pu']:.5f}{spread}",
        f"{bus['voltage_pu'] * bus['nominal_v']:.1f}",
        "" if angle is None else f"{math.degrees(angle):.3f}",
        frequency(bus).replace("+-", "\N{PLUS-MINUS SIGN}"),
    )


def _power(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    loss = item["loss_w"]
    return (
        item["equipment"],
        f"{item['power_w'] / 1e3:.2f} \N{PLUS-MINUS SIGN} {item['sigma_w'] / 1e3:.2f} kW",
        ""
        if loss is None
        else f"{loss / 1e3:.2f} \N{PLUS-MINUS SIGN} {item['loss_sigma_w'] / 1e3:.2f} kW",
        "" if item["told"] else "by nameplate",
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>\n'


def profile(buses: Sequence[Mapping[str, Any]]) -> str:
    """Return a drawing of the voltages of buses, with error bars."""
    spreads = [SIGMAS * (bus["sigma_pu"] or 0.0) for bus in buses]
    low = min(b["voltage_pu"] - s for b, s in zip(buses, spreads, strict=True))
    high = max(b["voltage_pu"] + s for b, s in zip(buses, spreads, strict=True))
    room = max(LEAST_SPAN_PU - (high - low), 0.0) / 2.0 + 0.05 * (high - low)
    low, high = low - room, high + room
    step = (WIDTH - LEFT) / len(buses)

    def y_of(value: float) -> float:
        return float(TOP + HEIGHT * (high - value) / (high - low))

    rows = [*_grid(low, high, y_of)]
    for number, (bus, spread) in enumerate(zip(buses, spreads, strict=True)):
        x, y = LEFT + step * (number + 0.5), y_of(bus["voltage_pu"])
        top, bottom = y_of(bus["voltage_pu"] + spread), y_of(bus["voltage_pu"] - spread)
        text = f"{bus['bus']}: {bus['voltage_pu']:.5f} pu"
        rows.append(
            f'<g><title>{escape(text)}</title><path class="line line0" d="M{x:.1f} {top:.1f}'
            f'V{bottom:.1f}"/><circle class="line line0" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></g>'
        )
        foot = TOP + HEIGHT + 12
        rows.append(
            f'<text class="tick" x="{x:.1f}" y="{foot}" text-anchor="end"'
            f' transform="rotate(-60 {x:.1f} {foot})">{escape(bus["bus"])}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {TOP + HEIGHT + FOOT}" role="img"'
        ' aria-label="voltage by bus">' + "\n".join(rows) + "\n</svg>"
    )


def _grid(low: float, high: float, y_of: Callable[[float], float]) -> Iterator[str]:
    span = high - low
    step = next(
        s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if span / s <= 8 or s == 1.0
    )
    number = int(low / step) + 1
    while number * step < high:
        y = y_of(number * step)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH}"/>'
        yield f'<text class="tick" x="4" y="{y + 4:.1f}">{number * step:.3f}</text>'
        number += 1
