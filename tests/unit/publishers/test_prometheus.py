"""The exposition, read by the library's own parser over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families

from daemon import settings
from daemon.model.events import Event
from daemon.model.image import blank, freeze
from daemon.model.points import tabulate
from daemon.publishers.catalogue import families
from daemon.publishers.plant_lines import SLICE, PlantLines
from daemon.publishers.prometheus import PrometheusPublisher
from daemon.publishers.publisher import North
from tests.unit.publishers.north import north, snapshot


@asynccontextmanager
async def serving(place: North) -> AsyncIterator[PrometheusPublisher]:
    publisher = PrometheusPublisher(place)
    task = asyncio.create_task(publisher.run())
    await asyncio.sleep(0)
    try:
        yield publisher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def get(place: North, path: str, accept: str = "*/*") -> tuple[int, str]:
    site = place.site.north
    reader, writer = await asyncio.open_connection(site.metrics_host, site.metrics_port)
    writer.write(f"GET {path} HTTP/1.0\r\nAccept: {accept}\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


async def test_everything_is_exposed_and_parses() -> None:
    place = north()
    async with serving(place) as publisher:
        publisher.show(snapshot(place, 6600.0))
        code, body = await get(place, "/metrics")
    assert code == 200
    samples = {
        (s.name, *sorted(s.labels.items())): s.value
        for family in text_string_to_metric_families(body)
        for s in family.samples
    }

    def value(name: str, **labels: str) -> float:
        return samples[(name, *sorted(labels.items()))]

    assert value("ridethrough_source_voltage_v", equipment="52-1", nature="breaker") == 6600.0
    assert value("ridethrough_point_quality", equipment="ESS-1", point="power_w") == 2.0
    assert value("ridethrough_point_quality", equipment="ESS-1", point="soc_pu") == 0.0
    assert value("ridethrough_point_age_seconds", equipment="52-1", point="position") == 0.0
    assert value("ridethrough_alarms_active", priority="1") == 1.0
    assert value("ridethrough_alarms_active", priority="2") == 0.0
    assert value("ridethrough_autonomy_seconds", load="ROW-1", path="all") == 90.0
    assert value("ridethrough_fuel_endurance_seconds", set="DG-1") == 7200.0
    assert value("ridethrough_fuel_endurance_seconds", set="all") == 3600.0
    assert value("ridethrough_autonomy_seconds", load="ROW-1", path="DB1") == 60.0
    assert value("ridethrough_reserve_wh", load="ROW-1", path="DB1") == 500.0
    assert value("ridethrough_n_minus_1_lost_loads", contingency="TX-1") == 2
    assert value("ridethrough_n_minus_1_seconds", contingency="TX-1") == 5.0
    assert value("ridethrough_n_minus_1_seconds", contingency="none") == float("inf")
    assert value("ridethrough_n_minus_1_overloaded", contingency="TX-1") == 0
    assert value("ridethrough_scan_duration_seconds_count", lane="main") == 5.0
    assert value("ridethrough_scan_duration_seconds_bucket", lane="main", le="0.001") == 0.0
    assert value("ridethrough_scan_duration_seconds_bucket", lane="main", le="0.002") == 5.0
    assert value("ridethrough_gateway_polls_total", gateway="GW") == 12.0
    assert value("ridethrough_gateway_latency_seconds", gateway="GW") == 0.002
    assert value("ridethrough_commands_total", result="acknowledged") == 3.0
    assert value("ridethrough_task_restarts_total") == 1.0
    assert value("ridethrough_build_info", version="0", site="board", node="n1", epoch="7") == 1.0


async def test_who_asks_for_openmetrics_gets_the_same_values() -> None:
    place = north()
    async with serving(place) as publisher:
        publisher.show(snapshot(place, 6600.0))
        publisher.tell([Event(1, "x", "scan_overrun", "x", {})])
        _, plain = await get(place, "/metrics")
        code, body = await get(place, "/metrics", "application/openmetrics-text; version=1.0.0")
    assert code == 200
    assert body.endswith("# EOF\n")
    both = [
        {
            (s.name, *sorted(s.labels.items())): s.value
            for family in read
            for s in family.samples
            if not s.name.startswith("process_")  # the second answer costs time and memory too
        }
        for read in (
            text_string_to_metric_families(plain),
            open_families(body),  # type: ignore[no-untyped-call]
        )
    ]
    assert both[0] == both[1]
    assert both[0]["ridethrough_events_total", ("event", "scan_overrun")] == 1.0
    assert both[0]["ridethrough_scheme_stage", ("scheme", "CCTS-1"), ("stage", "on_main")] == 1.0
    assert both[0]["ridethrough_load_volatility_stage", ("stage", "initial")] == 1.0
    limit = ("limit", "demand"), ("rules", "contract")
    assert both[0]["ridethrough_compliance_margin_pu", *limit] == -0.1
    assert both[0]["ridethrough_compliance_violations_total", *limit] == 2.0
    assert both[0]["ridethrough_demand_watts", ("what", "aim")] == 5.5e6
    assert both[0]["ridethrough_demand_policy", ("policy", "ratchet")] == 1.0
    assert both[0]["ridethrough_shaving_reserve_wh", ("store", "ESS-1")] == 1.2e6
    assert both[0]["ridethrough_forecast_pinball_watts", ("forecast", "rules")] == 1e5
    assert both[0]["ridethrough_alarm_class_active", ("alarm_class", "x")] == 1.0


async def test_every_line_is_in_the_catalogue_with_its_labels() -> None:
    place = north()
    known = {family.name: family for family in families(place.site)}
    async with serving(place) as publisher:
        publisher.show(snapshot(place))
        _, body = await get(place, "/metrics")
    for read in text_string_to_metric_families(body):
        for sample in read.samples:
            name = re.sub("_(bucket|sum|count)$", "", sample.name)
            family = known[name if name in known else sample.name]
            extra = {"le"} if sample.name.endswith("_bucket") else set()
            if family.kind != "info":
                assert set(sample.labels) - extra == set(family.labels), sample.name
            assert family.text.endswith("."), family.text


def test_slices_hold_every_line_once_and_change_with_their_numbers() -> None:
    hall = settings.load("ai_hall").site
    points = tabulate(hall)
    lines = PlantLines(hall, points)
    image = blank(len(points), 0, 0)
    first = [*lines.render(image)]
    assert max(part.count(b"\n") for part in first) <= SLICE + 2 * len(lines.families)
    heads = re.findall(rb"^# TYPE (\S+)", b"".join(first), re.MULTILINE)
    assert sorted(heads) == sorted(family.name.encode() for family in lines.families)
    place = points.index("52-VCB-MA", "current_a")
    values = image.values.copy()
    values[place] = 123.5
    moved = freeze(0, 0, values, image.quality, image.source_ns)
    again = [*lines.render(moved)]
    assert sum(a != b for a, b in zip(first, again, strict=True)) == 1
    wanted = b'ridethrough_current_a{equipment="52-VCB-MA",nature="breaker"} 123.5\n'
    assert wanted in b"".join(again)
    assert [*lines.render(image)] == first


async def test_transfers_are_counted_and_the_stages_of_the_last_one_shown() -> None:
    place = north()
    stages = [{"name": "loss", "at_s": 0.0}, {"name": "load_accepted", "at_s": 9.9}]
    report = {"kind": "outage", "ok": True, "stages": stages}
    async with serving(place) as publisher:
        publisher.show(snapshot(place))
        publisher.tell([Event(1, "transfer", "transfer_report", "x", report)] * 2)
        failed = {"kind": "sag", "ok": False, "stages": stages[:1]}
        publisher.tell([Event(2, "transfer", "transfer_report", "x", failed)])
        _, body = await get(place, "/metrics")
    assert 'ridethrough_transfers_total{kind="outage",outcome="pass"} 2.0' in body
    assert 'ridethrough_transfers_total{kind="sag",outcome="fail"} 1.0' in body
    assert 'ridethrough_transfer_stage_seconds{stage="loss"} 0.0' in body
    assert "load_accepted" not in body


async def test_no_family_stands_twice() -> None:
    place = north()
    async with serving(place) as publisher:
        publisher.show(snapshot(place))
        _, body = await get(place, "/metrics")
    names = [line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


async def test_liveness_and_readiness() -> None:
    place = north()
    async with serving(place) as publisher:
        assert (await get(place, "/livez"))[0] == 503
        publisher.show(snapshot(place, ready=False))
        assert (await get(place, "/livez"))[0] == 200
        assert (await get(place, "/readyz"))[0] == 503
        publisher.show(snapshot(place))
        assert await get(place, "/readyz") == (200, "ok\n")
        silent = snapshot(place)
        silent.gateways["GW"].connected = False
        publisher.show(silent)
        assert await get(place, "/readyz") == (200, "ok without GW\n")
        stopped = snapshot(place)
        stopped.lanes["main"].stopped = "a defect"
        publisher.show(stopped)
        code, body = await get(place, "/readyz")
        assert code == 503
        assert "main" in body
        assert (await get(place, "/nothing"))[0] == 404


@pytest.mark.fault("F85")
async def test_many_scrapes_cost_one_rendering() -> None:
    place = north()
    async with serving(place) as publisher:
        publisher.show(snapshot(place))
        first = publisher.page()
        publisher.show(snapshot(place, 2.0))
        assert publisher.page() is first
        codes = [
            code for code, _ in await asyncio.gather(*(get(place, "/metrics") for _ in range(60)))
        ]
        assert 200 in codes
        assert set(codes) <= {0, 200}, "the rest is turned away"


@pytest.mark.fault("F104")
async def test_client_that_never_asks_does_not_keep_the_server_from_ending() -> None:
    place = north()
    async with serving(place):
        site = place.site.north
        _, writer = await asyncio.open_connection(site.metrics_host, site.metrics_port)
        await asyncio.sleep(0.1)
    writer.close()


async def test_busy_port_is_named() -> None:
    place = north()
    site = place.site.north
    busy = socket.create_server((site.metrics_host, site.metrics_port))
    with busy, pytest.raises(OSError, match=str(site.metrics_port)):
        PrometheusPublisher(place)
