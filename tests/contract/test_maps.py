"""Every shipped device map means what its golden frames say, to both sides of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.drivers.decode import Decoder
from daemon.drivers.decode import encode as encode_write
from daemon.drivers.plan import Block, Slot
from daemon.model.natures import NATURES, PointKind
from daemon.model.points import Node, Point, Profile, Register
from daemon.model.quality import is_good
from daemon.settings import config_dir
from daemon.settings.device_map import load_map
from device_emulators.servers.codec import Codec
from device_emulators.servers.sheet import Sheet
from tests.contract.frames import BLOCKS_AT_0, COMMANDS_AT_0, FRAMES, MIRRORED, NODES, Frame

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = sorted((config_dir() / "devices").glob("*/*.yaml"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]
READ = [frame for frame in FRAMES if frame.table != "holding"]
WRITTEN = [frame for frame in FRAMES if frame.table == "holding"]
REGISTER_MAPS = sorted({frame.profile for frame in FRAMES} | {*BLOCKS_AT_0, *COMMANDS_AT_0})


def profile(name: str) -> Profile:
    loaded = load_map(config_dir() / "devices" / f"{name}.yaml")
    assert loaded.problems == ()
    assert loaded.profile is not None
    return loaded.profile


def registers(name: str, table: str) -> Mapping[str, Register]:
    places = profile(name).points.items()
    return {p: r for p, r in places if isinstance(r, Register) and r.table == table}


def words(frame: Frame) -> list[int]:
    return [int(word, 16) for word in frame.words.split()]


def decode(frame: Frame) -> dict[str, float]:
    """Return what the daemon's driver reads out of a frame, good values only."""
    given = words(frame)
    places = {
        name: place
        for name, place in registers(frame.profile, frame.table).items()
        if frame.address <= place.address < frame.address + len(given)
    }
    specs = NATURES[profile(frame.profile).nature].points
    slots = tuple(
        Slot(
            Point(i, f"X.{name}", "X", specs[name], place, 1.0),
            place,
            place.address - frame.address,
        )
        for i, (name, place) in enumerate(places.items())
    )
    block = Block(2, frame.table, frame.address, len(given), 1.0, slots)
    values, quality = Decoder(block).decode(given)
    pairs = zip(places, values, quality, strict=True)
    return {name: float(value) for name, value, code in pairs if is_good(int(code))}


def encode(frame: Frame) -> list[int]:
    """Return the frame an emulated device makes of the values."""
    known = {n: p for n, p in registers(frame.profile, frame.table).items() if n in frame.values}
    codec = Codec(NATURES[profile(frame.profile).nature], frame.table, known)
    places = [(slot.address - frame.address, slot) for slot in codec.shown]
    sheet = Sheet(places, len(words(frame)))
    sheet.show(np.array([frame.values[slot.name] for slot in codec.shown], dtype=float))
    return sheet.words


def frame_id(frame: Frame) -> str:
    return f"{frame.profile}-{frame.table}-{frame.address}"


@pytest.mark.parametrize("frame", FRAMES, ids=frame_id)
def test_driver_reads_the_golden_frame(frame: Frame) -> None:
    assert decode(frame) == pytest.approx(frame.values)


@pytest.mark.parametrize("frame", READ, ids=frame_id)
def test_device_makes_the_golden_frame(frame: Frame) -> None:
    assert encode(frame) == words(frame)


@pytest.mark.parametrize("frame", WRITTEN, ids=frame_id)
def test_a_write_is_the_golden_frame_to_both_sides(frame: Frame) -> None:
    places = registers(frame.profile, frame.table)
    codec = Codec(NATURES[profile(frame.profile).nature], frame.table, places)
    for name, value in frame.values.items():
        first = places[name].address - frame.address
        sent = words(frame)[first : first + places[name].words]
        assert list(encode_write(places[name], value)) == sent
        ((taken, received),) = codec.decode(places[name].address, sent)
        assert taken == name
        assert received == pytest.approx(value)


