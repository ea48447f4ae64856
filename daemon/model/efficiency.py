"""How much of what the site takes reaches its work: by stage, by chain, as a whole.

A *chain* is the way through one kind of converter; its stages are the transformers of one pair of
voltages, the converters, and what lies inside the racks. Efficiencies are told with their standard
deviation, because a difference of two good meters is a bad one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a chain.

    Attributes:
        name: what it is.
        given_w: what all its devices give [W]; 0 where the stage is declared, not measured.
        loss_w: what they lose [W].
        loss_sigma_w: its standard deviation [W].
        efficiency_pu: given by taken [pu]; 1 where nothing goes through.
        sigma_pu: its standard deviation [pu].
        declared: a typical value that nothing measures.
    """

    name: str
    given_w: float
    loss_w: float
    loss_sigma_w: float
    efficiency_pu: float
    sigma_pu: float
    declared: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The way through one kind of converter.

    Attributes:
        name: of the chain.
        stages: from the grid to the chips.
        efficiency_pu: their product [pu].
        sigma_pu: its standard deviation [pu].
    """

    name: str
    stages: tuple[Stage, ...]
    efficiency_pu: float
    sigma_pu: float


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A meter against what everything else says of the same power.

    Attributes:
        equipment: the meter.
        measured_w: what it shows [W].
        estimated_w: what it should show [W].
        sigma_w: standard deviation of the difference [W].
    """

    equipment: str
    measured_w: float
    estimated_w: float
    sigma_w: float


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Efficiency of the site over the time since the daemon began, and its powers now.

    Attributes:
        chains: those the site has.
        facility_w: all that the site consumes and loses, stores aside [W].
        it_w: what IT equipment takes at its inlets [W].
        loss_w: what transformers and converters lose [W].
        facility_wh: energy of all that since the beginning [Wh].
        it_wh: energy of IT equipment since then [Wh].
        loss_wh: energy lost since then [Wh].
        pue_pu: facility by IT energy since then [pu]; 0 without IT load.
        pue_sigma_pu: standard deviation of the present ratio of powers [pu].
        pue_category: "PUE1" where IT energy is metered at the output of UPS, "PUE2" at that of
            distribution, "PUE3" at the inlets of racks.
        since_ns: when counting began [ns].
        saved_pu: how much less the 800 V chain takes than the AC chain for the same work [pu].
        saved_sigma_pu: its standard deviation [pu]; infinite where there are not both chains.
        mismatches: of all meters that show something others can check.
    """

    chains: tuple[Chain, ...]
    facility_w: float
    it_w: float
    loss_w: float
    facility_wh: float
    it_wh: float
    loss_wh: float
    pue_pu: float
    pue_sigma_pu: float
    pue_category: str
    since_ns: int
    saved_pu: float
    saved_sigma_pu: float
    mismatches: tuple[Mismatch, ...]
