"""What is really so: plain values without instruments in between, for judging and for reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_emulators.plant.chains import Efficiency
    from device_emulators.plant.elements import Closing


@dataclass(frozen=True, slots=True)
class BusTruth:
    """One bus.

    Attributes:
        live: it has voltage.
        voltage_pu: voltage by nominal [pu].
        frequency_hz: frequency, 0 when dead or DC [Hz].
        reference: equipment that leads its island, or "".
        earthed_by: whose neutrals earth what it is joined to by switches; more than one is one too
            many, and none leaves it isolated.
    """

    live: bool
    voltage_pu: float
    frequency_hz: float
    reference: str
    earthed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IslandTruth:
    """One live AC island.

    Attributes:
        reference: equipment that leads it.
        sources: every former in parallel, the reference first.
        frequency_hz: its frequency [Hz].
        load_w: consumption and losses [W].
    """

    reference: str
    sources: tuple[str, ...]
    frequency_hz: float
    load_w: float


@dataclass(frozen=True, slots=True)
class LoadTruth:
    """One critical load.

    Attributes:
        fed: supplied inside the ITIC curve, or shut down in order.
        unfed_ns: intervals without, (from, to) with `None` while it lasts [ns].
        low_pu: lowest voltage at its terminals so far [pu].
        high_pu: highest [pu].
        stage: "running", "shutting_down", "off", "starting" or "lost".
        power_w: power now [W].
    """

    fed: bool
    unfed_ns: tuple[tuple[int, int | None], ...]
    low_pu: float
    high_pu: float
    stage: str
    power_w: float


@dataclass(frozen=True, slots=True)
class Truth:
    """The plant at one instant.

    Attributes:
        now_ns: plant time [ns].
        buses: by id.
        islands: live AC islands.
        loads: critical loads by id.
        power_w: power of every source, storage, UPS, converter and rack row by id, load
            convention (a UPS by its store, a converter by its input) [W].
        stages: stage of every device that has one, by id.
        positions: name of the position of every breaker and transfer switch, by id.
        row_caps_pu: cap in force by row [pu].
        soc_pu: state of charge by id [pu].
        tank_c: buffer tank [deg C].
        unsynchronised_closings: two live islands joined outside the limits.
        backfed: dead utilities that the site feeds now.
        energy_wh: energy since the beginning by meaning: "sources", "loads", "losses" and
            "stored" (what stores took and their heat) [Wh].
        efficiency: chains of conversion and PUE, over the time since the beginning.
        efficiency_now: the same at the last full second.
    """

    now_ns: int
    buses: Mapping[str, BusTruth]
    islands: tuple[IslandTruth, ...]
    loads: Mapping[str, LoadTruth]
    power_w: Mapping[str, float]
    stages: Mapping[str, str]
    positions: Mapping[str, str]
    row_caps_pu: Mapping[str, float]
    soc_pu: Mapping[str, float]
    tank_c: float
    unsynchronised_closings: tuple[Closing, ...]
    backfed: tuple[str, ...]
    energy_wh: Mapping[str, float]
    efficiency: Efficiency
    efficiency_now: Efficiency
