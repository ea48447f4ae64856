"""One estimate for people: what is believed, how surely, who disagrees, and what nobody sees.

`told` makes plain values of an estimate, which are what `--json` prints; lines and page read them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.estimate import Estimate
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

CLASSES: Final = ("fresh", "aged", "absent")
SHOWN: Final = 12
"""Residuals that are told on a terminal."""


def told(
    estimate: Estimate, site: Site, points: PointTable, limits: Mapping[str, float]
) -> dict[str, Any]:
    """Return an estimate as plain values.

    Args:
        estimate: what to tell.
        site: the plant as drawn.
        points: its point table.
        limits: "normalised" and "chi_square", what they do not pass when nothing lies.
    """
    fit = estimate.fit
    body: dict[str, Any] = {"method": estimate.method, "solved": fit is not None}
    body["buses"] = [_bus(estimate, site, number) for number in range(len(site.buses))]
    body["equipment"] = list(_equipment(estimate, site))
    if fit is None:
        return body | {"residuals": [], "suspects": [], "unobservable": [], "dead": []}
    residuals = list(_residuals(estimate, points))
    limit = limits["normalised"]
    return body | {
        "chi_square": fit.chi_square,
        "chi_square_limit": limits["chi_square"],
        "dof": fit.dof,
        "normalised_limit": limit,
        "residuals": residuals,
        "suspects": [r for r in residuals if abs(r["normalised"]) > limit],
        "unobservable": [
            bus
            for bus, live, seen in zip(site.buses, fit.energised, fit.bus_observable, strict=True)
            if live and not seen
        ],
        "dead": [b for b, live in zip(site.buses, fit.energised, strict=True) if not live],
    }


def _bus(estimate: Estimate, site: Site, number: int) -> dict[str, Any]:
    fit = estimate.fit
    bus = list(site.buses.values())[number]
    sigma = float(estimate.bus_voltage_sigma_pu[number])
    return {
        "bus": bus.id,
        "kind": bus.kind,
        "nominal_v": bus.voltage_v,
        "area": bus.area,
        "voltage_pu": float(estimate.bus_voltage_pu[number]),
        "sigma_pu": sigma if math.isfinite(sigma) else None,
        "angle_rad": float(fit.bus_angle_rad[number]) if fit and bus.kind == "ac" else None,
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


def _residuals(estimate: Estimate, points: PointTable) -> Iterator[dict[str, Any]]:
    """Yield the residuals, the most suspicious first."""
    fit = estimate.fit
    assert fit is not None
    for number in np.argsort(-np.abs(fit.normalised), kind="stable").tolist():
        if fit.weight_class[number] < len(CLASSES) - 1:
            index = int(fit.instrument_point[number])
            yield {
                "point": points.points[index].id,
                "unit": points.points[index].spec.unit,
                "class": CLASSES[fit.weight_class[number]],
                "measured": float(estimate.values[index]),
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
    yield "buses"
    yield from map(_bus_line, (b for b in body["buses"] if b["energised"]))
    yield "power, and losses where there are any"
    yield from map(_power_line, (e for e in body["equipment"] if abs(e["power_w"]) >= 1.0))
    if body["solved"]:
        yield from _suspicions(body)


def _bus_line(bus: Mapping[str, Any]) -> str:
    sigma = "" if bus["sigma_pu"] is None else f" +- {100.0 * bus['sigma_pu']:.3f} %"
    angle = "" if bus["angle_rad"] is None else f"  {math.degrees(bus['angle_rad']):8.3f} deg"
    volts = bus["voltage_pu"] * bus["nominal_v"]
    return f"  {bus['bus']:<8}{bus['voltage_pu']:9.5f} pu {volts:11.1f} V{sigma}{angle}"


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
            f"  {row['point']:<34}{row['measured']:14.2f} {row['unit']:<4}"
            f"{row['residual']:+12.2f}{row['normalised']:+8.2f}  {row['class']}"
        )
    suspects = ", ".join(row["point"] for row in body["suspects"])
    yield f"suspects: {suspects or 'none'}"
    yield f"live, and told by no instrument: {', '.join(body['unobservable']) or 'nothing'}"
    yield f"dead: {', '.join(body['dead']) or 'nothing'}"
