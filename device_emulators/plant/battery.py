"""A battery of parallel strings: voltage under load, heat, age, and what can be taken and put in.

The terminals are the open-circuit voltage less (more, when charging) what the resistance takes; the
resistance falls with temperature and grows with age, and with every string that is open the others
carry its part. A discharge ends at the cut-off voltage, which a heavy load reaches earlier than a
light one; it stays ended until the battery is charged. Charging is limited to a current, then to a
voltage, then to what the missing charge accepts, so it fades out. A string too hot is opened by the
battery's own monitor; a cell that heats itself goes on without it.

Energy is exact by construction: heat is what went in and was not stored. Simplified: strings that
are joined share one charge and one temperature, one hottest cell stands out; no self-discharge.
Source: own derivation; charge acceptance after Mas (current in proportion to missing charge).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from device_emulators.plant.cells import Chemistry

_WH_J: Final = 3600.0
_YEAR_S: Final = 365.25 * 86400.0
_REFERENCE_K: Final = 298.15
_MILD_C: Final = 25.0
_KELVIN: Final = 273.15
_TAIL_PER_H: Final = 0.01
_FULL: Final = 1.0 - 1e-6
_NEAR_PU: Final = 1e-6
_SELF_HEAT_S: Final = 30.0
"""Time in which a cell that heats itself doubles its rise [s]."""
_SOON_S: Final = 5.0
"""What is further away than this need not be known exactly yet [s]."""
_HOTTEST_C: Final = 600.0


@dataclass(slots=True)
class Battery:
    """State of a battery.

    Attributes:
        cells: what it is made of.
        new_j: energy when new, full and complete [J].
        rated_w: power its cells are built for [W].
        strings: how many strings it has.
        soc_pu: state of charge of the joined strings [pu].
        health_pu: capacity by that when new [pu].
        resting_pu: capacity lost by age since charge was last moved, not yet taken off [pu].
        room_c: temperature around it [deg C].
        temperature_c: mean temperature of the cells [deg C].
        rise_k: how much hotter the hottest cell is [K].
        heating_k_s: how fast a failing cell heats up [K/s].
        raised_pu: how far its device ends a discharge above the cut-off voltage of the cells [pu].
        cut_off: discharge has ended at the cut-off voltage.
        isolated: the string of a cell too hot has been opened.
        parked: state of charge of every open string [pu].
        current_pu: current now, discharging positive, by that of rated power [pu].
        lost_j: heat so far [J].
        cycles: full cycles so far.
        changes: how often charge, temperature or strings have changed.
    """

    cells: Chemistry
    new_j: float
    rated_w: float
    strings: int = 1
    soc_pu: float = 1.0
    health_pu: float = 1.0
    resting_pu: float = 0.0
    room_c: float = 25.0
    temperature_c: float = 25.0
    rise_k: float = 0.0
    heating_k_s: float = 0.0
    raised_pu: float = 0.0
    cut_off: bool = False
    isolated: bool = False
    parked: list[float] = field(default_factory=list)
    current_pu: float = 0.0
    lost_j: float = 0.0
    cycles: float = 0.0
    changes: int = 0

    @property
    def joined(self) -> int:
        """Return how many strings are joined."""
        return self.strings - len(self.parked)

    @property
    def connected(self) -> bool:
        """Return whether any string is joined."""
        return len(self.parked) < self.strings

    @property
    def hottest_c(self) -> float:
        """Return the temperature of the hottest cell [deg C]."""
        return self.temperature_c + self.rise_k

    @property
    def capacity_j(self) -> float:
        """Return the energy of all strings when full, at their age [J]."""
        return self.new_j * self.health_pu

    @property
    def joined_j(self) -> float:
        """Return the energy of the joined strings when full [J]."""
        return self.capacity_j * self.joined / self.strings

    @property
    def energy_j(self) -> float:
        """Return the energy in all strings [J]."""
        parked = sum(map(self.cells.held_pu, self.parked)) if self.parked else 0.0
        held = self.joined * self.cells.held_pu(self.soc_pu) + parked
        return self.capacity_j / self.strings * held

    @property
    def available_pu(self) -> float:
        """Return the charge of the joined strings by that of all when full [pu]."""
        return self.soc_pu * self.joined / self.strings

    @property
    def low_pu(self) -> float:
        """Return the voltage at which a discharge ends, by the mean voltage [pu]."""
        return self.cells.low_pu + self.raised_pu

    @property
    def drop_pu(self) -> float:
        """Return the voltage lost inside at rated power and mean voltage [pu].

        Infinite while no string is joined.
        """
        if not self.connected:
            return math.inf
        cells = self.cells
        rate = min(self.rated_w / self.new_j * _WH_J, cells.built_per_h)
        aged = 1.0 + cells.growth * (1.0 - self.health_pu)
        kelvin = self.temperature_c + _KELVIN
        cold = math.exp(cells.cold_k * (1.0 / kelvin - 1.0 / _REFERENCE_K))
        strings = self.strings
        return cells.drop_pu * rate * aged * cold * strings / (strings - len(self.parked))

    def volts_pu(self, power_w: float) -> float:
        """Return the terminal voltage at a power, charging positive, by the mean voltage [pu]."""
        if not self.connected:
            return 0.0
        wanted = power_w / self.rated_w
        u = self.cells.open_pu(self.soc_pu)
        drop = self.drop_pu if wanted <= 0.0 else self._charge_drop_pu(u)
        return u - drop * _current(u, drop, -wanted)

    # What it can do.

    def can_give(self) -> bool:
        """Return whether anything can be taken."""
        return self.connected and not self.cut_off and self.soc_pu > 0.0

    def can_take(self) -> bool:
        """Return whether anything can be put in."""
        return self.connected and self.soc_pu < _FULL

    def empty_in_s(self, power_w: float) -> float:
        """Return how long it can give `power_w` [W], at present temperature and age [s]."""
        return self.lasts_s(self.soc_pu, power_w)

    def lasts_s(self, soc_pu: float, power_w: float) -> float:
        """Return how long it could give `power_w` [W] from a state of charge [pu] on [s]."""
        if not self.connected or self.cut_off:
            return 0.0
        if power_w <= 0.0:
            return math.inf
        wanted = power_w / self.rated_w
        return self.cells.lasts(soc_pu, power_w / self.joined_j, self.drop_pu * wanted, self.low_pu)

    def ends_in_s(self, power_w: float) -> float:
        """Return how long it can give `power_w` [W], infinite while that is surely long [s]."""
        if not self.connected or self.cut_off or power_w <= 0.0:
            return self.empty_in_s(power_w)
        if self.surely_s(self.soc_pu, power_w) > _SOON_S:
            return math.inf
        return self.empty_in_s(power_w)

    def surely_s(self, soc_pu: float, power_w: float) -> float:
        """Return a time that it can give `power_w` [W] from a state of charge [pu] at least [s].

        As long as if its voltage were at the cut-off all the time, which takes little to find.
        """
        if not self.connected or self.cut_off:
            return 0.0
        if power_w <= 0.0:
            return math.inf
        low_pu = self.low_pu
        end_pu = self.cells.soc_at_pu(low_pu + self.drop_pu * power_w / self.rated_w / low_pu)
        return (soc_pu - end_pu) * low_pu * self.joined_j / power_w

    def most_w(self) -> float:
        """Return the power that would bring the terminals to the cut-off voltage now [W]."""
        if not self.can_give():
            return 0.0
        low = self.low_pu
        return self.rated_w * max(low * (self.cells.open_pu(self.soc_pu) - low) / self.drop_pu, 0.0)

    def charge_w(self, per_h: float) -> float:
        """Return the charging power for a current of at most `per_h` of capacity [W].

        Cells built for more power than others are charged faster in proportion.
        """
        if not self.can_take():
            return 0.0
        cells = self.cells
        u = cells.open_pu(self.soc_pu)
        drop = self._charge_drop_pu(u)
        built = max(self.rated_w / self.new_j * _WH_J / cells.built_per_h, 1.0)
        limit = min(per_h, cells.charge_per_h * built) * self.joined_j / _WH_J / self.rated_w
        current = min(limit, (cells.high_pu - u) / drop)
        return current * (u + drop * current) * self.rated_w

    def _charge_drop_pu(self, open_pu: float) -> float:
        """Return the resistance while charging: that of the missing charge, if it is higher."""
        cells = self.cells
        accepted = cells.acceptance_per_h * (1.0 - self.soc_pu) + _TAIL_PER_H
        current = accepted * self.joined_j / _WH_J / self.rated_w
        return max(self.drop_pu, (cells.high_pu - open_pu) / current)

    # What is done to it.

    def exchange(self, power_w: float, dt_s: float) -> None:
        """Put in (positive) or take (negative) `power_w` [W] at the terminals for `dt_s` [s]."""
        heat_j = self.current_pu = 0.0
        if power_w != 0.0:
            heat_j = self._move(power_w, dt_s) if self.connected else power_w * dt_s
            self.lost_j += heat_j
        cells = self.cells
        years = dt_s / _YEAR_S * 2.0 ** ((self.temperature_c - _MILD_C) / 10.0)
        self.resting_pu += years * cells.year_pu
        away_k = self.temperature_c - self.room_c
        if power_w == away_k == self.rise_k == self.heating_k_s == 0.0:
            return
        self.changes += 1
        warmer_k = heat_j * _WH_J / (cells.heat_j_wh_k * self.new_j)
        self.temperature_c += warmer_k - away_k * dt_s / (cells.cooling_s + dt_s)
        if self.rise_k > 0.0 or self.heating_k_s > 0.0:
            self._heat_up(dt_s)

    def _move(self, power_w: float, dt_s: float) -> float:
        """Move charge at a constant power; return the heat [J]."""
        cells, before_j = self.cells, self.energy_j
        self.health_pu, self.resting_pu = self.health_pu - self.resting_pu, 0.0
        wanted = -power_w / self.rated_w
        per_current = self.rated_w * dt_s / self.joined_j
        u = cells.open_pu(self.soc_pu)
        drop = self.drop_pu if wanted > 0.0 else self._charge_drop_pu(u)
        returned = 1.0 if wanted > 0.0 else cells.returned_pu
        half = 0.5 * returned * _current(u, drop, wanted) * per_current
        middle = min(max(self.soc_pu - half, 0.0), 1.0)
        self.current_pu = _current(cells.open_pu(middle), drop, wanted)
        moved = returned * self.current_pu * per_current
        self.cycles += 0.5 * abs(moved)
        self.health_pu -= 0.5 * abs(moved) * cells.cycle_pu
        self.soc_pu = min(max(self.soc_pu - moved, 0.0), 1.0)
        if wanted <= 0.0:
            self.cut_off = False
        else:
            left = cells.open_pu(self.soc_pu)
            ends = self.low_pu + drop * wanted / self.low_pu
            self.cut_off = self.soc_pu <= 0.0 or left <= ends + _NEAR_PU
        return power_w * dt_s - (self.energy_j - before_j)

    def _heat_up(self, dt_s: float) -> None:
        """Let the hottest cell go its way, and open its string when it is too hot."""
        if self.hottest_c >= self.cells.runaway_c and self.heating_k_s > 0.0:
            self.rise_k *= 2.0 ** (dt_s / _SELF_HEAT_S)
        self.rise_k += self.heating_k_s * dt_s - self.rise_k * dt_s / (1800.0 + dt_s)
        self.rise_k = min(self.rise_k, _HOTTEST_C - self.temperature_c)
        if self.hottest_c >= self.cells.trip_c and not self.isolated:
            self.isolated = True
            self.open_strings(1)

    def open_strings(self, count: int) -> None:
        """Open some strings; what they hold stays in them."""
        self.parked += [self.soc_pu] * min(count, self.joined)
        self.changes += 1

    def close_strings(self) -> None:
        """Join all strings again; they even out, and warm up by it."""
        before_j = self.energy_j
        held = self.soc_pu * self.joined + sum(self.parked)
        self.soc_pu, self.parked = held / self.strings, []
        self.lost_j += before_j - self.energy_j
        self.rise_k = self.heating_k_s = 0.0
        self.isolated = False
        self.changes += 1


def _current(open_pu: float, drop_pu: float, wanted: float) -> float:
    """Return the current that gives a power through a resistance, all by rated power [pu].

    More than the battery can ever give becomes the current of the most that it can.
    """
    root = open_pu * open_pu - 4.0 * drop_pu * wanted
    return 2.0 * wanted / (open_pu + math.sqrt(root)) if root > 0.0 else 0.5 * open_pu / drop_pu
