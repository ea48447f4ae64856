"""Runs a program in virtual time from beginning to end; the door to this package."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeVar

from numpy.random import PCG64, Generator

from device_emulators.virtual.clock import VirtualClock
from device_emulators.virtual.loop import VirtualLoop
from device_emulators.virtual.network import JITTER_S, LATENCY_S, Network
from device_emulators.virtual.timepatch import patched

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

T = TypeVar("T")

EPOCH_NS: Final = 1_767_225_600_000_000_000
"""The wall clock at the beginning unless told otherwise: 2026-01-01, 0 h UTC [ns]."""


def run(
    program: Callable[[Network, VirtualClock], Coroutine[Any, Any, T]],
    *,
    seed: int,
    packages: Iterable[str] = (),
    epoch_ns: int = EPOCH_NS,
    latency_s: float = LATENCY_S,
    jitter_s: float = JITTER_S,
) -> T:
    """Run `program` to its end in a virtual time of its own; return what it returns.

    Args:
        program: called with the network, to disturb it, and with the clock.
        seed: of the network's jitter, and of what libraries draw from the system.
        packages: libraries that look at the machine's clocks, see `timepatch`; import them before.
        epoch_ns: the wall clock at time 0 [ns since 1970].
        latency_s: shortest way over the network [s].
        jitter_s: what chance may add [s].

    Raises:
        StandstillError: everybody waits and nothing can come.
    """
    jitter, entropy = Generator(PCG64(seed)).spawn(2)
    network = Network(jitter, latency_s, jitter_s)
    loop = VirtualLoop(network)
    clock = VirtualClock(loop, epoch_ns)
    with (
        closing(loop),
        patched(clock, entropy, packages),
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        return runner.run(program(network, clock))
