"""Faults by hand: what is injected shows on the wire of a running demonstration, and heals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING

import pytest
from pymodbus.client import AsyncModbusTcpClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException

from daemon.model.natures import NATURES
from daemon.model.points import Register
from daemon.rehearsal import fault
from daemon.settings import load, shift_ports
from device_emulators.faults import hatch
from device_emulators.servers.modbus import ModbusGateway
from tests.integration.processes import Running, ridethrough, wait_for
from tests.small_board import MemoryPlant, free_port, small_board

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from daemon.model.plant import Device, Site

OFFSET = 3600
METER, BREAKER, GATEWAY = "M-MVA", "52-VCB-QA", "GW-DG1"
LIFE = "life_count"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demonstration in which nothing happens by itself."""
    command = ridethrough(
        "demo", "--scenario", "normal", "--for", "600", "--port-offset", str(OFFSET)
    )
    running = Running(command, tmp_path_factory.mktemp("fault") / "demo.log")
    try:
        running.await_line("everything is ready", timeout_s=120)
        yield running
        running.interrupt()
        running.end(60)
    finally:
        running.kill()
    assert not hatch.paths_of(hall()), "the socket goes with the desk"


def hall() -> Site:
    """Return the site of the demonstration."""
    return shift_ports(load("ai_hall"), OFFSET).site


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    """Return what the command said."""
    command = ridethrough("fault", *words, "--port-offset", str(OFFSET))
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def device_of(site: Site, id_: str) -> Device:
    """Return how equipment is served."""
    device = site.equipment[id_].device
    assert device is not None
    return device


def place_of(site: Site, id_: str, point: str) -> Register:
    """Return where a point stands in the map of its device."""
    place = site.profiles[device_of(site, id_).profile].points[point]
    assert isinstance(place, Register)
    return place


