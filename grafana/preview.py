"""Draw every panel with real data, on one page for a person to judge.

This is no Grafana: titles, units, colours of thresholds, mappings and the data are those of the
dashboards, the drawing is ours. With --scenario the demonstration is run and scraped for it.

For example:

  python -m grafana.preview --scenario extended_outage --to preview.html
  python -m grafana.preview --prometheus http://127.0.0.1:9090 --last 600 --to preview.html
"""

from __future__ import annotations

import argparse
import html
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from grafana.asking import Prometheus, dashboards
from grafana.scraped import scraped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grafana.asking import Answer, Line

WIDTH, HEIGHT, LEFT = 620, 250, 70
SHOWN: Final = 14
"""Lines with a legend; a panel of more is drawn in full, named in part."""
NOW_S: Final = 5.0
"""A table shows what was there so shortly before the end."""
COLOURS: Final = (
    "#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0",
    "#508642", "#cca300", "#447ebc", "#c15c17", "#890f02", "#0a437c",
)  # fmt: skip
NAMED: Final = {
    "green": "#73bf69", "yellow": "#fade2a", "red": "#f2495c", "blue": "#5794f2",
    "text": "#9aa0a6", "purple": "#b877d9",
}  # fmt: skip
UNITS: Final = {
    "watt": "W", "watth": "Wh", "volt": "V", "amp": "A", "hertz": "Hz", "voltampreact": "var",
    "celsius": "°C", "s": "s", "litre": "L", "ops": "/s", "reqps": "/s", "bytes": "B",
}  # fmt: skip
SCALES: Final = {
    "s": (("d", 86400.0), ("h", 3600.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)),
    **{
        unit: ((f"G{unit}", 1e9), (f"M{unit}", 1e6), (f"k{unit}", 1e3), (unit, 1.0))
        for unit in ("W", "Wh", "V", "var", "B")
    },
}
STYLE: Final = """
body{background:#111217;color:#ccccdc;font:13px sans-serif;margin:16px}
section{display:grid;grid-template-columns:repeat(24,1fr);gap:8px;max-width:1500px}
h2,section>p{grid-column:1/-1}h2{margin:24px 0 0}svg{width:100%;height:auto}
article{background:#181b1f;border:1px solid #2c3235;padding:8px}
h3{font-size:13px;margin:0 0 2px}p{margin:0 0 4px;color:#8e8e99}.number{text-align:center}
.number b{font-size:30px;display:block;color:#111217;
padding:8px}.empty{border-color:#f2495c}text{fill:#ccccdc;font:11px sans-serif}td{padding:0 8px}
"""


def page(answers: Iterable[Answer], note: str) -> str:
    """Return the page of all answers."""
    titles = {name: (d["title"], d["description"]) for name, d in dashboards().items()}
    parts: list[str] = []
    last = ""
    known = list(answers)
    end_s = max((line.at_s[-1] for answer in known for line in answer.lines), default=0.0)
    for answer in known:
        if answer.dashboard != last:
            last = answer.dashboard
            title, text = (html.escape(each) for each in titles[last])
            parts.append(f"</section><section id='{last}'><h2>{title}</h2><p>{text}</p>")
        parts.append(_panel(answer, end_s))
    head = f"<meta charset='utf-8'><title>Dashboards</title><style>{STYLE}</style>"
    return f"<!doctype html>{head}<p>{html.escape(note)}</p><section>{''.join(parts)}</section>"


def _panel(answer: Answer, end_s: float) -> str:
    panel = answer.panel
    draw = {"stat": _number, "state-timeline": _states}.get(panel["type"], _graph)
    if panel["type"] == "table":
        body = _table(panel, [line for line in answer.lines if line.at_s[-1] > end_s - NOW_S])
    elif any(line.values for line in answer.lines):
        body = draw(panel, [line for line in answer.lines if line.values])
    else:
        body = "<b>no data</b>"
    kind = f"{'number' if panel['type'] == 'stat' else ''} {'' if answer.lines else 'empty'}"
    title, text = html.escape(panel["title"]), html.escape(panel["description"])
    place = f"grid-column:span {panel['gridPos']['w']}"
    return f"<article class='{kind}' style='{place}'><h3>{title}</h3><p>{text}</p>{body}</article>"


def _told(value: float, unit: str) -> str:
    """Return a value as people read it."""
    if not math.isfinite(value):
        return str(value)
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    known = UNITS.get(unit, "")
    for name, scale in SCALES.get(known, ()):
        if abs(value) >= scale:
            return f"{value / scale:.4g} {name}"
    if known or abs(value) < 1e4:
        return f"{value:.4g} {known}".strip()
    return f"{value:,.0f}"


