"""Reading many points at once, and meters as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.model.points import tabulate
from device_emulators.devices.kinds import quantities_of
from device_emulators.plant.indications import Indications, Panel
from device_emulators.plant.plant import Plant
from device_emulators.plant.reading import Cell, reader
from tests.unit.device_emulators.sites import Hand, shipped


@pytest.mark.parametrize("name", ["ai_hall", "traditional"])
def test_reading_at_once_is_the_same_as_one_by_one(name: str) -> None:
    site = shipped(name)
    plant = Plant(site)
    names = [(p.equipment, p.spec.name) for p in tabulate(site).points]
    read = plant.reader(names)
    hand = Hand(plant)
    for utility in site.of_nature("utility"):
        plant.inject(utility.id, "outage", {})
    for until_s in (0.02, 0.5, 3.0):
        hand.run(until_s)
        assert read().tolist() == [plant.read(*one) for one in names]


def test_what_was_read_stays() -> None:
    plant = Plant(shipped("ai_hall"))
    read = plant.reader([("52-VCB-IN", "position"), ("52-VCB-IN", "power_w")])
    before = read()
    kept = before.copy()
    plant.inject("52-VCB-IN", "trip", {})
    plant.advance(10**9)
    assert before.tolist() == kept.tolist()
    assert read()[0] == 1.0


def test_an_unknown_point_is_refused_when_the_reader_is_made() -> None:
    plant = Plant(shipped("ai_hall"))
    with pytest.raises(ValueError, match="no point 'colour'"):
        plant.reader([("52-VCB-IN", "colour")])
    with pytest.raises(ValueError, match="no equipment 'X'"):
        plant.reader([("X", "power_w")])


class _Owner:
    def __init__(self) -> None:
        self.row = np.array([1.0, 2.0, 3.0])


def test_cells_follow_their_array_and_keep_their_places() -> None:
    owner = _Owner()
    read = reader([Cell(owner, "row", 2), lambda: 9.0, Cell(owner, "row", 0, 10.0)])
    assert read().tolist() == [3.0, 9.0, 10.0]
    owner.row = np.array([4.0, 5.0, 6.0])
    assert read().tolist() == [6.0, 9.0, 40.0]


def test_a_panel_shows_what_it_indicates() -> None:
    all_of_them = Indications()
    panels = [Panel(all_of_them, {"a": True, "b": False}) for _ in range(50)]
    panels[49]["b"] = True
    assert panels[49].cell("b")() == 1.0
    assert panels[48].cell("b")() == 0.0
    panels[49].all_off()
    assert panels[49] == {"a": False, "b": False}
    assert panels[49].cell("a")() == 0.0


def test_what_is_told_of_many_is_what_is_told_of_each() -> None:
    plant = Plant(shipped("ai_hall"), seed=3)
    names = [
        (item.id, name)
        for item in plant.site.equipment.values()
        for name in (*item.kind.points, *quantities_of(item.nature))
    ]
    names += [(bus, name) for bus in plant.site.buses for name in ("live", "voltage_pu")]
    known = [pair for pair in names if _known(plant, *pair)]
    assert len(known) > 2_000
    tell = plant.teller(known)
    plant.inject("U-A", "outage", {})
    plant.advance(3_000_000_000)
    told = tell()
    assert [float(value) for value in told] == [plant.quantity(*pair) for pair in known]


def _known(plant: Plant, target: str, name: str) -> bool:
    try:
        plant.quantity(target, name)
    except ValueError:
        return False
    return True
