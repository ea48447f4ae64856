"""Every word for a gateway over the in-memory network, with our drivers at the other end.

Whatever is done, a driver shows no value as good that its device did not have, and finds its way
back when the fault is over.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.opcua import OpcuaDriver
from daemon.model.quality import is_bad, is_good
from device_emulators.faults.words import ENDS, OF_MODBUS, OF_OPCUA, of_protocol
from device_emulators.servers.gateways import Gateways
from device_emulators.virtual.link import located
from device_emulators.virtual.run import run
from tests.simulation.board import MODBUS_PORT, OPCUA_PORT, PACKAGES, SHOW_S, driven
from tests.small_board import MemoryPlant, small_board
from tests.unit.drivers.board import rig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network
    from tests.unit.drivers.board import Rig

VALUES: Mapping[str, float] = {
    "latency_s": 0.4,
    "jitter_s": 0.6,
    "pause_s": 0.05,
    "period_s": 1.0,
    "share_pu": 0.5,
    "connections_count": 40,
    "by_s": -3600.0,
}
STEPS = 25
STEP_S = 0.1
BACK_S = 8.0
POINTS = {"GW-B": "52-A.source_voltage_v", "OPC-B": "ESS-1.soc_pu"}
PROTOCOLS = {"GW-B": "modbus_tcp", "OPC-B": "opcua"}
UNSEEN = frozenset({"corrupt"})
"""Nobody can see that a bit of a value was turned: neither protocol has a checksum of its own."""
SILENT = frozenset(
    {"hang", "cut", "cut_to_daemon", "cut_to_gateway", "refuse", "garbage", "oversize", "reorder"}
)
"""With these nothing that is good can arrive."""


def words(gateway: str) -> list[str]:
    """Return what can be done to a gateway."""
    return [event for event in of_protocol(PROTOCOLS[gateway]) if event not in ENDS]


def said(number: int) -> float:
    """Return the value that the plant shows at a step: none like another, all of one size."""
    return 0.25 + 0.002 * number if number else 0.0


def play(gateway: str, event: str) -> tuple[list[float], bool, float, bool]:
    """Return what was shown as good meanwhile, whether it went bad, and what came afterwards."""
    equipment, _, name = POINTS[gateway].partition(".")

    async def program(network: Network, clock: VirtualClock) -> tuple[Any, ...]:
        site, plant = small_board(MODBUS_PORT, OPCUA_PORT), MemoryPlant()
        scale = 1000.0 if gateway == "GW-B" else 1.0
        gateways = Gateways(site, plant)
        with located("plant"):
            await gateways.open(clock.utc_ns())
        board = rig(site, gateway)
        driver = ModbusDriver(board.link) if gateway == "GW-B" else OpcuaDriver(board.link)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateways.close)
            await stack.enter_async_context(driven(driver))
            await asyncio.sleep(1)
            needs = of_protocol(PROTOCOLS[gateway])[event]
            gateways.disturb(gateway, event, {need: VALUES[need] for need in needs})
            good, bad = list[float](), False
            for number in range(STEPS):
                plant.show(equipment, **{name: scale * said(number)})
                bad |= await _follow(gateways, clock, board, POINTS[gateway], good)
            gateways.disturb(gateway, "heal", {})
            for _ in range(int(BACK_S / STEP_S)):
                await _follow(gateways, clock, board, POINTS[gateway], good)
            last = board.value(POINTS[gateway]) / scale
            healed = bool(is_good(board.quality(POINTS[gateway])))
        return [each / scale for each in good], bad, last, healed

    found: tuple[list[float], bool, float, bool] = run(program, seed=1, packages=PACKAGES)
    return found


async def _follow(
    gateways: Gateways, clock: VirtualClock, board: Rig, point: str, good: list[float]
) -> bool:
    """Let a step pass, note what is shown as good, and return whether it was bad."""
    for _ in range(round(STEP_S / SHOW_S)):
        await gateways.refresh(clock.utc_ns())
        await asyncio.sleep(SHOW_S)
    if is_good(board.quality(point)):
        good.append(board.value(point))
    return bool(is_bad(board.quality(point)))


CASES = [
    pytest.param("GW-B", "dribble", marks=pytest.mark.fault("F04")),
    pytest.param("GW-B", "wrong_transaction", marks=pytest.mark.fault("F05")),
    pytest.param("GW-B", "wrong_unit", marks=pytest.mark.fault("F05")),
    pytest.param("GW-B", "wrong_function", marks=pytest.mark.fault("F06")),
    pytest.param("GW-B", "wrong_count", marks=pytest.mark.fault("F06")),
    pytest.param("GW-B", "wrong_length", marks=pytest.mark.fault("F06")),
    pytest.param("GW-B", "truncate", marks=pytest.mark.fault("F06")),
    pytest.param("GW-B", "garbage", marks=pytest.mark.fault("F07")),
    pytest.param("GW-B", "oversize", marks=pytest.mark.fault("F07")),
    pytest.param("GW-B", "late", marks=pytest.mark.fault("F08")),
    pytest.param("GW-B", "duplicate", marks=pytest.mark.fault("F10")),
    pytest.param("GW-B", "reorder", marks=pytest.mark.fault("F10")),
    pytest.param("OPC-B", "lose_session", marks=pytest.mark.fault("F13")),
    pytest.param("OPC-B", "lose_subscriptions", marks=pytest.mark.fault("F13")),
    pytest.param("OPC-B", "renumber", marks=pytest.mark.fault("F14")),
]
"""Words that are the case of one fault alone; the others follow."""
_NAMED = {case.values for case in CASES}
CASES += [
    pytest.param(gateway, event)
    for gateway in POINTS
    for event in words(gateway)
    if (gateway, event) not in _NAMED
]


@pytest.mark.parametrize(("gateway", "event"), CASES)
def test_nothing_false_is_good_and_all_comes_back(gateway: str, event: str) -> None:
    good, bad, last, healed = play(gateway, event)
    assert healed
    if event in UNSEEN:
        return
    assert last == pytest.approx(said(STEPS - 1), abs=1e-3)
    possible = {round(said(number), 3) for number in range(STEPS)}
    assert {round(each, 3) for each in good} <= possible
    course = [round(said(number), 3) for number in range(STEPS)]
    order = [course.index(round(each, 3)) for each in good]
    assert order == sorted(order), "an older value never replaces a newer one"
    if event in SILENT:
        assert bad


def test_all_words_are_here() -> None:
    assert {*words("GW-B")} >= {*OF_MODBUS}
    assert {*words("OPC-B")} >= {*OF_OPCUA}