def shown(mbpoll: str, site: Site, id_: str, point: str) -> str:
    """Return what a foreign master reads of a point, as words."""
    device = device_of(site, id_)
    place = place_of(site, id_, point)
    command = [mbpoll, "-m", "tcp", "-p", str(site.gateways[device.gateway].port), "-0", "-1"]
    command += ["-a", str(device.unit), "-r", str(place.address), "-c", str(place.words)]
    result = subprocess.run(
        [*command, "-t", "3:hex", "127.0.0.1"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return " ".join(x.split()[-1] for x in result.stdout.splitlines() if x.startswith("["))


def test_a_frozen_meter_stands_still_on_the_wire_and_moves_again(
    demo: Running, program: Callable[[str], str]
) -> None:
    mbpoll, site = program("mbpoll"), hall()

    def seen(count: int) -> set[str]:
        """Return the powers shown while the meter counts its life on so often."""
        powers, lives = set[str](), set[str]()
        while len(lives) < count:
            lives.add(shown(mbpoll, site, METER, LIFE))
            powers.add(shown(mbpoll, site, METER, "power_w"))
            time.sleep(0.2)
        return powers

    assert len(seen(4)) > 1
    assert asked("inject", "--device", METER, "--kind", "freeze", "point=power_w").returncode == 0
    assert len(seen(4)) == 1
    assert f"{METER}: freeze power_w" in demo.output
    listed = asked("list")
    assert f"{METER} " in listed.stdout
    assert "freeze point=power_w" in listed.stdout
    assert asked("clear", "--device", METER, "--kind", "freeze").returncode == 0
    assert len(seen(4)) > 1
    assert "freeze" not in asked("list").stdout


def test_a_breaker_that_fails_to_open_does_not_obey_a_master_until_it_is_cleared(
    demo: Running,
) -> None:
    site = hall()
    device = device_of(site, BREAKER)
    client = ModbusTcpClient("127.0.0.1", port=site.gateways[device.gateway].port)
    assert client.connect()

    def position() -> int:
        place = place_of(site, BREAKER, "position")
        read = client.read_input_registers(place.address, count=1, device_id=device.unit)
        return int(read.registers[0] >> place.bit & 3)

    def order(number: int) -> None:
        code = NATURES["breaker"].points["command"].states.index("open")
        at = place_of(site, BREAKER, "command_epoch").address
        write = client.write_registers(at, [60_000, number, code], device_id=device.unit)
        assert not write.isError()

    try:
        assert position() == 2
        done = asked("inject", "--device", BREAKER, "--kind", "fail_to_open")
        assert done.returncode == 0, done.stderr
        order(1)
        for _ in range(10):
            assert position() == 2
            time.sleep(0.1)
        assert asked("clear", "--device", BREAKER).returncode == 0
        order(2)
        wait_for(lambda: position() == 1, 5.0, lambda: f"{BREAKER} is {position()}")
    finally:
        client.close()


def test_a_gateway_that_hangs_is_missed_by_the_daemon_and_found_again(demo: Running) -> None:
    answer = fault.ask(
        hall(), {"do": "inject", "device": GATEWAY, "kind": "hang", "values": {}, "for_s": 5.0}
    )
    assert answer["done_to"] == [GATEWAY]
    (standing,) = [each for each in answer["standing"] if each["device"] == GATEWAY]
    assert standing["ends_in_s"] == pytest.approx(5.0, abs=0.5)
    demo.await_line("daemon", GATEWAY, "no reply", timeout_s=30)
    demo.await_line("daemon", GATEWAY, "answers again", timeout_s=30)
    assert not [e for e in fault.ask(hall(), {"do": "list"})["standing"] if e["device"] == GATEWAY]


def test_what_cannot_be_done_is_said_with_what_can(demo: Running) -> None:
    for words, said in (
        (("--device", "M-XYZ", "--kind", "freeze"), "nothing here is called M-XYZ (valid: "),
        (
            ("--device", METER, "--kind", "fail_to_open"),
            "fail_to_open can be done to a meter (valid: ",
        ),
        (
            ("--device", METER, "--kind", "freeze", "point=soc_pu"),
            "a meter shows no soc_pu (valid: ",
        ),
        (("--device", METER, "--kind", "freeze"), "freeze needs point"),
        (
            ("--device", "daemon", "--kind", "pause", "for_s=1"),
            "pause can be done to daemon in virtual time only",
        ),
    ):
        found = asked("inject", *words)
        assert found.returncode == 1
        assert said in found.stderr
    assert asked("list", "--json").stdout.startswith('{"ok": true, "site": "ai_hall"')


def test_nobody_else_can_ask_and_another_desk_is_another_socket(
    demo: Running, tmp_path: Path
) -> None:
    (path,) = hatch.paths_of(hall())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_uid == os.getuid()
    other = shift_ports(load("ai_hall"), OFFSET + 100).site
    with pytest.raises(ConnectionError, match=f"desks of this user.*{path.stem}"):
        fault.ask(other, {"do": "list"})


async def test_the_proxy_as_a_command_takes_faults_by_the_line() -> None:
    plant, site = MemoryPlant(), small_board(modbus_port=free_port())
    plant.show("52-A", source_voltage_v=3300.0)
    gateway = ModbusGateway(site, site.gateways["GW-B"], plant)
    await gateway.start()
    command = ridethrough("fault", "proxy", "--listen", "0", "--to", f"127.0.0.1:{gateway.port}")
    process = await asyncio.create_subprocess_exec(
        *command, "--kind", "slow", "latency_s=0.001", stdin=PIPE, stdout=PIPE
    )
    to, from_ = process.stdin, process.stdout
    assert to is not None
    assert from_ is not None

    async def told(line: str) -> str:
        to.write(f"{line}\n".encode())
        return (await from_.readline()).decode().strip()

    try:
        begun = (await from_.readline()).decode().split()
        assert begun[1:] == ["->", f"127.0.0.1:{gateway.port}", "slow"]
        port = int(begun[0].rpartition(":")[2])
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.3, retries=0)
        assert await client.connect()
        assert (await client.read_input_registers(1, device_id=2)).registers == [6600]
        assert await told("wrong_unit") == "wrong_unit"
        with pytest.raises(ModbusException):
            await client.read_input_registers(1, device_id=2)
        assert "nothing called renumber can be done here" in await told("renumber")
        assert await told("heal") == "heal"
        assert await client.connect()
        assert (await client.read_input_registers(1, device_id=2)).registers == [6600]
        client.close()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await gateway.stop()
