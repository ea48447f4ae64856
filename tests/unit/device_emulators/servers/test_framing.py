from __future__ import annotations

import asyncio
from typing import Any

import pytest

from device_emulators.servers.framing import MAX_CONNECTIONS, Connection


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def answer(unit: int, request: bytes) -> bytes | None:
    """Say the request backwards, with the unit behind it; unit 9 says nothing."""
    return None if unit == 9 else request[::-1] + bytes((unit,))


def connected(open_: dict[Connection, None] | None = None) -> tuple[Connection, Wire]:
    wire = Wire()
    connection = Connection(answer, {} if open_ is None else open_)
    connection.connection_made(wire)
    return connection, wire


FIRST = bytes.fromhex("0001 0000 0006 02 04 0000 0001")
FIRST_ANSWER = bytes.fromhex("0001 0000 0007 02 0100000004 02")
SECOND = bytes.fromhex("beef 0000 0002 05 07")
SECOND_ANSWER = bytes.fromhex("beef 0000 0003 05 07 05")
SILENT = bytes.fromhex("0002 0000 0002 09 07")


def test_a_frame_is_answered_with_its_own_number() -> None:
    connection, wire = connected()
    connection.data_received(FIRST)
    assert wire.written == [FIRST_ANSWER]


@pytest.mark.fault("F04")
@pytest.mark.parametrize("cut", range(1, len(FIRST + SECOND)))
def test_frames_may_be_cut_anywhere(cut: int) -> None:
    connection, wire = connected()
    both = FIRST + SECOND
    connection.data_received(both[:cut])
    connection.data_received(both[cut:])
    assert b"".join(wire.written) == FIRST_ANSWER + SECOND_ANSWER


def test_byte_by_byte() -> None:
    connection, wire = connected()
    for byte in FIRST + SILENT + SECOND:
        connection.data_received(bytes((byte,)))
    assert wire.written == [FIRST_ANSWER, SECOND_ANSWER]


def test_many_at_once_are_answered_in_order() -> None:
    connection, wire = connected()
    connection.data_received((FIRST + SILENT + SECOND) * 50)
    assert b"".join(wire.written) == (FIRST_ANSWER + SECOND_ANSWER) * 50


@pytest.mark.fault("F07")
@pytest.mark.parametrize(
    "garbage",
    [
        "0001 0001 0006 02 04 0000 0001",  # another protocol
        "0001 0000 0001 02",  # no function
        "0001 0000 0000 02",
        "0001 0000 ffff 02 04 0000 0001",
        "0001 0000 010b 02 17",  # longer than any request
        "4745 5420 2f20 48",  # a browser
        "1603 0100 c801 00",  # a TLS client
    ],
)
def test_what_is_no_frame_ends_the_connection(garbage: str) -> None:
    open_: dict[Connection, None] = {}
    connection, wire = connected(open_)
    connection.data_received(FIRST + bytes.fromhex(garbage))
    assert wire.aborted
    assert not open_
    connection.data_received(FIRST)
    assert wire.written == []


def test_the_longest_request_is_heard_out() -> None:
    connection, wire = connected()
    connection.data_received(bytes.fromhex("0001 0000 010a 02 17") + bytes(265 - 1))
    assert not wire.aborted
    assert len(wire.written) == 1


@pytest.mark.fault("F17")
def test_one_too_many_ends_the_quietest() -> None:
    open_: dict[Connection, None] = {}
    them = [connected(open_) for _ in range(MAX_CONNECTIONS)]
    first, _ = them[0]
    first.data_received(FIRST)  # so the second is the quietest
    connected(open_)
    assert [wire.aborted for _, wire in them].index(True) == 1
    assert sum(wire.aborted for _, wire in them) == 1
    assert len(open_) == MAX_CONNECTIONS


def test_a_place_is_given_back() -> None:
    open_: dict[Connection, None] = {}
    connection, _ = connected(open_)
    connection.connection_lost(None)
    assert not open_


def test_who_does_not_take_answers_is_not_listened_to() -> None:
    connection, wire = connected()
    connection.pause_writing()
    assert not wire.reading
    connection.resume_writing()
    assert wire.reading
