"""AI rack: its view on the arrays that move all racks together (`plant/racks.py`)."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from device_emulators.devices.device import SECOND, Device
from device_emulators.plant.racks import RackSpec
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.supply import Supply


class AiRack(Device):
    """One AI rack."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "surge": ("by_w", "for_s"),
        "battery_disconnect": (),
        "battery_weak": ("limit_pu",),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {"soc_pu": 1.0}
    QUANTITIES: ClassVar[tuple[str, ...]] = (
        "fed",
        "interruption_ms",
        "cap_pu",
        "outlet_temperature_c",
    )

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        assert grid.racks is not None
        racks = self.racks = grid.racks
        self.pair = grid.add_pair(*item.buses)
        i = self.index = racks.add(
            RackSpec(
                item.id,
                item.group,
                item.ratings["power_w"],
                item.ratings["battery_wh"],
                item.ratings["supercap_j"],
                float(self.settings["soc_pu"]),
                self.pair,
            )
        )
        a, b = self.buses
        self.points = {
            "stage": Cell(racks, "stage", i),
            "power_w": Cell(racks, "power_w", i),
            "feed_a_voltage_v": grid.volts_cell(a),
            "feed_b_voltage_v": grid.volts_cell(b),
            "feed_a_power_w": Cell(grid.pairs, "from_a_w", self.pair.number),
            "feed_b_power_w": Cell(grid.pairs, "from_b_w", self.pair.number),
            "soc_pu": Cell(racks, "soc_pu", i),
            "battery_power_w": Cell(racks, "battery_w", i),
            "inlet_temperature_c": Cell(grid.cooling, "inlet_c", i),
            "on_battery": Cell(racks, "on_battery", i),
        }

    @property
    def supply(self) -> Supply:
        """Return the supply record."""
        return self.racks.supply[self.index]

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Take more power for a while, or lose the battery or some of its power."""
        if event == "surge":
            now_s = (self.grid.now_ns - self.grid.start_ns) / SECOND
            which = np.array([self.index], np.intp)
            self.racks.jobs.surge(which, values["by_w"], now_s + values["for_s"])
        elif event == "battery_weak":
            self._limit(float(values["limit_pu"]))
        else:
            self.racks.connected[self.index] = False

    def _limit(self, limit_pu: float) -> None:
        racks, i = self.racks, self.index
        racks.storage.limit_w[i] = limit_pu * racks.rating_w[i]

    def clear(self) -> None:
        """Join the battery again, at full power, and end a surge."""
        self.racks.connected[self.index] = True
        self._limit(1.0)
        self.racks.jobs.surge(np.array([self.index], np.intp), 0.0, -math.inf)

    def quantity(self, name: str) -> float:
        """Return `fed`, `interruption_ms`, `cap_pu`, the coolant that leaves it, or a point."""
        if name == "fed":
            return float(self.supply.fed)
        if name == "interruption_ms":
            return self.supply.unfed_total_ns(self.grid.now_ns) / 1e6
        if name == "cap_pu":
            return float(self.racks.cap_pu[self.index])
        if name == "outlet_temperature_c":
            return float(self.grid.cooling.outlet_c[self.index])
        return super().quantity(name)

    def teller(self, name: str) -> Callable[[], float]:
        """Return what asks for a quantity: for a point, what reads it."""
        return self.getter(name) if name in self.points else partial(self.quantity, name)
