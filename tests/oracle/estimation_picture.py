"""Draw what the estimator makes of the voltage meters of the AI hall: a picture for the README.

The plant runs to a settled state; its meters show that with the noise they have (0.5 %). Per bus:
every meter, the estimate with three standard deviations, and what it really is. It says by how much
meters and estimate are off, root mean square over all buses and `SCANS` scans.

`python -m tests.oracle.estimation_picture tests/oracle/ai_hall_estimate.svg`
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.prepared import plan
from daemon.runtime.estimated import solved
from tests.unit.core.estimation.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCANS: Final = 20
WIDTH, HEIGHT, LEFT, TOP, FOOT = 1180, 300, 60, 34, 66
GRID_PU: Final = 0.01
SIGMAS: Final = 3.0
NEAR_PU: Final = 0.05


class Bus(NamedTuple):
    """Voltages of one bus [pu].

    Attributes:
        name: of the bus.
        true: as it is.
        meters: as its meters show it.
        estimate: as estimated.
        sigma: standard deviation of that.
    """

    name: str
    true: float
    meters: tuple[float, ...]
    estimate: float
    sigma: float


def looked(picture: Picture) -> list[Bus]:
    """Return a scan of the plant, the buses that are live and have a meter."""
    view = picture.view()
    estimate, _ = solved([view.image], picture.site, picture.points)
    assert estimate.fit is not None
    of = plan(picture.site, picture.points)
    shown: dict[int, list[tuple[float, float]]] = {}
    for each in of.told.all[: of.told.count]:
        one, index = each.at[0], each.points[0]
        if one.what == "voltage" and one.number < len(picture.site.buses):
            pair = picture.true[index] * each.weights[0], view.image.values[index] * each.weights[0]
            shown.setdefault(one.number, []).append(pair)
    buses = []
    for number, name in enumerate(picture.site.buses):
        if estimate.fit.energised[number] and number in shown:
            true, meters = zip(*shown[number], strict=True)
            found = float(estimate.bus_voltage_pu[number])
            sigma = float(estimate.bus_voltage_sigma_pu[number])
            buses.append(Bus(name, float(np.mean(true)), meters, found, sigma))
    return buses


def off_by(scans: Sequence[Sequence[Bus]]) -> tuple[float, float]:
    """Return by how much meters and estimates are off, root mean square [pu]."""
    meters = [m - bus.true for buses in scans for bus in buses for m in bus.meters]
    estimates = [bus.estimate - bus.true for buses in scans for bus in buses]
    return tuple(float(np.sqrt(np.mean(np.square(e)))) for e in (meters, estimates))  # type: ignore[return-value]


class Scale:
    """From voltages to places."""

    def __init__(self, buses: Sequence[Bus]) -> None:
        every = [v for b in buses for v in (*b.meters, b.true, b.estimate)]
        self.low = GRID_PU * np.floor(min(every) / GRID_PU)
        self.high = GRID_PU * np.ceil(max(every) / GRID_PU)

    def y(self, value: float) -> float:
        """Return the height of a voltage [pu]."""
        return float(TOP + HEIGHT * (self.high - value) / (self.high - self.low))


def _marks(scale: Scale, x: float, bus: Bus) -> Iterator[str]:
    top, bottom = (scale.y(bus.estimate + s * SIGMAS * bus.sigma) for s in (1.0, -1.0))
    line = f"M{x:.1f} {top:.1f}V{bottom:.1f}"
    yield f'<path d="{line}" stroke="#0b62a4" stroke-width="5" opacity=".35"/>'
    for meter in bus.meters:
        at = f'cx="{x:.1f}" cy="{scale.y(meter):.1f}"'
        yield f'<circle {at} r="2.6" fill="none" stroke="#c2571a"/>'
    yield f'<path d="M{x - 5:.1f} {scale.y(bus.true):.1f}h10" stroke="#111" stroke-width="1.6"/>'
    yield f'<circle cx="{x:.1f}" cy="{scale.y(bus.estimate):.1f}" r="2.6" fill="#0b62a4"/>'
    foot = TOP + HEIGHT + 12
    yield (
        f'<text x="{x:.1f}" y="{foot}" text-anchor="end" transform="rotate(-60 {x:.1f} {foot})">'
        f"{escape(bus.name)}</text>"
    )


def drawing(buses: Sequence[Bus], said: str) -> str:
    """Return the picture as SVG."""
    step, scale = (WIDTH - LEFT) / len(buses), Scale(buses)
    rows = [f'<text x="{LEFT}" y="18" font-size="14">{escape(said)}</text>']
    for level in np.arange(scale.low, scale.high + 1e-9, GRID_PU).tolist():
        rows.append(f'<path d="M{LEFT} {scale.y(level):.1f}H{WIDTH}" stroke="#ddd"/>')
        rows.append(f'<text x="8" y="{scale.y(level) + 4:.1f}">{level:.2f} pu</text>')
    for number, bus in enumerate(buses):
        rows += _marks(scale, LEFT + step * (number + 0.5), bus)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + HEIGHT + FOOT}"'
        ' font-family="sans-serif" font-size="11" role="img" aria-label="voltages of the hall">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def main(to: Path) -> None:
    """Draw one scan, and say how far off many are."""
    picture = Picture(seed=1)
    scans = [looked(picture) for _ in range(SCANS)]
    meters_pu, estimate_pu = off_by(scans)
    said = (
        "Voltages of the AI hall: meters (circles), estimate with three standard deviations"
        f" (blue), truth (dash). Off by {100 * meters_pu:.2f} % and {100 * estimate_pu:.2f} % rms"
    )
    near = [bus for bus in scans[0] if abs(bus.true - 1.0) < NEAR_PU]  # 48 V is held at its float
    to.write_text(drawing(near, said), encoding="utf-8")
    print(f"{to}: {said}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
