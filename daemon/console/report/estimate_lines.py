"""One estimate for people: what is believed, how surely, who disagrees, and what nobody sees.

`told` makes plain values of an estimate, which are what `--json` prints; lines and page read them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.model.efficiency import Efficiency
    from daemon.model.estimate import Doubted, Estimate
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

CLASSES: Final = ("fresh", "aged", "absent")
_NONE: Final[Mapping[str, float]] = MappingProxyType({})
LAGGING: Final = "something has just switched: nobody is judged by residuals yet"
SHOWN: Final = 12
"""Residuals that are told on a terminal."""


def told(
    estimate: Estimate,
    site: Site,
    points: PointTable,
    limits: Mapping[str, float],
    meters: Sequence[Mapping[str, Any]] = (),
    positions: Mapping[str, float] = _NONE,
) -> dict[str, Any]:
    """Return an estimate as plain values.

    Args:
        estimate: what to tell.
        site: the plant as drawn.
        points: its point table.
        limits: "normalised" and "chi_square", what they do not pass when nothing lies.
        meters: power meters that would add most, each with "equipment", "sigma_w" now, "after_w"
            with it and the "others" that become much surer.
        positions: breakers that are not as they show, with the probability of that.
    """
    fit = estimate.fit
    body: dict[str, Any] = {"method": estimate.method, "solved": fit is not None}
    body["buses"] = [_bus(estimate, site, number) for number in range(len(site.buses))]
    body["equipment"] = list(_equipment(estimate, site))
    body["doubted"] = [_doubted(one, points) for one in estimate.suspects]
    body["efficiency"] = list(map(_plain, _efficiency(estimate.efficiency)))
    body["positions"] = [{"equipment": n, "probability": p} for n, p in positions.items()]
    if fit is None:
        empty = ("residuals", "suspects", "unobservable", "by_nameplate", "meters", "dead")
        return body | {key: [] for key in empty} | {"lagging": False}
    residuals = list(_residuals(estimate, points))
    limit = limits["normalised"]
    return body | {
        "chi_square": fit.chi_square,
        "chi_square_limit": limits["chi_square"],
        "dof": fit.dof,
        "lagging": fit.lagging,
        "normalised_limit": limit,
        "residuals": residuals,
        "suspects": [r for r in residuals if abs(r["normalised"]) > limit],
        "unobservable": [
            bus
            for bus, live, seen in zip(site.buses, fit.energised, fit.bus_observable, strict=True)
            if live and not seen
        ],
        "by_nameplate": [e["equipment"] for e in body["equipment"] if not e["told"]],
        "meters": [dict(meter) for meter in meters],
        "dead": [b for b, live in zip(site.buses, fit.energised, strict=True) if not live],
    }


def _bus(estimate: Estimate, site: Site, number: int) -> dict[str, Any]:
    fit = estimate.fit
    bus = list(site.buses.values())[number]
    sigma = float(estimate.bus_voltage_sigma_pu[number])
    hz = float(estimate.bus_frequency_hz[number])
    spread_hz = float(fit.bus_frequency_sigma_hz[number]) if fit else math.nan
    return {
        "bus": bus.id,
        "kind": bus.kind,
        "nominal_v": bus.voltage_v,
        "area": bus.area,
        "voltage_pu": float(estimate.bus_voltage_pu[number]),
        "sigma_pu": sigma if math.isfinite(sigma) else None,
        "angle_rad": float(fit.bus_angle_rad[number]) if fit and bus.kind == "ac" else None,
        "frequency_hz": hz if hz > 0.0 else None,
        "frequency_sigma_hz": spread_hz if math.isfinite(spread_hz) else None,
        "energised": bool(fit.energised[number]) if fit else bool(estimate.bus_live[number]),
    }


def _equipment(estimate: Estimate, site: Site) -> Iterator[dict[str, Any]]:
    fit = estimate.fit
    for number, item in enumerate(site.equipment.values()):
        sigma = float(estimate.power_sigma_w[number])
        if not math.isfinite(sigma):
            continue
        yield {
            "equipment": item.id,
            "nature": item.nature,
            "power_w": float(estimate.power_w[number]),
            "sigma_w": sigma,
            "told": bool(fit.power_observable[number]) if fit else False,
            "loss_w": float(fit.loss_w[number]) if fit and fit.loss_w[number] else None,
            "loss_sigma_w": float(fit.loss_sigma_w[number]) if fit and fit.loss_w[number] else None,
        }


def _efficiency(found: Efficiency | None) -> Iterator[tuple[str, float, float, str]]:
    """Yield name, value, standard deviation and unit of how much reaches its work."""
    if found is None:
        return
    for name, power_w in (
        ("facility", found.facility_w),
        ("IT", found.it_w),
        ("losses", found.loss_w),
        ("cooling and other", found.facility_w - found.it_w - found.loss_w),
    ):
        yield name, power_w, math.nan, "w"
    if found.it_w > 0.0:
        yield f"{found.pue_category} now", found.facility_w / found.it_w, found.pue_sigma_pu, "pu"
    for chain in found.chains:
        yield chain.name, chain.efficiency_pu, chain.sigma_pu, "pu"
        for stage in chain.stages:
            note = ", declared" if stage.declared else ""
            name = f"{chain.name}: {stage.name}{note}"
            yield name, stage.efficiency_pu, stage.sigma_pu, "pu"
    if math.isfinite(found.saved_sigma_pu):
        yield "saved by the 800 V chain", found.saved_pu, found.saved_sigma_pu, "pu"
    for meter in found.mismatches:
        off_w = meter.measured_w - meter.estimated_w
        yield f"{meter.equipment} shows too much", off_w, meter.sigma_w, "w"


def _plain(row: tuple[str, float, float, str]) -> dict[str, Any]:
    name, value, sigma, unit = row
    return {
        "name": name,
        "value": value,
        "sigma": sigma if math.isfinite(sigma) else None,
        "unit": unit,
    }


def efficiency_cells(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and value of one figure of efficiency, for people."""
    scale, digits, unit = (1e3, 2, " kW") if row["unit"] == "w" else (1.0, 4, "")
    sigma = row["sigma"]
    spread = "" if sigma is None else f" +- {sigma / scale:.{digits}f}"
    return row["name"], f"{row['value'] / scale:.{digits}f}{spread}{unit}"


