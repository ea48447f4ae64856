"""The estimate as lines of the exposition: voltages, powers, losses, efficiency, and its own worth.

Names are `ridethrough_estimate_<quantity>_<unit>`. Prefixes are rendered once: there are some
hundred lines, and `daemon.publishers.prometheus` says why that matters. What is not known is left
out rather than told as 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.publishers.family import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.efficiency import Efficiency
    from daemon.model.estimate import Estimate, Fit
    from daemon.model.plant import Site

_BUS: Final = ("voltage_pu", "voltage_sigma_pu")
_ISLAND: Final = ("frequency_hz", "frequency_sigma_hz")
_EQUIPMENT: Final = ("power_w", "power_sigma_w", "loss_w", "loss_sigma_w")
_TEXTS: Final = (
    ("solved", "A solution stands behind the estimate.", ()),
    ("chi_square", "Weighted sum of squared residuals.", ()),
    ("degrees_of_freedom", "Degrees of freedom: what chi-square is about when nothing lies.", ()),
    ("normalised_residual", "Largest residual by its own standard deviation.", ()),
    ("lagging", "Something has just switched: nobody is judged by residuals yet.", ()),
    ("instruments_count", "Instruments by how they are used.", ("class",)),
    ("voltage_pu", "Estimated voltage by nominal.", ("bus",)),
    ("voltage_sigma_pu", "Standard deviation of the estimated voltage.", ("bus",)),
    ("frequency_hz", "Frequency as all meters of the island tell it.", ("bus",)),
    ("frequency_sigma_hz", "Standard deviation of that frequency.", ("bus",)),
    ("power_w", "Estimated active power, load convention.", ("equipment",)),
    ("power_sigma_w", "Standard deviation of the estimated power.", ("equipment",)),
    ("loss_w", "Estimated losses of transformers and converters.", ("equipment",)),
    ("loss_sigma_w", "Standard deviation of the estimated losses.", ("equipment",)),
    ("stage_efficiency_pu", "Given by taken, by stage of conversion.", ("chain", "stage")),
    (
        "stage_efficiency_sigma_pu",
        "Standard deviation of the efficiency of a stage.",
        ("chain", "stage"),
    ),
    ("chain_efficiency_pu", "Product of the stages of a chain.", ("chain",)),
    ("chain_efficiency_sigma_pu", "Standard deviation of the efficiency of a chain.", ("chain",)),
    ("pue_pu", "Facility by IT energy since the start.", ("category",)),
    ("pue_sigma_pu", "Standard deviation of the present ratio.", ("category",)),
    ("facility_w", "All that the site consumes and loses.", ()),
    ("it_w", "IT at its inlets.", ()),
    ("losses_w", "Lost in transformers and converters.", ()),
    ("facility_wh", "Energy of all since the start.", ()),
    ("it_wh", "Energy of IT since the start.", ()),
    ("losses_wh", "Energy lost since the start.", ()),
    ("saved_pu", "Less for the 800 V chain for the same work.", ()),
    ("saved_sigma_pu", "Standard deviation of what is saved.", ()),
    ("mismatch_w", "What a meter shows less what it should.", ("equipment",)),
)
FAMILIES: Final = {
    name: Family(f"ridethrough_estimate_{name}", text, labels) for name, text, labels in _TEXTS
}
"""What is told of the estimate, by quantity."""


class EstimateLines:
    """Renders the estimates of one site."""

    def __init__(self, site: Site) -> None:
        self._buses = _prefixes("bus", site.buses, _BUS)
        self._islands = _prefixes("bus", site.buses, _ISLAND)
        self._equipment = _prefixes("equipment", site.equipment, _EQUIPMENT)

    def render(self, estimate: Estimate | None) -> str:
        """Return the lines of an estimate, "" while there is none."""
        if estimate is None:
            return ""
        lines = [FAMILIES["solved"].head]
        lines.append(f"ridethrough_estimate_solved {int(estimate.fit is not None)}\n")
        if estimate.fit is not None:
            lines += _fit(estimate.fit)
            lines += self._values(estimate, estimate.fit)
        if estimate.efficiency is not None:
            lines += _efficiency(estimate.efficiency)
        return "".join(lines)

    def _values(self, estimate: Estimate, fit: Fit) -> Iterator[str]:
        told = np.flatnonzero(fit.bus_observable)
        for name, prefixes, values in zip(
            _BUS,
            self._buses,
            (estimate.bus_voltage_pu, estimate.bus_voltage_sigma_pu),
            strict=True,
        ):
            yield FAMILIES[name].head
            yield from (f"{prefixes[i]}{values[i]:.7g}\n" for i in told)
        known = np.flatnonzero(np.isfinite(fit.bus_frequency_sigma_hz))
        for name, prefixes, values in zip(
            _ISLAND,
            self._islands,
            (estimate.bus_frequency_hz, fit.bus_frequency_sigma_hz),
            strict=True,
        ):
            yield FAMILIES[name].head
            yield from (f"{prefixes[i]}{values[i]:.7g}\n" for i in known)
        powers, losses = np.flatnonzero(fit.power_observable), np.flatnonzero(fit.loss_w)
        for name, prefixes, values, which in zip(
            _EQUIPMENT,
            self._equipment,
            (estimate.power_w, estimate.power_sigma_w, fit.loss_w, fit.loss_sigma_w),
            (powers, powers, losses, losses),
            strict=True,
        ):
            yield FAMILIES[name].head
            yield from (f"{prefixes[i]}{values[i]:.7g}\n" for i in which)


def _prefixes(label: str, ids: Iterable[str], families: Sequence[str]) -> list[list[str]]:
    names = list(ids)
    return [
        [f'{FAMILIES[family].name}{{{label}="{name}"}} ' for name in names] for family in families
    ]


def _single(name: str, value: float, labels: str = "") -> Iterator[str]:
    if math.isfinite(value):
        yield FAMILIES[name].head
        yield f"ridethrough_estimate_{name}{labels} {value:.7g}\n"


def _fit(fit: Fit) -> Iterator[str]:
    worst = float(np.abs(fit.normalised).max(initial=0.0))
    yield from _single("chi_square", fit.chi_square)
    yield from _single("degrees_of_freedom", fit.dof)
    yield from _single("normalised_residual", worst)
    yield from _single("lagging", float(fit.lagging))
    yield FAMILIES["instruments_count"].head
    for code, name in enumerate(("fresh", "aged", "absent")):
        count = int(np.count_nonzero(fit.weight_class == code))
        yield f'ridethrough_estimate_instruments_count{{class="{name}"}} {count}\n'


def _efficiency(found: Efficiency) -> Iterator[str]:
    rows = [
        (f'chain="{chain.name}",stage="{stage.name}"', stage)
        for chain in found.chains
        for stage in chain.stages
    ]
    yield FAMILIES["stage_efficiency_pu"].head
    yield from (
        f"ridethrough_estimate_stage_efficiency_pu{{{labels}}} {stage.efficiency_pu:.6f}\n"
        for labels, stage in rows
    )
    yield FAMILIES["stage_efficiency_sigma_pu"].head
    yield from (
        f"ridethrough_estimate_stage_efficiency_sigma_pu{{{labels}}} {stage.sigma_pu:.6f}\n"
        for labels, stage in rows
    )
    yield FAMILIES["chain_efficiency_pu"].head
    yield from (
        f'ridethrough_estimate_chain_efficiency_pu{{chain="{c.name}"}} {c.efficiency_pu:.6f}\n'
        for c in found.chains
    )
    yield FAMILIES["chain_efficiency_sigma_pu"].head
    yield from (
        f'ridethrough_estimate_chain_efficiency_sigma_pu{{chain="{c.name}"}} {c.sigma_pu:.6f}\n'
        for c in found.chains
    )
    yield from _whole(found)


def _whole(found: Efficiency) -> Iterator[str]:
    category = f'{{category="{found.pue_category}"}}'
    yield from _single("pue_pu", found.pue_pu, category)
    yield from _single("pue_sigma_pu", found.pue_sigma_pu, category)
    yield from _single("facility_w", found.facility_w)
    yield from _single("it_w", found.it_w)
    yield from _single("losses_w", found.loss_w)
    yield from _single("facility_wh", found.facility_wh)
    yield from _single("it_wh", found.it_wh)
    yield from _single("losses_wh", found.loss_wh)
    if math.isfinite(found.saved_sigma_pu):
        yield from _single("saved_pu", found.saved_pu)
        yield from _single("saved_sigma_pu", found.saved_sigma_pu)
    yield FAMILIES["mismatch_w"].head
    yield from (
        f'ridethrough_estimate_mismatch_w{{equipment="{m.equipment}"}} '
        f"{m.measured_w - m.estimated_w:.7g}\n"
        for m in found.mismatches
    )
