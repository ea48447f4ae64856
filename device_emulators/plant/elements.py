"""What the electrical state is made of: formers, islands, switches, DC loads, and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from device_emulators.plant.machine import Machine
    from device_emulators.plant.protection import Gap

HAPPENINGS: Final = frozenset(
    {
        "close_refused",
        "closed",
        "daemon_present",
        "daemon_silent",
        "failed_to_close",
        "failed_to_open",
        "injected",
        "opened",
        "output_lost",
        "overloaded",
        "own_logic",
        "pickup",
        "sag_over",
        "short_circuit",
        "shutdown_begun",
        "stage",
        "start_begun",
        "string_opened",
        "sync_expired",
        "tap_changed",
        "transferred",
        "tripped",
        "unsynchronised_closing",
    }
)
"""Names of the events that a plant reports; `injected` is what a scenario did itself."""


@dataclass(frozen=True, slots=True)
class PlantEvent:
    """Something that happened in the plant.

    Attributes:
        at_ns: plant time [ns].
        source: equipment it happened to.
        name: stable name in snake case.
        text: one line for a person.
        fields: plain values.
    """

    at_ns: int
    source: str
    name: str
    text: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Closing:
    """Two live islands were joined outside the limits of a synchronism check.

    Attributes:
        at_ns: plant time [ns].
        switch: what joined them.
        gap: how far they were apart.
        cause: the command or fault that closed it.
    """

    at_ns: int
    switch: str
    gap: Gap
    cause: str


FAULT_KINDS: Final = ("three_phase", "phase_phase", "earth")
"""Short circuits: all phases, two conductors (the poles of a DC bus), one conductor to earth."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A short circuit at a bus; it stays until it is taken away, whether the bus is fed or not.

    Attributes:
        bus: index of its bus.
        kind: one of `FAULT_KINDS`; a DC bus knows `phase_phase` and `earth`.
        resistance_ohm: resistance of the fault [ohm]; 0 is bolted.
    """

    bus: int
    kind: str
    resistance_ohm: float = 0.0


@dataclass(slots=True, eq=False)
class Former:
    """Something that can hold voltage and frequency of an AC island.

    Attributes:
        id: equipment id.
        bus: index of its bus.
        rank: the lowest rank of an island leads.
        short_circuit_va: stiffness behind which its voltage stands [VA].
        slot: its consumption while another leads.
        machine: rotating state, if it turns.
        able: it can form now.
        leads: it is the reference of its island now.
        voltage_pu: voltage it holds [pu].
        frequency_hz: its frequency [Hz].
        angle_rad: its angle in the frame of nominal frequency [rad].
        given_w: active power given to the bus [W].
        given_var: reactive power given to the bus [var].
    """

    id: str
    bus: int
    rank: int
    short_circuit_va: float
    slot: int
    machine: Machine | None = None
    able: bool = False
    leads: bool = False
    voltage_pu: float = 1.0
    frequency_hz: float = 60.0
    angle_rad: float = 0.0
    given_w: float = 0.0
    given_var: float = 0.0


@dataclass(slots=True)
class Island:
    """AC buses that turn together.

    Attributes:
        leader: its reference, or None when it is dead.
        members: every able former joined to it, the leader first.
        buses: indices of its buses.
        load_w: consumption of its slots and losses of its branches [W].
        load_var: the same as reactive power [var].
        loss_w: losses of its branches and short circuits [W].
        loss_var: reactive power these take [var].
        slots: slots at its buses.
        faulted: a short circuit stands in it that draws current.
    """

    leader: Former | None
    members: list[Former]
    buses: NDArray[np.intp]
    load_w: float = 0.0
    load_var: float = 0.0
    loss_w: float = 0.0
    loss_var: float = 0.0
    slots: tuple[int, ...] = ()
    faulted: bool = False


class Pairs:
    """Loads at one or two DC buses, as arrays (n_pair,).

    Attributes:
        bus_a: feed A.
        bus_b: feed B, the same for a single feed.
        demand_w: power asked for [W].
        from_a_w: power taken from A [W].
        from_b_w: power taken from B [W].
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.bus_a: list[int] = []
        self.bus_b: list[int] = []
        self.demand_w = np.zeros(0)
        self.from_a_w = np.zeros(0)
        self.from_b_w = np.zeros(0)

    def add(self, bus_a: int, bus_b: int) -> DcPair:
        """Register a load at two buses, or twice at one."""
        self.bus_a.append(bus_a)
        self.bus_b.append(bus_b)
        count = len(self.bus_a)
        self.demand_w, self.from_a_w, self.from_b_w = (np.zeros(count) for _ in range(3))
        return DcPair(self, count - 1)


@dataclass(frozen=True, slots=True, eq=False)
class DcPair:
    """One of the pairs.

    Attributes:
        pairs: all of them.
        number: its place.
    """

    pairs: Pairs
    number: int

    def ask(self, demand_w: float) -> None:
        """Ask for power [W]."""
        self.pairs.demand_w[self.number] = demand_w

    @property
    def taken_w(self) -> float:
        """Return the power taken from both feeds [W]."""
        return float(self.pairs.from_a_w[self.number] + self.pairs.from_b_w[self.number])


@dataclass(slots=True)
class Switch:
    """A switch between two buses: its number is its place in the grid's list."""

    id: str
    source: int
    load: int
    closed: bool
