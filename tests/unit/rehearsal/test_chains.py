"""The efficiency of the plant in lines."""

from __future__ import annotations

from typing import Any

from daemon.rehearsal.chains import comparison, lines
from device_emulators.plant.chains import Chain, Efficiency, Stage


def told(ac: float | None, dc: float | None, pue: float | None = 1.2) -> dict[str, Any]:
    def chain(name: str, efficiency: float | None) -> Chain:
        return Chain(name, (Stage("converter", efficiency, 1e3), Stage("supply", 1.0, None)))

    return Efficiency((chain("AC chain", ac), chain("800 V chain", dc)), pue).as_json()


def test_chains_are_told_by_their_stages_and_compared() -> None:
    assert list(lines(told(0.9, 0.95))) == [
        "efficiency, mean of the run: PUE 1.200",
        "  AC chain    90.0 %  converter 90.0, supply 100.0",
        "  800 V chain 95.0 %  converter 95.0, supply 100.0",
        "  the 800 V chain takes 5.3 % less than the AC chain for the same work",
    ]


def test_what_stands_has_a_dash_and_is_not_compared() -> None:
    said = list(lines(told(None, 0.95, None)))
    assert said[0] == "efficiency, mean of the run"
    assert said[1] == "  AC chain    - %  converter -, supply 100.0"
    assert len(said) == 3


def test_a_worse_chain_takes_more() -> None:
    assert comparison(told(0.95, 0.9)).startswith("the 800 V chain takes 5.6 % more")


def test_without_chains_nothing_is_said() -> None:
    assert list(lines(Efficiency((), 1.1).as_json())) == []
