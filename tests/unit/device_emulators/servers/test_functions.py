"""Requests and answers byte by byte, written down by hand from the protocol's specification."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from daemon.model.plant import Site
from daemon.model.points import Profile
from device_emulators.servers.codec import AddressError
from device_emulators.servers.functions import answer
from device_emulators.servers.units import Units
from tests.small_board import MemoryPlant, register, small_board

SET = {
    "stage": register("input", 0, "u16"),
    "power_w": register("input", 2, "i32", scale=10.0),
    "fuel_l": register("input", 6, "f32", word_order="little"),
    "overcrank": register("discrete", 8, "bit"),
    "alarm_oil": register("discrete", 9, "bit"),
    "alarm_fuel": register("discrete", 17, "bit"),
    "available": register("coil", 0, "bit", access="r"),
    "daemon_present": register("coil", 1, "bit", access="rw"),
    "fail_to_build": register("coil", 2, "bit", access="rw"),
    "command_epoch": register("holding", 0, "u16", access="w"),
    "command_id": register("holding", 1, "u16", access="w"),
    "command": register("holding", 2, "u16", access="w", low=0.0, high=5.0),
    "heartbeat": register("holding", 3, "u16"),
    "power_setpoint_w": register("holding", 10, "f32", low=-3.2e6, high=0.0),
    "voltage_ll_v": register("holding", 12, "u16", access="r"),
}
"""Unit 5: a set. Its map is not a shipped one: it has something of everything."""

SERIAL = 0x0012_ABCD


def site(**manners: object) -> Site:
    """Return the small board with that set, whose make has these manners."""
    board = small_board()
    profile = Profile(
        "generator/x",
        "generator",
        "modbus_tcp",
        "",
        SET,
        make="Example Power",
        model="Set 12",
        serial=register("input", 900, "u32"),
    )
    item = board.equipment["DG-1"]
    assert item.device is not None
    named = replace(item, device=replace(item.device, serial=SERIAL))
    return replace(
        board,
        profiles={**board.profiles, "generator/x": replace(profile, **manners)},  # type: ignore[arg-type]
        equipment={**board.equipment, "DG-1": named},
    )


def plant() -> MemoryPlant:
    """Return a plant with something to show."""
    shown = MemoryPlant()
    shown.show(
        "DG-1",
        stage=3.0,
        power_w=-2_400_000.0,
        fuel_l=6400.0,
        overcrank=1.0,
        alarm_fuel=1.0,
        available=1.0,
        fail_to_build=1.0,
        voltage_ll_v=6600.0,
        heartbeat=0x12F0,
    )
    return shown


def exchange(request: str, behind: MemoryPlant | None = None, **manners: object) -> str:
    """Return the answer of unit 5 to a request; both in hexadecimal, function first."""
    units = Units(site(**manners), small_board().gateways["GW-B"], behind or plant(), {})
    answer = units.answer(5, bytes.fromhex(request))
    assert answer is not None
    return answer.hex(" ")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("01 0000 0003", "01 01 05"),
        ("02 0008 0002", "02 01 01"),
        ("02 0008 000a", "02 02 01 02"),
        ("03 0003 0001", "03 02 12 f0"),
        ("03 000c 0001", "03 02 19 c8"),
        ("04 0000 0001", "04 02 00 03"),
        # -2 400 000 W in tens of watts is -240 000: FFFC 5680, the high word first.
        ("04 0002 0002", "04 04 ff fc 56 80"),
        # One half of a value may be read.
        ("04 0003 0001", "04 02 56 80"),
        # 6400 is 45C8 0000 in single precision, here the low word first; 4 and 5 are a gap.
        ("04 0004 0004", "04 08 00 00 00 00 00 00 45 c8"),
        ("04 0000 0008", "04 10 00 03 00 00 ff fc 56 80 00 00 00 00 00 00 45 c8"),
        # What only takes values reads 0.
        ("03 0000 0003", "03 06 00 00 00 00 00 00"),
        # The serial number, the high word first.
        ("04 0384 0002", "04 04 00 12 ab cd"),
    ],
)
def test_reads(request_: str, answer: str) -> None:
    assert exchange(request_) == answer


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        # 2: outside the map, below it, across its end, and between it and the serial number.
        ("04 0008 0001", "84 02"),
        ("04 0006 0003", "84 02"),
        ("04 0100 0001", "84 02"),
        ("04 ffff 0002", "84 02"),
        ("04 0383 0002", "84 02"),
        ("04 0385 0002", "84 02"),
        ("02 0007 0001", "82 02"),
        ("01 0003 0001", "81 02"),
        ("03 000d 0001", "83 02"),
        # 3: a count of none or too many is objected to before the address.
        ("01 0000 0000", "81 03"),
        ("01 0000 07d1", "81 03"),
        ("02 0008 0000", "82 03"),
        ("02 0008 07d1", "82 03"),
        ("03 0000 0000", "83 03"),
        ("03 0000 007e", "83 03"),
        ("04 ffff 0000", "84 03"),
        ("04 0000 ffff", "84 03"),
        # As many as there may be: then it is the address.
        ("02 0008 07d0", "82 02"),
        ("04 0000 007d", "84 02"),
        # 3: a request that is too short or too long.
        ("04 0000", "84 03"),
        ("04", "84 03"),
        ("04 0000 0001 00", "84 03"),
        # 1: what nobody here does.
        ("07", "87 01"),
        ("08 0000 1234", "88 01"),
        ("0b", "8b 01"),
        ("11", "91 01"),
        ("14 07 06 0004 0000 0001", "94 01"),
        ("18 0000", "98 01"),
        ("00", "80 01"),
        ("7f", "ff 01"),
        ("83 02", "83 01"),
    ],
)
def test_refused_reads(request_: str, answer: str) -> None:
    assert exchange(request_) == answer


@pytest.mark.parametrize(
    ("request_", "answer", "written"),
    [
        ("05 0001 ff00", "05 00 01 ff 00", {"daemon_present": 1.0}),
        ("05 0002 0000", "05 00 02 00 00", {"fail_to_build": 0.0}),
        ("0f 0001 0002 01 02", "0f 00 01 00 02", {"daemon_present": 0.0, "fail_to_build": 1.0}),
        ("06 0003 00ff", "06 00 03 00 ff", {"heartbeat": 255.0}),
        ("10 0003 0001 02 00ff", "10 00 03 00 01", {"heartbeat": 255.0}),
        # C9C3 5000 is -1 600 000.
        ("10 000a 0002 04 c9c35000", "10 00 0a 00 02", {"power_setpoint_w": -1_600_000.0}),
        (
            "10 0000 0003 06 0007 0009 0002",
            "10 00 00 00 03",
            {"command_epoch": 7.0, "command_id": 9.0, "command": 2.0},
        ),
        # 12F0 with the low byte kept and the high one taken from 34xx: 34F0.
        ("16 0003 00ff 3412", "16 00 03 00 ff 34 12", {"heartbeat": 0x34F0}),
        # Written first, then read.
        ("17 0003 0001 0003 0001 02 0102", "17 02 01 02", {"heartbeat": 258.0}),
        ("17 000c 0001 0003 0001 02 0102", "17 02 19 c8", {"heartbeat": 258.0}),
    ],
)
def test_writes(request_: str, answer: str, written: dict[str, float]) -> None:
    behind = plant()
    assert exchange(request_, behind) == answer
    assert behind.written == [("DG-1", point, value) for point, value in written.items()]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        # 2: read only, not there, half a value, across a gap, more than the map.
        ("05 0000 ff00", "85 02"),
        ("0f 0000 0002 01 03", "8f 02"),
        ("05 0009 ff00", "85 02"),
        ("06 000c 0001", "86 02"),
        ("06 0004 0001", "86 02"),
        ("06 000a c9c3", "86 02"),
        ("06 000b 5000", "86 02"),
        ("10 0003 0002 04 0001 0001", "90 02"),
        ("10 000b 0001 02 5000", "90 02"),
        ("06 0384 0001", "86 02"),
        ("16 000c 0000 0001", "96 02"),
        ("16 000a 0000 0001", "96 02"),
        ("17 0100 0001 0003 0001 02 0102", "97 02"),
        ("17 0003 0001 000c 0001 02 0102", "97 02"),
        # 3: neither on nor off, a count of none or too many, lengths that do not fit.
        ("05 0001 0001", "85 03"),
        ("05 0001 ffff", "85 03"),
        ("0f 0001 0000 00", "8f 03"),
        ("0f 0001 07b1 f7" + "00" * 247, "8f 03"),
        ("0f 0001 0002 02 0200", "8f 03"),
        ("10 0003 0000 00", "90 03"),
        ("10 0003 007c f8" + "00" * 248, "90 03"),
        ("10 0003 0001 04 0001 0001", "90 03"),
        ("10 0003 0002 04 0001", "90 03"),
        ("10 0003", "90 03"),
        ("06 0003", "86 03"),
        ("17 0003 0000 0003 0001 02 0102", "97 03"),
        ("17 0003 007e 0003 0001 02 0102", "97 03"),
        ("17 0003 0001 0003 007a f4" + "00" * 244, "97 03"),
        ("17 0003 0001 0003 0001 04 0102", "97 03"),
        # 3: beyond the limits of the map, and no number.
        ("06 0002 0006", "86 03"),
        ("10 000a 0002 04 ca440000", "90 03"),
        ("10 000a 0002 04 3f800000", "90 03"),
        ("10 000a 0002 04 7fc00000", "90 03"),
        ("10 000a 0002 04 ff800000", "90 03"),
    ],
)
def test_refused_writes_change_nothing(request_: str, answer: str) -> None:
    behind = plant()
    assert exchange(request_, behind) == answer
    assert behind.written == []


@pytest.mark.parametrize(
    ("request_", "answer", "written"),
    [
        # A command without epoch and id in the same request is nobody's.
        ("06 0002 0001", "86 03", []),
        ("16 0002 0000 0001", "96 03", []),
        # The first value that the device refuses ends it.
        ("10 0000 0003 06 0007 0009 0002", "90 04", ["command_epoch", "command_id"]),
        ("17 0003 0001 0000 0003 06 0007 0009 0002", "97 04", ["command_epoch", "command_id"]),
    ],
)
def test_device_refuses(request_: str, answer: str, written: list[str]) -> None:
    behind = plant()
    behind.refusing = {("DG-1", "command")}
    assert exchange(request_, behind) == answer
    assert [point for _, point, _ in behind.written] == written


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        # A table that it has not, and one with nothing to write in it.
        ("01 0000 0001", "81 01"),
        ("05 0000 ff00", "85 01"),
        ("0f 0000 0001 01 01", "8f 01"),
        ("16 0000 0000 0000", "96 01"),
        ("06 0000 0001", "86 01"),
        ("03 0000 0001", "03 02 19 c8"),
        ("02 0000 0001", "82 01"),
    ],
)
def test_functions_are_those_of_the_tables(request_: str, answer: str) -> None:
    points = {"voltage_ll_v": register("holding", 0, "u16", access="r")}
    assert exchange(request_, points=points, serial=None) == answer


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("06 0003 00ff", "86 01"),
        ("10 0003 0001 02 00ff", "10 00 03 00 01"),
        ("03 0003 0001", "03 02 12 f0"),
        ("04 0000 0001", "84 01"),
        ("2b 0e 04 02", "2b 0e 04 83 00 00 01 02 03 31 2e 30"),
    ],
)
def test_a_map_can_leave_functions_out(request_: str, answer: str) -> None:
    assert exchange(request_, functions=frozenset({3, 16})) == answer


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("04 0002 0002", "04 04 ff fc 56 80"),
        ("04 0000 0003", "84 02"),
        ("04 0001 0001", "84 02"),
        ("04 0003 0002", "84 02"),
        ("04 0006 0002", "04 04 00 00 45 c8"),
        ("02 0008 0002", "02 01 01"),
        ("02 0009 0009", "82 02"),
        ("02 0011 0001", "02 01 01"),
        ("03 0003 0001", "03 02 12 f0"),
        ("03 0003 0002", "83 02"),
    ],
)
def test_a_map_can_refuse_gaps(request_: str, answer: str) -> None:
    assert exchange(request_, bridged=False) == answer


def text(id_: int, value: str) -> str:
    """Return an object of the identification, as it stands in an answer."""
    return bytes((id_, len(value), *value.encode())).hex(" ")


BASIC = (text(0, "Example Power"), text(1, "x"), text(2, "1.0"))
REGULAR = (*BASIC, text(4, "Set 12"), text(5, "generator"), text(6, "DG-1"))
EXTENDED = (*REGULAR, text(0x80, str(SERIAL)))


@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("2b 0e 01 00", ("2b 0e 01 83 00 00 03", *BASIC)),
        ("2b 0e 02 00", ("2b 0e 02 83 00 00 06", *REGULAR)),
        ("2b 0e 03 00", ("2b 0e 03 83 00 00 07", *EXTENDED)),
        # A stream may begin in the middle, and begins at the beginning where there is none.
        ("2b 0e 02 05", ("2b 0e 02 83 00 00 02", *REGULAR[4:])),
        ("2b 0e 02 77", ("2b 0e 02 83 00 00 06", *REGULAR)),
        # One by one.
        ("2b 0e 04 80", ("2b 0e 04 83 00 00 01", EXTENDED[-1])),
        ("2b 0e 04 06", ("2b 0e 04 83 00 00 01", REGULAR[-1])),
        ("2b 0e 04 03", ("ab 02",)),
        ("2b 0e 00 00", ("ab 03",)),
        ("2b 0e 05 00", ("ab 03",)),
        ("2b 0e 01", ("ab 03",)),
        ("2b 0e 01 00 00", ("ab 03",)),
        ("2b 0d 00", ("ab 01",)),
        ("2b", ("ab 01",)),
    ],
)
def test_identification(request_: str, answer: tuple[str, ...]) -> None:
    assert exchange(request_) == " ".join(answer)


class Talker:
    """A unit that has much to say of itself and nothing else."""

    functions = frozenset({43})
    identity: Mapping[int, bytes] = {
        id_: bytes((id_,)) * 64 for id_ in (0, 1, 2, 4, 5, 6, 0x80, 0x81)
    }

    def words(self, table: str, address: int, count: int) -> Sequence[int]:
        raise AddressError

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        raise AddressError


def test_a_long_identification_is_told_in_parts() -> None:
    told: dict[int, bytes] = {}
    following, answers = 0, 0
    while not answers or following:
        reply = answer(Talker(), bytes((43, 14, 3, following)))
        assert len(reply) <= 253
        assert reply[4] == (0xFF if reply[5] else 0x00)
        at = 7
        for _ in range(reply[6]):
            id_, size = reply[at], reply[at + 1]
            told[id_] = reply[at + 2 : at + 2 + size]
            at += 2 + size
        assert at == len(reply)
        following, answers = reply[5], answers + 1
    assert told == Talker.identity
    assert answers == 3


def test_what_is_no_number_is_the_reserved_value() -> None:
    behind = plant()
    behind.show("DG-1", stage=math.nan, power_w=math.nan, fuel_l=math.nan)
    words = "ff ff 00 00 80 00 00 00 00 00 00 00 00 00 7f c0"
    assert exchange("04 0000 0008", behind) == f"04 10 {words}"
