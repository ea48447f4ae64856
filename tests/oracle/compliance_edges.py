"""Every limit that came along, typed from the list of limits a second time, as its two sides.

Each edge makes a trace that just keeps the limit and one that just does not, with everything else
as it should be. The figures are typed by hand from the codes' table, never read from a rule set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from daemon.core.compliance import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MS = 1_000_000
QUIET = {"power_w": 100e6, "voltage_pu": 1.0, "frequency_hz": 60.0}


@dataclass(frozen=True)
class Edge:
    """The two sides of one limit.

    Attributes:
        rules: name of the rule set.
        limit: name of the limit.
        value: what it is, typed by hand, in the unit of its verdict.
        kept: a trace that keeps it.
        passed: one that does not.
        step_ns: between samples [ns].
        measured: the quantities of both.
        rated_w: of the load [W].
        ok: verdict on the second, False but where it binds nobody.
    """

    rules: str
    limit: str
    value: float
    kept: Samples
    passed: Samples
    step_ns: int
    measured: frozenset[str]
    rated_w: float = 100e6
    ok: bool | None = field(default=False)


def trace(step_ns: int, count: int, **values: NDArray[np.float64]) -> Samples:
    """Return an even trace."""
    return Samples(np.arange(count, dtype=np.int64) * step_ns, values)


def held(
    quantity: str, step_ns: int, level: float, samples: int, normal: float | None = None
) -> Samples:
    """Return a trace that is at a level for so many samples, and normal before and after."""
    usual = QUIET[quantity] if normal is None else normal
    values = np.full(samples + 40, usual)
    values[20 : 20 + samples] = level
    return trace(step_ns, len(values), **{quantity: values})


def beyond(
    rules: str, limit: str, quantity: str, level: float, longest_s: float, step_s: float
) -> Edge:
    """Return the edge of an excursion: just so long, and a sample longer; or just so far."""
    step_ns = round(step_s * 1e9)
    away = 1.0 if level > QUIET[quantity] else -1.0
    only = frozenset({quantity})
    nudge = away * 0.001
    if not longest_s:
        return Edge(
            rules, limit, level, held(quantity, step_ns, level, 3),
            held(quantity, step_ns, level + nudge, 3), step_ns, only,
        )  # fmt: skip
    count = round(longest_s / step_s)
    return Edge(
        rules, limit, longest_s, held(quantity, step_ns, level + nudge, count),
        held(quantity, step_ns, level + nudge, count + 1), step_ns, only,
    )  # fmt: skip


def moved(
    rules: str,
    limit: str,
    top_w: float,
    window_s: float,
    step_s: float,
    rated_w: float = 100e6,
    sign: float = 1.0,
) -> Edge:
    """Return the edge of a change or swing: a step of the limit, and one of a kilowatt more."""
    step_ns = round(step_s * 1e9)

    def stepped(size_w: float) -> Samples:
        count = round(window_s / step_s) + 20
        power_w = np.full(2 * count, rated_w / 2)
        power_w[count:] += sign * size_w
        return trace(step_ns, len(power_w), power_w=power_w)

    only = frozenset({"power_w"})
    return Edge(
        rules, limit, top_w, stepped(top_w), stepped(top_w + 1e3), step_ns, only, rated_w
    )  # fmt: skip


def ramped(rules: str, limit: str, top: float, quantity: str, slope_s: float, for_s: float) -> Edge:
    """Return the edge of a ramp: that slope [per second], and one in a hundred thousand more."""
    step_ns = 100 * MS

    def run(slope: float) -> Samples:
        t_s = np.arange(round(for_s * 10)) / 10
        return trace(step_ns, len(t_s), **{quantity: QUIET[quantity] + slope * t_s})

    only = frozenset({quantity})
    return Edge(rules, limit, top, run(slope_s), run(slope_s * 1.00001), step_ns, only)


def recovered(
    rules: str, limit: str, to_pu: float, within_s: float, dip_pu: float = 0.7, dip_ms: int = 100
) -> Edge:
    """Return the edge of a recovery: back in the last moment, and a sample late."""

    def event(late: int) -> Samples:
        back = 1000 + dip_ms
        again = back + round(within_s * 1000) + late
        voltage_pu, power_w = np.ones(again + 500), np.full(again + 500, 100e6)
        voltage_pu[1000:back] = dip_pu
        power_w[1000:again] = to_pu * 100e6 - 1e3
        power_w[again:] = to_pu * 100e6
        return trace(MS, len(power_w), voltage_pu=voltage_pu, power_w=power_w)

    both = frozenset({"voltage_pu", "power_w"})
    return Edge(rules, limit, within_s, event(0), event(1), MS, both)


def shares(rules: str, limit: str, quantity: str, share_pu: float, bad: float, mean_s: int) -> Edge:
    """Return the edge of a share of means: just so many good ones in 1000, and one fewer."""

    def means(good: int) -> Samples:
        values = np.repeat(np.where(np.arange(1000) < good, QUIET[quantity], bad), 10)
        return trace(mean_s * 100 * MS, len(values) + 1, **{quantity: np.append(values, bad)})

    good = round(share_pu * 1000)
    only = frozenset({quantity})
    step_ns = mean_s * 100 * MS
    return Edge(rules, limit, share_pu, means(good), means(good - 1), step_ns, only)


def ride_through() -> Iterator[Edge]:
    """Yield the curves of ERCOT and CAISO, voltage and frequency."""
    name, v, f = "ercot_nogrr282", "voltage_pu", "frequency_hz"
    yield beyond(name, "above 1.20 pu", v, 1.20, 0.0, 0.001)
    yield beyond(name, "above 1.10 pu", v, 1.10, 2.0, 0.001)
    yield beyond(name, "below 0.90 pu", v, 0.90, 2.0, 0.001)
    yield beyond(name, "below 0.80 pu", v, 0.80, 0.5, 0.001)
    yield beyond(name, "below 0.50 pu", v, 0.50, 0.25, 0.001)
    yield beyond(name, "below 0.20 pu", v, 0.20, 0.15, 0.001)
    name = "caiso_straw"
    yield beyond(name, "above 1.10 pu", v, 1.10, 2.0, 0.001)
    yield beyond(name, "below 0.90 pu", v, 0.90, 6.0, 0.001)
    yield beyond(name, "below 0.70 pu", v, 0.70, 3.0, 0.001)
    yield beyond(name, "below 0.50 pu", v, 0.50, 1.2, 0.001)
    yield beyond(name, "below 0.25 pu", v, 0.25, 0.15, 0.001)
    for name in ("ercot_nogrr282", "caiso_straw", "ieee1547_cat3_ride_through"):
        yield beyond(name, "above 61.8 Hz", f, 61.8, 0.0, 0.1)
        yield beyond(name, "above 61.2 Hz", f, 61.2, 299.0, 0.1)
        yield beyond(name, "below 58.8 Hz", f, 58.8, 299.0, 0.1)
        yield beyond(name, "below 57.0 Hz", f, 57.0, 0.0, 0.1)
    name = "ieee1547_cat3_ride_through"
    yield beyond(name, "above 1.20 pu", v, 1.20, 0.0, 0.001)
    yield beyond(name, "above 1.10 pu", v, 1.10, 12.0, 0.01)
    yield beyond(name, "below 0.88 pu", v, 0.88, 20.0, 0.01)
    yield beyond(name, "below 0.70 pu", v, 0.70, 10.0, 0.01)
    yield beyond(name, "below 0.50 pu", v, 0.50, 1.0, 0.001)


def trips() -> Iterator[Edge]:
    """Yield the default trips of IEEE 1547."""
    v, f = "voltage_pu", "frequency_hz"
    rows = {1: (2.0, 0.70, 2.0, 0.45, 0.16), 2: (2.0, 0.70, 10.0, 0.45, 0.16)}
    rows[3] = (13.0, 0.88, 21.0, 0.50, 2.0)
    for category, (ov1_s, uv1_pu, uv1_s, uv2_pu, uv2_s) in rows.items():
        name = f"ieee1547_cat{category}_trip"
        yield beyond(name, "OV2", v, 1.20, 0.16, 0.01)
        yield beyond(name, "OV1", v, 1.10, ov1_s, 0.01)
        yield beyond(name, "UV1", v, uv1_pu, uv1_s, 0.01)
        yield beyond(name, "UV2", v, uv2_pu, uv2_s, 0.01)
        yield beyond(name, "OF2", f, 62.0, 0.16, 0.01)
        yield beyond(name, "OF1", f, 61.2, 300.0, 0.1)
        yield beyond(name, "UF1", f, 58.5, 300.0, 0.1)
        yield beyond(name, "UF2", f, 56.5, 0.16, 0.01)


def equipment() -> Iterator[Edge]:
    """Yield ITIC, ISO 8528-5 and NFPA 110."""
    v, f = "voltage_pu", "frequency_hz"
    yield beyond("itic", "above 500 %", v, 5.0, 0.0, 0.0001)
    yield beyond("itic", "above 200 %", v, 2.0, 0.0001667, 0.0000001)
    yield beyond("itic", "above 140 %", v, 1.4, 0.001, 0.0001)
    yield beyond("itic", "above 120 %", v, 1.2, 0.003, 0.0001)
    yield beyond("itic", "above 110 %", v, 1.1, 0.5, 0.001)
    yield beyond("itic", "below 90 %", v, 0.9, 10.0, 0.01)
    yield beyond("itic", "below 80 %", v, 0.8, 0.5, 0.001)
    yield beyond("itic", "below 70 %", v, 0.7, 0.02, 0.001)
    classes = {
        "iso8528_g1": (51.0, 70.8, 0.75, 1.35, 58.5, 61.5, 0.95, 1.05, 10.0, 10.0),
        "iso8528_g2": (54.0, 67.2, 0.80, 1.25, 59.1, 60.9, 0.975, 1.025, 5.0, 6.0),
        "iso8528_g3": (55.8, 66.0, 0.85, 1.20, 59.7, 60.3, 0.99, 1.01, 3.0, 4.0),
    }
    for name, row in classes.items():
        yield beyond(name, "frequency dip", f, row[0], 0.0, 0.01)
        yield beyond(name, "frequency rise", f, row[1], 0.0, 0.01)
        yield beyond(name, "voltage dip", v, row[2], 0.0, 0.01)
        yield beyond(name, "voltage rise", v, row[3], 0.0, 0.01)
        yield beyond(name, "frequency below its band", f, row[4], row[8], 0.01)
        yield beyond(name, "frequency above its band", f, row[5], row[8], 0.01)
        yield beyond(name, "voltage below its band", v, row[6], row[9], 0.01)
        yield beyond(name, "voltage above its band", v, row[7], row[9], 0.01)
    name = "loss of source until the load is supplied"
    yield beyond("nfpa110_type10", name, v, 0.9, 10.0, 0.01)


def variation() -> Iterator[Edge]:
    """Yield the limits of power variation."""
    yield moved("ercot_swing", "peak to peak in 5 s, 0.1-55 Hz", 10e6, 5.0, 0.1)
    yield moved("ieso_v3", "change in 1 min", 20e6, 60.0, 0.1)
    yield moved("ieso_v3", "change in 15 s", 5e6, 15.0, 0.1)
    yield moved("southern", "change in 1 min", 20e6, 60.0, 0.1)
    yield moved("southern", "change in 6 s", 10e6, 6.0, 0.1)
    yield moved("atc_spp", "change in 1 s", 0.5e6, 1.0, 0.1)
    yield moved("atc_spp", "change in 5 s", 25e6, 5.0, 0.1)
    yield moved("aeso", "change in 1 min", 10e6, 60.0, 0.1)
    # Of 100 MW 5 % and 2 % are the lesser, of 1000 MW 20 and 8 MW.
    yield moved("ercot_nprr1191", "fall in 1 min", 5e6, 60.0, 0.1, sign=-1.0)
    yield moved("ercot_nprr1191", "rise in 1 min", 2e6, 60.0, 0.1)
    yield moved("ercot_nprr1191", "fall in 1 min", 20e6, 60.0, 0.1, 1000e6, -1.0)
    yield moved("ercot_nprr1191", "rise in 1 min", 8e6, 60.0, 0.1, 1000e6)
    yield ramped("caiso_straw", "average ramp over 10 min", 20e6, "power_w", 20e6 / 60, 700.0)
    name = "rate of change of frequency to withstand"
    yield ramped("ieso_v3", name, 5.0, "frequency_hz", 5.0, 1.5)
    yield ramped("eirgrid", name, 1.0, "frequency_hz", 1.0, 1.5)


def recoveries() -> Iterator[Edge]:
    """Yield how soon a load has to be back."""
    yield recovered("ercot_nogrr282", "back to 90 % after a dip", 0.9, 2.0)
    yield recovered("caiso_straw", "back to 90 % after a dip", 0.9, 3.0)
    yield recovered("ieso_v3", "back to 100 % after a dip", 1.0, 1.0)
    yield recovered("eirgrid", "back to 90 % after a dip", 0.9, 0.5)
    yield recovered("aemc_draft", "back to 90 % after a dip", 0.9, 0.5)


def quality() -> Iterator[Edge]:
    """Yield the shares of EN 50160."""
    v, f, name = "voltage_pu", "frequency_hz", "en50160"
    yield shares(name, "voltage within 10 % in 95 % of 10 min means", v, 0.95, 0.899, 600)
    yield shares(name, "voltage within +10 % and -15 % in all 10 min means", v, 1.0, 0.849, 600)
    yield shares(name, "frequency within 1 % in 99.5 % of 10 s means", f, 0.995, 60.61, 10)
    yield shares(name, "frequency within +4 % and -6 % in all 10 s means", f, 1.0, 62.41, 10)


def edges() -> tuple[Edge, ...]:
    """Return all of them."""
    groups = (ride_through(), trips(), equipment(), variation(), recoveries(), quality())
    return tuple(edge for group in groups for edge in group)
