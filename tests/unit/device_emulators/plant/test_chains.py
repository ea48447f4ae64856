"""Chains of conversion: a plant with the stages of published chains comes to their products."""

from __future__ import annotations

import math

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, item, shipped, site

LOAD_W = 1e6


def through(
    converter: str, efficiency: float, distribution: float, supply: float, transformer: float | None
) -> Plant:
    """Return a plant in which a megawatt of racks runs through one chain at its rated load."""
    source, rest = "G", []
    if transformer is not None:
        source, power_w = "L", LOAD_W / efficiency
        loss_w = power_w * (1.0 / transformer - 1.0)
        rest.append(
            item(
                "TX",
                "transformer",
                "G L",
                power_va=1.02 * power_w,
                impedance_pu=0.06,
                load_loss_w=0.8 * loss_w,
                no_load_loss_w=0.2 * loss_w,
            )
        )
    ratings = {"power_w": LOAD_W, "efficiency_pu": efficiency}
    if converter == "ups":
        rest.append(item("C", "ups", f"{source} O", power_va=1.1e6, energy_wh=1e5, **ratings))
    else:
        rest.append(item("C", "hvdc", f"{source} O", modules_count=4.0, **ratings))
    return Plant(
        site(
            {"G": 6600.0, "L": 380.0, "O": 380.0 if converter == "ups" else 800.0},
            [
                item("U", "utility", "G", **MAINS),
                *rest,
                item("R", "it_rack", "O", power_w=LOAD_W),
            ],
            dc="" if converter == "ups" else "O",
            emulation={
                "it_rack": {"utilisation_pu": 1.0},
                "site": {"distribution_pu": distribution, f"supply_{converter}_pu": supply},
            },
        )
    )


CHAINS = {
    # converter, its efficiency, distribution, power supply, transformer, all together
    "legacy": ("ups", 0.94, 0.985, 0.94, 0.993, 0.864),
    "modern": ("ups", 0.97, 0.995, 0.96, 0.993, 0.920),
    "eco-mode UPS": ("ups", 0.99, 0.995, 0.96, 0.993, 0.939),
    "perimeter rectifier, 800 V": ("hvdc", 0.985, 0.995, 0.975, 0.993, 0.949),
    "solid-state transformer, 800 V": ("hvdc", 0.983, 0.995, 0.98, None, 0.959),
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_plant_reproduces_published_chains(name: str) -> None:
    converter, efficiency, distribution, supply, transformer, total = CHAINS[name]
    plant = through(converter, efficiency, distribution, supply, transformer)
    Hand(plant).run(5.0)
    for found in (plant.truth().efficiency, plant.truth().efficiency_now):
        (chain,) = found.chains
        expected = [efficiency, distribution, supply]
        if transformer is not None:
            expected.insert(0, transformer)
        stages = [stage.efficiency_pu for stage in chain.stages]
        assert stages == pytest.approx(expected, abs=5e-4)
        assert chain.efficiency_pu == pytest.approx(math.prod(expected), abs=5e-4)
        assert chain.efficiency_pu == pytest.approx(total, abs=1e-3)


def test_what_the_solid_state_chain_saves() -> None:
    """4.0 % of the input of the modern chain, 9.8 % of that of the legacy chain."""
    total = {name: values[-1] for name, values in CHAINS.items()}
    best = total["solid-state transformer, 800 V"]
    assert 1.0 - total["modern"] / best == pytest.approx(0.040, abs=1e-3)
    assert 1.0 - total["legacy"] / best == pytest.approx(0.098, abs=1.5e-3)


def test_losses_of_the_stages_are_those_of_the_plant() -> None:
    plant = through("ups", 0.95, 0.995, 0.96, 0.99)
    Hand(plant).run(60.0)
    truth = plant.truth()
    metered_w = sum(stage.loss_w or 0.0 for stage in truth.efficiency.chains[0].stages)
    assert metered_w * 60.0 / 3600.0 == pytest.approx(truth.energy_wh["losses"], rel=2e-3)
    pue = (truth.energy_wh["loads"] + truth.energy_wh["losses"]) / truth.energy_wh["loads"]
    assert truth.efficiency.pue_pu == pytest.approx(pue, rel=1e-4)


def test_the_hall_compares_its_chains() -> None:
    plant = Plant(shipped("ai_hall"))
    Hand(plant).run(30.0)
    truth = plant.truth()
    chains = {chain.name: chain for chain in truth.efficiency.chains}
    assert list(chains) == ["AC chain", "800 V chain", "48 V chain"]
    assert [stage.name for stage in chains["AC chain"].stages] == [
        "transformer 15.4/6.6 kV",
        "transformer 6.6/0.38 kV",
        "UPS",
        "distribution",
        "power supply",
    ]
    assert [stage.name for stage in chains["800 V chain"].stages][:2] == [
        "transformer 15.4/6.6 kV",
        "HVDC converter",
    ]
    saved = truth.efficiency.saved_pu
    assert saved is not None
    assert 0.03 < saved < 0.10
    assert truth.efficiency.pue_pu is not None
    assert 1.05 < truth.efficiency.pue_pu < 1.4


def test_a_stage_that_stands_has_no_efficiency_now_but_keeps_its_mean() -> None:
    plant = through("ups", 0.95, 0.995, 0.96, 0.99)
    hand = Hand(plant)
    hand.run(5.0)
    before = plant.truth().efficiency.chains[0].stages[0].efficiency_pu
    plant.inject("U", "outage", {})
    hand.run(10.0)
    truth = plant.truth()
    assert truth.efficiency_now.chains[0].stages[0].efficiency_pu is None
    assert truth.efficiency_now.chains[0].efficiency_pu is None
    assert truth.efficiency_now.chains[0].stages[1].efficiency_pu == pytest.approx(0.95, abs=1e-3)
    assert truth.efficiency.chains[0].stages[0].efficiency_pu == pytest.approx(before)


def test_a_site_without_converters_has_no_chain() -> None:
    plant = Plant(site({"G": 380.0}, [item("U", "utility", "G", **MAINS)]))
    truth = plant.truth()
    assert truth.efficiency.chains == ()
    assert truth.efficiency.pue_pu is None
    assert truth.efficiency.saved_pu is None