def _doubted(one: Doubted, points: PointTable) -> dict[str, Any]:
    return {
        "point": points.points[one.point].id,
        "unit": points.points[one.point].spec.unit,
        "kind": one.kind,
        "guess": one.guess,
        "shown": one.shown,
        "should": one.should,
        "sigma": one.sigma,
        "group": [points.points[p].id for p in one.group],
    }


def _residuals(estimate: Estimate, points: PointTable) -> Iterator[dict[str, Any]]:
    """Yield the residuals, the most suspicious first."""
    fit = estimate.fit
    assert fit is not None
    for number in np.argsort(-np.abs(fit.normalised), kind="stable").tolist():
        if fit.weight_class[number] < len(CLASSES) - 1:
            index = int(fit.instrument_point[number])
            alone = fit.instrument_of[index] != number
            others = () if alone else fit.others_of.get(index, ())
            yield {
                "point": points.points[index].id,
                "with": [points.points[p].id for p in others],
                "unit": points.points[index].spec.unit,
                "class": CLASSES[fit.weight_class[number]],
                "measured": float(estimate.values[[index, *others]].sum()),
                "residual": float(fit.residual[number]),
                "normalised": float(fit.normalised[number]),
            }


def lines(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `told` gave as lines for a terminal."""
    if not body["solved"]:
        yield "nothing could be solved: these are the measurements as they came"
    else:
        verdict = "within" if body["chi_square"] <= body["chi_square_limit"] else "ABOVE"
        yield (
            f"chi-square {body['chi_square']:.1f} on {body['dof']:.0f} degrees of freedom,"
            f" {verdict} its limit of {body['chi_square_limit']:.0f}"
        )
    if body["lagging"]:
        yield LAGGING
    yield "buses"
    yield from map(_bus_line, (b for b in body["buses"] if b["energised"]))
    yield "power, and losses where there are any"
    yield from map(_power_line, (e for e in body["equipment"] if abs(e["power_w"]) >= 1.0))
    if body["efficiency"]:
        yield "efficiency, energy balance and meters against all others"
        for name, value in map(efficiency_cells, body["efficiency"]):
            yield f"  {name:<44}{value}"
    if body["solved"]:
        yield from _suspicions(body)


def _bus_line(bus: Mapping[str, Any]) -> str:
    sigma = "" if bus["sigma_pu"] is None else f" +- {100.0 * bus['sigma_pu']:.3f} %"
    angle = "" if bus["angle_rad"] is None else f"  {math.degrees(bus['angle_rad']):8.3f} deg"
    volts = bus["voltage_pu"] * bus["nominal_v"]
    shown = f"  {bus['bus']:<8}{bus['voltage_pu']:9.5f} pu {volts:11.1f} V{sigma}{angle}"
    return f"{shown}  {frequency(bus)}".rstrip()


def frequency(bus: Mapping[str, Any]) -> str:
    """Return the frequency of a bus with its deviation, "" where none is known."""
    if bus["frequency_hz"] is None:
        return ""
    spread = bus["frequency_sigma_hz"]
    return f"{bus['frequency_hz']:.3f}{'' if spread is None else f' +- {spread:.3f}'} Hz"


def _power_line(item: Mapping[str, Any]) -> str:
    loss = ""
    if item["loss_w"] is not None:
        loss = f"  loses {item['loss_w'] / 1e3:.2f} +- {item['loss_sigma_w'] / 1e3:.2f} kW"
    guess = "" if item["told"] else "  (by nameplate)"
    power = f"{item['power_w'] / 1e3:11.2f} +- {item['sigma_w'] / 1e3:.2f} kW"
    return f"  {item['equipment']:<14}{power}{loss}{guess}"


def _suspicions(body: Mapping[str, Any]) -> Iterator[str]:
    count, limit = len(body["residuals"]), body["normalised_limit"]
    yield f"residuals, the largest of {count} (limit {limit:.2f})"
    for row in body["residuals"][:SHOWN]:
        yield (
            f"  {named(row):<34}{row['measured']:14.2f} {row['unit']:<4}"
            f"{row['residual']:+12.2f}{row['normalised']:+8.2f}  {row['class']}"
        )
    suspects = ", ".join(named(row) for row in body["suspects"])
    yield f"suspects: {suspects or 'none'}"
    yield from map(doubted_line, body["doubted"])
    yield from map(position_line, body["positions"])
    yield f"live, and told by no instrument: {', '.join(body['unobservable']) or 'nothing'}"
    yield f"power by nameplate alone: {', '.join(body['by_nameplate']) or 'nowhere'}"
    yield from map(_meter_line, body["meters"])
    yield f"dead: {', '.join(body['dead']) or 'nothing'}"


def named(row: Mapping[str, Any]) -> str:
    """Return what a residual is of, in words."""
    more = len(row["with"])
    return f"{row['point']}" + (f" and {more} more" if more else "")


def doubted_line(one: Mapping[str, Any]) -> str:
    """Return in words why an instrument is not believed."""
    unit, more = one["unit"], [p for p in one["group"] if p != one["point"]]
    others = f" (or {', '.join(more)})" if more else ""
    guess = "" if one["guess"] == "wrong" else f", {one['guess']}"
    return (
        f"{one['kind']}: {one['point']}{others} shows {one['shown']:.6g} {unit}, "
        f"{one['should']:.6g} +- {one['sigma']:.2g} {unit} fits all others{guess}"
    )


def position_line(one: Mapping[str, Any]) -> str:
    """Return in words that a breaker is not as it shows."""
    return f"contradicted: {one['equipment']} is not as it shows ({one['probability']:.4f})"


def _meter_line(meter: Mapping[str, Any]) -> str:
    others = f", and make much surer {', '.join(meter['others'])}" if meter["others"] else ""
    return (
        f"a power meter at {meter['equipment']} would take its deviation from"
        f" {meter['sigma_w'] / 1e3:.2f} to {meter['after_w'] / 1e3:.2f} kW{others}"
    )
