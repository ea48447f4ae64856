from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.faults.instruments import Instruments
from tests.small_board import MemoryPlant, plant_event, small_board

if TYPE_CHECKING:
    from daemon.model.plant import Site

NAMES = (("DG-1", "power_w"), ("DG-1", "life_count"), ("DG-2", "power_w"))


class Board(MemoryPlant):
    """A plant that also moves."""

    due_ns = 10**12
    site: Site
    injected: list[tuple[str, str]]

    def __init__(self) -> None:
        super().__init__()
        self.injected = []

    def advance(self, to_ns: int) -> list[Any]:
        self.now_ns = to_ns
        return [plant_event(to_ns, "DG-1", "stage")]

    def inject(self, target: str, event: str, values: object) -> None:
        self.injected.append((target, event))


def board() -> tuple[Board, Instruments]:
    plant = Board()
    plant.site = small_board()
    plant.show("DG-1", power_w=-2.0, life_count=7.0)
    plant.show("DG-2", power_w=-3.0)
    return plant, Instruments(plant)  # type: ignore[arg-type]


def test_undisturbed_values_are_the_plants_own_array() -> None:
    plant, instruments = board()
    there = instruments.reader(NAMES)
    assert there().tolist() == [-2.0, 7.0, -3.0]
    assert instruments.version == plant.version
    assert instruments.due_ns == plant.due_ns


@pytest.mark.parametrize(
    ("event", "values", "seen"),
    [
        ("freeze", {"point": "power_w"}, [-2.0, 8.0, -3.0]),
        ("scale", {"point": "power_w", "factor": -10.0}, [50.0, 8.0, -3.0]),
        ("offset", {"point": "power_w", "by": 1.5}, [-3.5, 8.0, -3.0]),
        ("spike", {"point": "power_w", "value": 9e9, "for_s": 1.0}, [9e9, 8.0, -3.0]),
        ("stop_life", {}, [-5.0, 7.0, -3.0]),
        ("stick", {"point": "power_w", "value": 4.0}, [4.0, 8.0, -3.0]),
        ("infinite", {"point": "power_w"}, [math.inf, 8.0, -3.0]),
        ("swap", {"with": "DG-2"}, [-3.0, 0.0, -5.0]),
    ],
)
def test_lie(event: str, values: dict[str, Any], seen: list[float]) -> None:
    plant, instruments = board()
    there = instruments.reader(NAMES)
    before = instruments.version
    instruments.inject("DG-1", event, values)
    assert instruments.version > before
    plant.show("DG-1", power_w=-5.0, life_count=8.0)
    assert there().tolist() == seen
    assert instruments.read("DG-1", "power_w") == seen[0]
    assert plant.injected == []
    before = instruments.version
    instruments.inject("DG-1", "clear", {})
    assert instruments.version > before
    assert there().tolist() == [-5.0, 8.0, -3.0]
    assert plant.injected == [("DG-1", "clear")]


def test_no_number() -> None:
    _, instruments = board()
    there = instruments.reader(NAMES)
    instruments.inject("DG-1", "not_a_number", {"point": "power_w"})
    assert math.isnan(there()[0])
    assert math.isnan(instruments.read("DG-1", "power_w"))


def test_spike_ends_by_itself() -> None:
    plant, instruments = board()
    there = instruments.reader(NAMES)
    now_ns = plant.now_ns
    instruments.inject("DG-2", "spike", {"point": "power_w", "value": 5.0, "for_s": 0.5})
    assert instruments.due_ns == now_ns + 500_000_000
    instruments.advance(now_ns + 499_999_999)
    assert there()[2] == 5.0
    before = instruments.version
    instruments.advance(now_ns + 500_000_000)
    assert there()[2] == -3.0
    assert instruments.version > before
    assert instruments.due_ns == plant.due_ns


@pytest.mark.parametrize(("event", "said"), [("ignore_writes", True), ("refuse_writes", False)])
def test_deaf_device(event: str, said: bool) -> None:
    plant, instruments = board()
    instruments.inject("DG-1", event, {})
    assert instruments.write("DG-1", "command", 1.0) is said
    assert instruments.write("DG-1", "heartbeat", 4.0)
    assert instruments.write("DG-2", "command", 1.0)
    assert plant.written == [("DG-1", "heartbeat", 4.0), ("DG-2", "command", 1.0)]
    instruments.inject("DG-1", "clear", {})
    assert instruments.write("DG-1", "command", 1.0)
    assert len(plant.written) == 3


