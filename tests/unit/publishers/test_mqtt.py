"""MQTT against a real mosquitto: what arrives, and what happens while the broker is away."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import aiomqtt
import pytest

from daemon.model.commands import JobNotice
from daemon.model.events import Event
from daemon.publishers import mqtt
from daemon.publishers.mqtt import MqttPublisher, finite, iso
from daemon.publishers.publisher import North
from tests.unit.drivers.board import PORT
from tests.unit.publishers.north import alarm, north, snapshot

BASE = "ridethrough/v1/board/"


@contextmanager
def broker(program: Callable[[str], str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [program("mosquitto"), "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def publishing(place: North) -> AsyncIterator[MqttPublisher]:
    publisher = MqttPublisher(place)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[dict[str, list[dict[str, Any]]]]:
    """Collect everything below the base topic, by topic."""
    heard: dict[str, list[dict[str, Any]]] = {}

    async def listen() -> None:
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", port) as client:
                    await client.subscribe(f"{BASE}#", qos=1)
                    async for message in client.messages:
                        topic = str(message.topic).removeprefix(BASE)
                        assert isinstance(message.payload, bytes)
                        heard.setdefault(topic, []).append(json.loads(message.payload))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], object], limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_alarms_events_summary_and_life_arrive(program: Callable[[str], str]) -> None:
    place = north()
    port = place.site.north.mqtt_port
    with broker(program, port):
        async with listening(port) as heard, publishing(place) as publisher:
            publisher.show(snapshot(place))
            publisher.tell(
                [alarm("B", value=float("nan")), Event(1, "52-1", "stage", "x", {"a": 1})]
            )
            publisher.tell([alarm("A")])
            await until(lambda: len(heard.get("alarm/event", [])) == 2)
            await until(lambda: {"event", "state", "alarm/snapshot"} <= set(heard))
            raised, cleared = heard["alarm/event"]
            assert (raised["id"], raised["state"], raised["priority"]) == ("x:52-1", "B", 1)
            assert raised["value"] is None, "JSON has no NaN"
            assert (raised["seq"], cleared["seq"]) == (1, 2)
            assert raised["boot_id"] == cleared["boot_id"] == "n1:7"
            assert heard["alarm/x:52-1/state"][-1]["state"] == "A"
            assert heard["event"][0]["fields"] == {"a": 1}
            ess = heard["state"][0]["equipment"]["ESS-1"]
            assert (ess["power_w"], ess["soc_pu"], ess["quality"]) == (None, 1.0, "bad")
            life = "daemon/n1/state"
            await until(lambda: len(heard[life]) >= 2)
            assert heard[life][1]["seq"] > heard[life][0]["seq"]
            assert heard[life][0]["role"] == "active"
        async with listening(port) as heard:
            await until(lambda: life in heard)
            assert heard[life][0]["role"] == "gone", "retained, and said on leaving"
            assert heard["alarm/x:52-1/state"][0]["state"] == "A", "retained"


@pytest.mark.fault("F81", "F82")
async def test_broker_that_goes_and_comes_back(program: Callable[[str], str]) -> None:
    said: list[str] = []
    place = north(PORT + 60, said)
    port = place.site.north.mqtt_port
    async with publishing(place) as publisher:
        await until(lambda: said)
        assert str(port) in said[0]
        publisher.tell([alarm("B")])
        with broker(program, port):
            async with listening(port) as heard:
                await until(lambda: "alarm/x:52-1/state" in heard)
                assert said[-1].endswith("is back")
        await until(lambda: len(said) == 3)
        publisher.tell([alarm("C"), alarm("A")])
        await asyncio.sleep(1.0)
        assert len(said) == 3, "said once"
        with broker(program, port):
            async with listening(port) as heard:
                await until(lambda: "daemon/n1/state" in heard, 15.0)
                await until(lambda: heard.get("alarm/x:52-1/state", [{}])[-1].get("state") == "A")
                assert heard["alarm/snapshot"][-1]["seq"] == 3
        assert publisher.dropped == 0


@pytest.mark.fault("F82", "F86")
async def test_outbox_is_bounded_and_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "OUTBOX", 10)
    publisher = MqttPublisher(north(PORT + 70))
    publisher.tell([alarm("B", f"x:{n}") for n in range(20)])
    assert publisher.dropped == 30
    assert [letter.body["seq"] for letter in publisher._outbox][-1] == 20


def test_values_fit_for_json() -> None:
    assert finite({"a": float("inf"), "b": (1, {"c": None}), "d": {1}}) == {
        "a": None,
        "b": [1, {"c": None}],
        "d": "{1}",
    }
    assert iso(1_700_000_000_000_000_001) == "2023-11-14T22:13:20.000000001Z"


def requested(load: str, at_ns: int) -> Event:
    fields = {
        "reason": "it is shed",
        "deadline_s": 300.0,
        "autonomy_s": 300.0,
        "shutdown_s": 60.0,
        "priority": 4,
        "known": True,
    }
    return Event(at_ns, load, "shutdown_requested", "text", fields)


@pytest.mark.fault("F56", "F81")
async def test_a_request_to_shut_down_stands_until_its_load_runs_again(
    program: Callable[[str], str],
) -> None:
    place = north(PORT + 80)
    port = place.site.north.mqtt_port
    async with publishing(place) as publisher:
        with broker(program, port):
            publisher.tell([requested("ROW-1", place.now_ns()), requested("ROW-2", 1)])
            async with listening(port) as heard:
                await until(lambda: {"shutdown/ROW-1", "shutdown/ROW-2"} <= set(heard), 15.0)
                body = heard["shutdown/ROW-1"][0]
                assert (body["load"], body["requested"], body["reason"]) == (
                    "ROW-1", True, "it is shed",
                )  # fmt: skip
                assert (body["deadline_s"], body["priority"]) == (300.0, 4)
                left_s = _seconds(body["t_deadline"]) - _seconds(body["t_detect"])
                assert left_s == pytest.approx(300.0)
            publisher.tell([Event(place.now_ns(), "ROW-2", "shutdown_over", "x", {})])
            async with listening(port) as heard:
                await until(lambda: "shutdown/ROW-2" in heard)
                await until(lambda: not heard["shutdown/ROW-2"][-1]["requested"])
                assert heard["shutdown/ROW-1"][0]["requested"], "retained, it is latched"
        with broker(program, port):  # it has forgotten everything
            async with listening(port) as heard:
                await until(lambda: "shutdown/ROW-1" in heard, 15.0)
                assert heard["shutdown/ROW-1"][0]["deadline_s"] == 300.0


def test_what_an_earlier_daemon_requested_is_denied_once_this_one_knows() -> None:
    place = north(PORT + 90)
    publisher = MqttPublisher(place)
    racks = [e.id for e in place.site.of_nature("rack_row", "it_rack")]
    first = snapshot(place)
    publisher.show(first)
    assert not publisher._outbox
    publisher.tell([requested(racks[0], place.now_ns())] if racks else [])
    later = dataclasses.replace(first.image, now_ns=first.image.now_ns + mqtt.KNOWS)
    for _ in range(2):
        publisher.show(dataclasses.replace(first, image=later))
    over = [x for x in publisher._outbox if x.topic.startswith("shutdown/")]
    denied = [x.topic.removeprefix("shutdown/") for x in over if not x.body["requested"]]
    assert denied == racks[1:], "once, and not what is requested now"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


def listener(place: North) -> tuple[North, list[JobNotice], list[tuple[Any, ...]]]:
    """Return a place that hears, what it heard, and what was put on record."""
    heard: list[JobNotice] = []
    recorded: list[tuple[Any, ...]] = []
    there = dataclasses.replace(
        place, hear=heard.append, record=lambda *what: recorded.append(what)
    )
    return there, heard, recorded


@asynccontextmanager
async def reaching(port: int) -> AsyncIterator[aiomqtt.Client]:
    """Be a client of a broker that may only just be starting."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(100):
            with contextlib.suppress(aiomqtt.MqttError):
                yield await stack.enter_async_context(aiomqtt.Client("127.0.0.1", port))
                return
            await asyncio.sleep(0.05)


