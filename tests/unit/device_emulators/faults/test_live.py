from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.faults.instruments import Instruments
from device_emulators.faults.live import Live
from device_emulators.play import Play
from device_emulators.vocabulary import vocabulary
from tests.small_board import ScriptedPlant, small_board

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECOND = 1_000_000_000


class Desk:
    """The small board with instruments, a play and somebody who asks."""

    def __init__(self) -> None:
        self.site = small_board()
        self.plant = ScriptedPlant()
        self.plant.site = self.site  # type: ignore[attr-defined]
        self.plant.due_ns = 1 << 62  # type: ignore[attr-defined]
        self.instruments = Instruments(self.plant)  # type: ignore[arg-type]
        self.gateways: list[tuple[str, str, Mapping[str, Any]]] = []
        self.play = Play(
            self.site,
            self.instruments,
            gateway=lambda *done: self.gateways.append(done),
            out=None,
        )
        self.live = Live(self.site, self.play, vocabulary())
        self.play.advance(SECOND)

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the answer to a request."""
        return self.live.answer({"do": do, **request})

    def inject(self, device: str, what: str, for_s: float | None = None, **values: Any) -> Any:
        """Return the answer to an injection, which must be good."""
        answer = self.ask("inject", device=device, kind=what, values=values, for_s=for_s)
        assert answer["ok"], answer["error"]
        return answer

    def pass_time(self, to_s: float) -> None:
        """Let time pass."""
        self.play.advance(round(to_s * SECOND))
        self.live.advance()

    @property
    def stands(self) -> Sequence[str]:
        """Return what stands, as the list has it."""
        return [f"{each['device']} {each['kind']}" for each in self.ask("list")["standing"]]


def done_to(plant: ScriptedPlant) -> list[tuple[str, str]]:
    """Return what was done to equipment itself."""
    return [(target, event) for _, target, event, _ in plant.injected]


def test_what_is_injected_stands_until_it_is_cleared() -> None:
    desk = Desk()
    assert desk.stands == []
    desk.inject("52-A", "fail_to_open")
    assert desk.stands == ["52-A fail_to_open"]
    answer = desk.ask("clear", device="52-A")
    assert answer["done_to"] == ["52-A"]
    assert answer["standing"] == []
    assert done_to(desk.plant) == [("52-A", "fail_to_open"), ("52-A", "clear")]


def test_a_kind_or_a_pattern_stands_for_several() -> None:
    desk = Desk()
    assert desk.inject("generator", "no_start")["done_to"] == ["DG-1", "DG-2"]
    desk.ask("clear", device="DG-*", kind="no_start")
    assert desk.stands == []


def test_what_is_asked_for_some_time_ends_by_itself_and_the_list_says_when() -> None:
    desk = Desk()
    desk.inject("DG-1", "freeze", 2.0, point="power_w")
    desk.inject("52-A", "trip", 3.0)
    (frozen, tripped) = desk.ask("list")["standing"]
    assert (frozen["ends_in_s"], tripped["ends_in_s"]) == (2.0, 3.0)
    desk.pass_time(2.9)
    assert desk.stands == ["DG-1 freeze", "52-A trip"]
    desk.pass_time(3.0)
    assert desk.stands == ["52-A trip"]
    assert ("DG-1", "clear") not in done_to(desk.plant), "the set itself was left alone"
    desk.pass_time(4.0)
    assert desk.stands == []
    assert done_to(desk.plant)[-1] == ("52-A", "clear")


def test_what_is_done_anew_has_a_time_of_its_own() -> None:
    desk = Desk()
    desk.inject("52-A", "trip", 2.0)
    desk.pass_time(2.0)
    desk.inject("52-A", "trip", 5.0)
    desk.pass_time(4.0)
    assert desk.stands == ["52-A trip"]
    desk.ask("clear", device="52-A")
    desk.inject("52-A", "trip")
    desk.pass_time(20.0)
    assert desk.stands == ["52-A trip"]


def test_a_time_that_belongs_to_the_event_is_its_own() -> None:
    desk = Desk()
    desk.inject("DG-1", "spike", 0.5, point="power_w", value=7.0)
    (spike,) = desk.ask("list")["standing"]
    assert spike["values"]["for_s"] == 0.5
    assert desk.instruments.read("DG-1", "power_w") == 7.0
    desk.pass_time(1.6)
    assert desk.stands == []
    assert desk.instruments.read("DG-1", "power_w") == 0.0


def test_one_of_several_is_ended_and_the_others_stand_on() -> None:
    desk = Desk()
    desk.inject("52-A", "fail_to_open")
    desk.inject("52-A", "fail_to_close")
    desk.inject("52-A", "freeze", point="position")
    desk.inject("52-A", "stick", point="power_w", value=5.0)
    desk.ask("clear", device="52-A", kind="fail_to_open")
    assert desk.stands == ["52-A freeze", "52-A stick", "52-A fail_to_close"]
    assert done_to(desk.plant)[-2:] == [("52-A", "clear"), ("52-A", "fail_to_close")]
    desk.ask("clear", device="52-A", kind="freeze")
    assert desk.stands == ["52-A stick", "52-A fail_to_close"]
    assert desk.instruments.read("52-A", "power_w") == 5.0


def test_what_has_a_word_of_its_own_to_undo_it_is_undone_by_that() -> None:
    desk = Desk()
    desk.inject("52-A", "local")
    desk.ask("clear", device="52-A", kind="local")
    assert done_to(desk.plant) == [("52-A", "local"), ("52-A", "remote")]
    assert desk.stands == []


def test_a_gateway_is_healed_of_one_thing_and_suffers_the_rest() -> None:
    desk = Desk()
    desk.inject("GW-B", "slow", latency_s=0.2)
    desk.inject("GW-B", "duplicate")
    desk.inject("GW-B", "reset")
    assert desk.stands == ["GW-B slow", "GW-B duplicate"]
    desk.ask("clear", device="GW-B", kind="slow")
    assert [event for _, event, _ in desk.gateways[-2:]] == ["heal", "duplicate"]
    assert desk.stands == ["GW-B duplicate"]
    desk.ask("clear", device="GW-B")
    assert desk.stands == []


def test_buses_have_short_circuits() -> None:
    desk = Desk()
    desk.inject("S", "fault", kind="earth", ohm=0.5)
    assert desk.plant.injected[-1][1:] == ("S", "fault", {"kind": "earth", "ohm": 0.5})
    desk.ask("clear", device="S")
    assert desk.stands == []


def test_the_list_says_what_can_be_done() -> None:
    desk = Desk()
    assert desk.ask("list", device="52-A")["possible"]["freeze"] == ["point"]
    assert "clear" not in desk.ask("list", device="52-A")["possible"]
    assert "wrong_unit" in desk.ask("list", device="GW-B")["possible"]
    assert "wrong_unit" not in desk.ask("list", device="OPC-B")["possible"]
    assert desk.ask("list", device="S")["possible"] == {"fault": ["kind", "ohm"]}


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "a request is one of list, inject, clear"),
        ({"do": "inject", "device": "52-C"}, "nothing here is called 52-C (valid: 52-"),
        (
            {"do": "inject", "device": "52-A", "kind": "burn"},
            "nothing called burn can be done",
        ),
        ({"do": "inject", "device": "52-A", "kind": "clear"}, "clear ends faults: use clear"),
        ({"do": "inject", "device": "GW-B", "kind": "heal"}, "heal ends faults: use clear"),
        ({"do": "inject", "device": "52-A", "kind": "freeze"}, "freeze needs point"),
        (
            {"do": "inject", "device": "52-A", "kind": "trip", "for_s": -1},
            "-1 s is no span",
        ),
        ({"do": "inject", "device": "52-A", "kind": "trip", "values": 3}, "int"),
        (
            {"do": "inject", "device": "52-A", "kind": "trip", "values": {"target": "DG-1"}},
            "no value is called",
        ),
        (
            {"do": "inject", "device": "daemon", "kind": "pause", "values": {"for_s": 1}},
            "pause can be done to daemon in virtual time only",
        ),
        ({"do": "inject", "device": "OPC-B", "kind": "wrong_unit"}, "that speaks opcua"),
        ({"do": "clear", "device": "52-A", "kind": "trip"}, "(valid: nothing stands there)"),
        ({"do": "list", "device": "nobody"}, "nothing here is called nobody"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_done(request_: dict[str, Any], said: str) -> None:
    desk = Desk()
    answer = desk.live.answer(request_)
    assert not answer["ok"]
    assert said in answer["error"]
    assert desk.plant.injected == []
    assert desk.gateways == []