def test_what_was_done_is_said_with_the_events_of_the_plant() -> None:
    plant, instruments = board()
    instruments.inject("DG-1", "freeze", {"point": "power_w"})
    said = instruments.advance(plant.now_ns + 1)
    assert [(event.name, event.text) for event in said] == [
        ("injected", "DG-1: freeze power_w"),
        ("stage", ""),
    ]
    assert said[0].fields == {"event": "freeze", "point": "power_w"}
    assert len(instruments.advance(plant.now_ns + 1)) == 1


def test_other_events_are_the_devices_own() -> None:
    plant, instruments = board()
    instruments.inject("DG-1", "no_start", {})
    assert plant.injected == [("DG-1", "no_start")]


def test_what_drifts_moves_with_time_in_steps_that_are_announced() -> None:
    _, instruments = board()
    instruments.advance(10**9)
    instruments.inject("DG-1", "drift", {"point": "power_w", "by_per_s": 2.0})
    assert instruments.read("DG-1", "power_w") == -2.0
    before, due_ns = instruments.version, instruments.due_ns
    assert due_ns == 1_100_000_000
    instruments.advance(due_ns)
    assert instruments.version > before
    assert instruments.read("DG-1", "power_w") == pytest.approx(-1.8)
    instruments.advance(6 * 10**9)
    assert instruments.read("DG-1", "power_w") == pytest.approx(8.0)
    instruments.inject("DG-1", "clear", {})
    assert instruments.read("DG-1", "power_w") == -2.0
    assert instruments.due_ns == Board.due_ns


def test_words_the_wrong_way_round_are_a_value_like_any_other() -> None:
    plant, instruments = board()
    plant.show("DG-1", power_w=-20.0, fuel_l=1.0)
    instruments.inject("DG-1", "swap_words", {})
    # i32 in steps of 10 W: -2 is FFFF FFFE; the other way round FFFE FFFF.
    assert instruments.read("DG-1", "power_w") == 10.0 * (0xFFFEFFFF - (1 << 32))
    # f32: 1.0 is 3F80 0000, and 0000 3F80 is next to nothing.
    assert 0.0 < instruments.read("DG-1", "fuel_l") < 1e-40
    assert instruments.read("DG-1", "life_count") == 7.0
    assert instruments.identity("DG-1") == ("DG-1", True)
    assert not instruments.write("DG-1", "power_setpoint_w", -1e6), "not what was meant"
    instruments.inject("DG-1", "clear", {})
    assert instruments.read("DG-1", "power_w") == -20.0
    assert instruments.write("DG-1", "power_setpoint_w", -1e6)


def test_devices_that_stand_for_each_other_obey_for_each_other_until_one_is_put_right() -> None:
    plant, instruments = board()
    instruments.inject("DG-1", "swap", {"with": "DG-2"})
    assert instruments.identity("DG-1") == ("DG-2", False)
    assert instruments.identity("DG-2") == ("DG-1", False)
    instruments.write("DG-1", "power_setpoint_w", -7.0)
    assert plant.written == [("DG-2", "power_setpoint_w", -7.0)]
    instruments.inject("DG-1", "scale", {"point": "power_w", "factor": 10.0})
    assert instruments.read("DG-2", "power_w") == -20.0, "the meter went along with its set"
    instruments.inject("DG-2", "clear", {})
    assert instruments.identity("DG-1") == ("DG-1", False)
    assert instruments.read("DG-1", "power_w") == -20.0


def test_a_state_can_be_given_as_its_word() -> None:
    plant, instruments = board()
    plant.show("52-A", position=1.0)
    instruments.inject("52-A", "stick", {"point": "position", "value": "closed"})
    assert instruments.read("52-A", "position") == 2.0
    instruments.inject("52-A", "spike", {"point": "position", "value": "bad", "for_s": 1.0})
    assert instruments.read("52-A", "position") == 3.0


@pytest.mark.parametrize(
    ("event", "values"), [("freeze", {"point": "power_w"}), ("swap_words", {})]
)
def test_a_lie_is_told_wherever_the_point_is_shown(event: str, values: dict[str, Any]) -> None:
    plant, instruments = board()
    there = instruments.reader((*NAMES, *NAMES))
    instruments.inject("DG-1", event, values)
    plant.show("DG-1", power_w=-50.0)
    seen = there().tolist()
    assert seen[:3] == seen[3:]
    assert seen[0] != -50.0
