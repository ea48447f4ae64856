"""Clocks and chance of the machine, made virtual for a while and given back."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import types
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.virtual.run import EPOCH_NS, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

REAL = (time.monotonic, time.monotonic_ns, time.time, time.time_ns, os.urandom, datetime)


@pytest.fixture
def library() -> Iterator[Any]:
    """A library that took clocks by name when it was imported."""
    module = types.ModuleType("somelibrary.part")
    source = "from time import monotonic\nfrom datetime import datetime\nimport time\n"
    exec(source, vars(module))
    sys.modules["somelibrary.part"] = module
    yield module
    del sys.modules["somelibrary.part"]


def test_clocks_of_the_process_are_virtual_inside_and_real_again_outside() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        await asyncio.sleep(12.5)
        assert time.monotonic() == 12.5
        assert time.monotonic_ns() == 12_500_000_000
        assert time.time_ns() == EPOCH_NS + 12_500_000_000
        assert time.time() == EPOCH_NS / 1e9 + 12.5

    run(program, seed=0)
    now = (time.monotonic, time.monotonic_ns, time.time, time.time_ns, os.urandom, datetime)
    assert now == REAL


def test_named_packages_see_virtual_clocks_that_they_took_by_name(library: Any) -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        await asyncio.sleep(1.25)
        assert library.monotonic() == library.time.monotonic() == 1.25
        assert library.datetime.now(UTC) == datetime(2026, 1, 1, 0, 0, 1, 250_000, UTC)
        assert library.datetime.now() == datetime(2026, 1, 1, 0, 0, 1, 250_000)  # noqa: DTZ001
        assert library.datetime.utcnow() == library.datetime.now()

    run(program, seed=0, packages=["somelibrary"])
    assert library.monotonic is time.monotonic
    assert library.datetime is datetime


def test_what_the_stand_in_makes_are_ordinary_datetimes(library: Any) -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        made = (
            library.datetime.now(UTC),
            library.datetime(2026, 1, 1, tzinfo=UTC),
            library.datetime.fromtimestamp(0, UTC),
            library.datetime.strptime("2026", "%Y"),
        )
        assert {type(each) for each in made} == {datetime}
        assert isinstance(datetime(2026, 1, 1, tzinfo=UTC), library.datetime)
        assert not isinstance(3, library.datetime)
        assert issubclass(datetime, library.datetime)

    run(program, seed=0, packages=["somelibrary"])


def test_packages_that_were_not_named_are_left_alone(library: Any) -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        assert library.datetime is datetime

    run(program, seed=0, packages=["some", "otherlibrary"])


def test_an_error_gives_the_clocks_back_too(library: Any) -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        run(program, seed=0, packages=["somelibrary"])
    assert (time.monotonic, library.datetime) == (REAL[0], datetime)


def test_chance_of_the_system_comes_from_the_seed() -> None:
    async def program(_: Network, clock: VirtualClock) -> tuple[bytes, uuid.UUID]:
        return os.urandom(32), uuid.uuid4()

    assert run(program, seed=1) == run(program, seed=1)
    assert run(program, seed=1) != run(program, seed=2)
    assert len(run(program, seed=1)[0]) == 32


def test_a_process_lives_in_one_time() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        async def inner(_: Network, clock: VirtualClock) -> None:
            pytest.fail("ran in a time within a time")

        with pytest.raises(RuntimeError, match="already"):
            run(inner, seed=0)

    run(program, seed=0)