def _defaults(panel: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def _colour(panel: dict[str, Any], value: float) -> str:
    colour = "green"
    for step in _defaults(panel)["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return NAMED.get(colour, colour)


def _number(panel: dict[str, Any], lines: Sequence[Line]) -> str:
    value = lines[0].values[-1]
    told = html.escape(_told(value, _defaults(panel)["unit"]))
    return f"<b style='background:{_colour(panel, value)}'>{told}</b>"


def _x(lines: Sequence[Line]) -> tuple[float, float]:
    return min(line.at_s[0] for line in lines), max(line.at_s[-1] for line in lines)


def _graph(panel: dict[str, Any], lines: Sequence[Line]) -> str:
    unit, width = _defaults(panel)["unit"], WIDTH * panel["gridPos"]["w"] // 12
    every = [value for line in lines for value in line.values if math.isfinite(value)]
    low, high = min(every, default=0.0), max(every, default=1.0)
    if high - low < 1e-12 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    begin_s, end_s = _x(lines)
    span_s = max(end_s - begin_s, 1.0)

    def place(at_s: float, value: float) -> str:
        x = LEFT + (width - LEFT - 10) * (at_s - begin_s) / span_s
        return f"{x:.1f},{10 + (HEIGHT - 30) * (high - value) / (high - low):.1f}"

    parts = []
    for value in (low, (low + high) / 2, high):
        y = place(begin_s, value).split(",")[1]
        parts.append(f"<line x1='{LEFT}' x2='{width}' y1='{y}' y2='{y}' stroke='#2c3235'/>")
        parts.append(f"<text x='2' y='{y}' dy='4'>{html.escape(_told(value, unit))}</text>")
    for step in _defaults(panel)["thresholds"]["steps"][1:]:
        if low <= step["value"] <= high:
            y = place(begin_s, step["value"]).split(",")[1]
            dash = f"stroke='{NAMED.get(step['color'], '')}' stroke-dasharray='4'"
            parts.append(f"<line x1='{LEFT}' x2='{width}' y1='{y}' y2='{y}' {dash}/>")
    for number, line in enumerate(lines):
        pairs = zip(line.at_s, line.values, strict=True)
        points = " ".join(place(t, v) for t, v in pairs if math.isfinite(v))
        stroke = COLOURS[number % len(COLOURS)]
        parts.append(f"<polyline fill='none' stroke='{stroke}' points='{points}'/>")
    parts.append(f"<text x='{width - 60}' y='{HEIGHT - 4}'>{span_s:.0f} s</text>")
    svg = f"<svg viewBox='0 0 {width} {HEIGHT}'>{''.join(parts)}</svg>"
    named = " ".join(
        f"<span style='color:{COLOURS[i % len(COLOURS)]}'>{html.escape(line.name)}</span>"
        for i, line in enumerate(lines[:SHOWN])
    )
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return f"{svg}<p>{named}{more}</p>"


def _states(panel: dict[str, Any], lines: Sequence[Line]) -> str:
    begin_s, end_s = _x(lines)
    scale = (WIDTH - 130) / max(end_s - begin_s, 1.0)
    words = {
        key: result["text"]
        for mapping in _defaults(panel).get("mappings", [])
        for key, result in mapping["options"].items()
    }
    parts = []
    shown = lines[: 2 * SHOWN]
    for row, line in enumerate(shown):
        y = 14 * row
        parts.append(f"<text x='0' y='{y + 11}'>{html.escape(line.name[:18])}</text>")
        for at_s, until_s, value in _runs(line):
            x, wide = 120 + scale * (at_s - begin_s), max(scale * (until_s - at_s), 1.0)
            told = html.escape(words.get(f"{value:.0f}", f"{value:g}"))
            parts.append(
                f"<rect x='{x:.1f}' y='{y}' width='{wide:.1f}' height='12' "
                f"fill='{_colour(panel, value)}'><title>{told}</title></rect>"
            )
    more = f"<p>and {len(lines) - len(shown)} more</p>" if len(lines) > len(shown) else ""
    used = sorted({f"{value:.0f}" for line in lines for value in line.values})
    key = " ".join(
        f"<span style='color:{_colour(panel, float(code))}'>{html.escape(words.get(code, code))}"
        "</span>"
        for code in used
    )
    height = 14 * len(shown) + 4
    return f"<svg viewBox='0 0 {WIDTH} {height}'>{''.join(parts)}</svg><p>{key}</p>{more}"


def _runs(line: Line) -> list[tuple[float, float, float]]:
    """Return begin, end [s] and value of every stretch without a change."""
    runs: list[tuple[float, float, float]] = []
    for at_s, value in zip(line.at_s, line.values, strict=True):
        if runs and runs[-1][2] == value:
            runs[-1] = (runs[-1][0], at_s, value)
        else:
            if runs:
                runs[-1] = (runs[-1][0], at_s, runs[-1][2])
            runs.append((at_s, at_s, value))
    return runs


def _table(panel: dict[str, Any], lines: Sequence[Line]) -> str:
    unit = _defaults(panel)["unit"]
    rows = []
    for line in lines[:SHOWN]:
        kept = {k: v for k, v in line.labels.items() if k not in {"job", "instance", "__name__"}}
        told = html.escape(", ".join(f"{key} {value}" for key, value in kept.items()))
        value = html.escape(_told(line.values[-1], unit))
        colour = _colour(panel, line.values[-1])
        rows.append(f"<tr><td>{told}<td style='color:{colour}'>{value}")
    return f"<table>{''.join(rows)}</table>" if rows else "<p>nothing now</p>"


def main() -> int:
    """Write the page; exit code 1 when a panel has no data."""
    parser = argparse.ArgumentParser(
        prog="python -m grafana.preview",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--prometheus", metavar="URL", help="one that scrapes a daemon")
    where.add_argument("--scenario", help="run the demonstration with it, and scrape that")
    parser.add_argument("--last", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--to", type=Path, default=Path("preview.html"), metavar="FILE")
    options = parser.parse_args()
    if options.scenario:
        with scraped(options.scenario) as prometheus:
            answers, note = list(prometheus.answers()), f"scenario {options.scenario}"
    else:
        now_s = time.time()
        prometheus = Prometheus(options.prometheus, now_s - options.last, now_s)
        answers, note = list(prometheus.answers()), f"{options.prometheus}, {options.last:g} s"
    options.to.write_text(page(answers, f"{note}. Drawn by grafana.preview, not by Grafana."))
    empty = [f"{a.dashboard}: {a.panel['title']}" for a in answers if not a.lines]
    print(f"{len(answers)} panels in {options.to}, {len(empty)} without data")
    print("\n".join(f"  no data: {each}" for each in empty), end="\n" if empty else "")
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