@pytest.mark.parametrize("frame", [f for f in WRITTEN if "command" in f.values], ids=frame_id)
def test_a_command_is_one_write_in_the_order_that_fences(frame: Frame) -> None:
    places = registers(frame.profile, frame.table)
    codec = Codec(NATURES[profile(frame.profile).nature], frame.table, places)
    assert codec.decode(frame.address, words(frame)[:3]) == [
        (name, frame.values[name]) for name in ("command_epoch", "command_id", "command")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_map_loads_and_lies_in_the_folder_of_its_nature(name: str) -> None:
    assert profile(name).nature == name.partition("/")[0]


def test_every_nature_with_points_has_a_map() -> None:
    assert {n for n, nature in NATURES.items() if nature.points} == {
        name.partition("/")[0] for name in NAMES
    }


def test_every_map_has_golden_values() -> None:
    alike = {"statcom/generic_statcom", "smr/generic_unit", "gas_turbine/generic_gt"}
    assert set(NAMES) == {*REGISTER_MAPS, *NODES, *alike}


@pytest.mark.parametrize("name", [n for n in REGISTER_MAPS if n not in BLOCKS_AT_0])
def test_frames_name_every_register_of_a_map(name: str) -> None:
    named = {point for frame in FRAMES if frame.profile == name for point in frame.values}
    if name in COMMANDS_AT_0:
        named |= {"command_epoch", "command_id", "command"}
    assert named == set(profile(name).points)


@pytest.mark.parametrize("name", [*BLOCKS_AT_0, *COMMANDS_AT_0])
def test_command_block_starts_at_holding_register_0(name: str) -> None:
    block = ["command_epoch", "command_id", "command", "heartbeat"]
    expected = block if name in BLOCKS_AT_0 else block[:3]
    found = sorted(registers(name, "holding").items(), key=lambda item: item[1].address)
    assert [(point, place.address, place.type) for point, place in found] == [
        (point, address, "u16") for address, point in enumerate(expected)
    ]


@pytest.mark.parametrize("name", MIRRORED)
def test_fast_block_repeats_what_must_be_fast(name: str) -> None:
    found = {n for n, p in profile(name).points.items() if isinstance(p, Register) and p.mirrored}
    assert found == MIRRORED[name]


@pytest.mark.parametrize("name", NODES)
def test_nodes_are_where_the_device_keeps_them(name: str) -> None:
    ids = {place[0].partition(".")[0] for place in NODES[name].values()}
    assert len(ids) == 1
    found = {
        point: (place.path.format(id=next(iter(ids))), place.type, place.scale)
        for point, place in profile(name).points.items()
        if isinstance(place, Node)
    }
    assert found == NODES[name]
    assert profile(name).namespace == "urn:ridethrough:devices"


@pytest.mark.parametrize("name", NAMES)
def test_the_daemon_writes_what_is_meant_to_be_written_and_nothing_else(name: str) -> None:
    written = {n for n, place in profile(name).points.items() if "w" in place.access}
    kinds = {PointKind.SETPOINT, PointKind.COMMAND, PointKind.HEARTBEAT}
    points = NATURES[profile(name).nature].points
    meant = {n for n in profile(name).points if points[n].kind in kinds}
    assert written - {"command_epoch", "command_id"} == meant


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("breaker/")])
def test_the_rest_of_a_breaker_is_one_read(name: str) -> None:
    places = [p for p in registers(name, "input").values() if not p.mirrored]
    assert max(p.address + p.words for p in places) - min(p.address for p in places) <= 60


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.fault("F18", "F24")
def test_a_device_can_be_told_from_another_of_its_make(name: str) -> None:
    known = profile(name)
    assert known.make
    assert known.model
    if known.protocol == "modbus_tcp":
        assert known.serial is not None
        assert known.serial.type == "u32"