def notice(id_: str, **other: Any) -> bytes:
    body = {"schema": 1, "id": id_, "action": "start", "at": "2030-01-01T00:00:00Z"}
    return json.dumps({**body, "power_w": 1e6, **other}).encode()


async def test_a_scheduler_is_heard_and_what_is_no_notice_is_refused(
    program: Callable[[str], str],
) -> None:
    place, heard, recorded = listener(north(PORT + 120))
    port = place.site.north.mqtt_port
    topic = f"{BASE}job/notice/slurm"
    with broker(program, port):
        async with publishing(place) as publisher:
            await until(lambda: publisher.published)
            async with aiomqtt.Client("127.0.0.1", port) as scheduler:
                await scheduler.publish(topic, notice("a"), qos=1)
                await scheduler.publish(topic, notice("b", power_w=-1), qos=1)
                await scheduler.publish(topic, b"\xff", qos=1)
                await scheduler.publish(topic, notice("c"), qos=1)
                await until(lambda: len(heard) == 2)
        assert [one.id for one in heard] == ["a", "c"]
        assert {one.user for one in heard} == {"slurm"}
        assert [what[0] for what in recorded] == ["job_notice_refused"] * 2
        assert [what[3]["interlock"] for what in recorded] == ["schema", "schema"]


async def test_a_retained_notice_and_a_flood_are_refused(program: Callable[[str], str]) -> None:
    place, heard, recorded = listener(north(PORT + 130))
    port = place.site.north.mqtt_port
    topic = f"{BASE}job/notice/slurm"

    def refused(name: str) -> int:
        return sum(what[3]["interlock"] == name for what in recorded)

    with broker(program, port):
        async with reaching(port) as scheduler:
            await scheduler.publish(topic, notice("old"), qos=1, retain=True)
            async with publishing(place):
                await until(lambda: refused("retained"))
                assert heard == []
                for k in range(5 * mqtt.NOTICES):
                    await scheduler.publish(topic, notice(f"j{k}"), qos=0)
                await until(lambda: len(heard) + refused("too_many") == 5 * mqtt.NOTICES)
    assert refused("too_many") > 0
    assert heard
