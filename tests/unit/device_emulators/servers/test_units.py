from __future__ import annotations

import pytest

from device_emulators.servers.nameplate import made_up
from device_emulators.servers.units import Units
from tests.small_board import MemoryPlant, small_board

EVERYBODY, MIRROR, ITSELF = 0, 1, 255


def units(plant: MemoryPlant) -> Units:
    site = small_board()
    return Units(site, site.gateways["GW-B"], plant, {})


def test_everybody_hears_a_write_and_nobody_answers() -> None:
    plant = MemoryPlant()
    # Holding register 0 is the heartbeat of both sets; breakers have none there.
    assert units(plant).answer(EVERYBODY, bytes.fromhex("06 0000 0007")) is None
    assert plant.written == [("DG-1", "heartbeat", 7.0), ("DG-2", "heartbeat", 7.0)]


@pytest.mark.parametrize("request_", ["04 0000 0001", "2b 0e 01 00", "63"])
def test_nobody_answers_a_question_to_everybody(request_: str) -> None:
    assert units(MemoryPlant()).answer(EVERYBODY, bytes.fromhex(request_)) is None


@pytest.mark.parametrize("unit", [4, 7, 247, 248, 254])
def test_who_is_not_there_is_answered_for(unit: int) -> None:
    asked = units(MemoryPlant())
    for request in ("04 0000 0001", "06 0000 0001", "2b 0e 01 00"):
        answer = asked.answer(unit, bytes.fromhex(request))
        assert answer == bytes((int(request[:2], 16) | 0x80, 11))


def test_gateway_says_who_it_is_and_no_more() -> None:
    asked = units(MemoryPlant())
    for unit in (MIRROR, ITSELF):
        told = asked.answer(unit, bytes.fromhex("2b 0e 04 06"))
        assert told == bytes.fromhex("2b 0e 04 83 00 00 01 06 04") + b"GW-B"
    assert asked.answer(ITSELF, bytes.fromhex("04 0000 0001")) == b"\x84\x01"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("04 0000 0001", "04 02 00 02"),
        # Units 2 to 6 have four words each.
        ("04 0014 0001", "84 02"),
        ("04 0013 0002", "84 02"),
        ("04 0000 0000", "84 03"),
        ("03 0000 0001", "83 01"),
        ("06 0000 0001", "86 01"),
    ],
)
def test_mirror(request_: str, answer: str) -> None:
    plant = MemoryPlant()
    plant.show("52-A", position=2.0)
    assert units(plant).answer(MIRROR, bytes.fromhex(request_)) == bytes.fromhex(answer)


@pytest.mark.parametrize("exception", [6, 10, 11])
def test_an_excuse_is_all_that_is_heard(exception: int) -> None:
    plant = MemoryPlant()
    asked = units(plant)
    asked.excuse = exception
    for unit in (MIRROR, 2, 5, 99, ITSELF):
        for request in ("04 0000 0001", "06 0000 0001", "2b 0e 01 00"):
            answer = asked.answer(unit, bytes.fromhex(request))
            assert answer == bytes((int(request[:2], 16) | 0x80, exception))
    assert asked.answer(EVERYBODY, bytes.fromhex("06 0000 0007")) is None
    assert plant.written == []
    asked.excuse = 0
    assert asked.answer(5, bytes.fromhex("06 0000 0007")) == bytes.fromhex("06 0000 0007")


@pytest.mark.fault("F18")
def test_devices_of_one_make_have_serial_numbers_of_their_own() -> None:
    asked = units(MemoryPlant())
    told = {asked.answer(unit, bytes.fromhex("2b 0e 04 80")) for unit in (2, 3, 5, 6)}
    assert len(told) == 4
    assert all(len(each or b"") > 15 for each in told)


def test_made_up_numbers_betray_a_wrong_word_order() -> None:
    for number in range(2000):
        high, low = divmod(made_up(f"X-{number}"), 0x1_0000)
        assert high != low
        assert high
        assert low
