"""What a person sees of a running daemon."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from typing import Any

import pytest
from rich.console import Console

from daemon.console import top
from daemon.model.quantities import SECOND
from tests.unit.publishers.north import north, snapshot
from tests.unit.publishers.test_prometheus import serving

NOW = 1_800_000_000 * SECOND
ROW = {
    "stage": "running", "power_w": 950e3, "power_cap_pu": 0.55, "racks_running_count": 8.0,
    "quality": "good", "nature": "rack_row",
}  # fmt: skip
SEEN: dict[str, Any] = {
    "t_ns": NOW,
    "ready": True,
    "name": "AI hall",
    "alarms_active": 1,
    "autonomy_s": {"ROW-1": 125.0},
    "equipment": {
        "ALTS-1": {"connected": "source_1", "quality": "good", "nature": "transfer_switch"},
        "DG-1": {"stage": "loaded", "power_w": -2e6, "fuel_l": 6900.0, "nature": "generator"},
        "UPS-A": {
            "stage": None, "output_power_w": None, "soc_pu": 0.42, "runtime_s": 600.0,
            "nature": "ups",
        },
        "ROW-1": ROW,
    },
    "buses": {
        "MVA": {"live": True, "voltage_pu": 0.994, "quality": "good"},
        "MVB": {"live": False, "voltage_pu": 0.0, "quality": "good"},
        "QA": {"live": True, "voltage_pu": 0.99, "quality": "bad"},
    },
    "schemes": {"CCTS-1": "on_alternate"},
    "tags": {"52-VCB-SA1": ["anna"]},
    "alarms": [
        {"priority": 1, "t_ns": NOW, "acknowledged": False, "text": "Utility lost", "id": "a"}
    ],
    "events": [{"t_ns": NOW - SECOND, "text": "DG-1: on the bus"}],
    "lanes": {
        "main": {"scans": 100, "overruns": 0, "stopped": "", "p99_at_most_s": 0.016},
    },
    "gateways_down": [],
}  # fmt: skip


def shown(seen: dict[str, Any], now_ns: int = NOW) -> str:
    console = Console(width=150, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(top.page(seen, now_ns))
    return capture.get()


def test_a_page_tells_what_matters() -> None:
    page = shown(SEEN)
    for words in (
        "AI hall", "ready", "load 950 kW", "source_1", "on_alternate", "-2,000 kW", "6,900 l",
        "42%", "10 min", "55%", "2 min", "0.994", "dead", "P1 new", "Utility lost",
        "tag on 52-VCB-SA1", "anna", "DG-1: on the bus", "100 scans, 0 missed, p99 <= 16 ms",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("?") == 3, "a stage, a power and a bus that nobody knows"
    assert "OLD" not in page


def test_what_is_wrong_with_the_daemon_stands_out() -> None:
    seen = deepcopy(SEEN)
    seen["lanes"]["main"]["stopped"] = "ValueError('x')"
    seen["gateways_down"] = ["GW-ROW1"]
    seen["ready"] = False
    page = shown(seen, NOW + 7 * SECOND)
    for words in ("7 s OLD", "silent: GW-ROW1", "main: ValueError", "not ready"):
        assert words in page, words
    assert "main STOPPED" in [*top.lines(seen, 0)][-1]


def test_lines_tell_what_is_new_and_then_how_it_stands() -> None:
    first = [*top.lines(SEEN, 0)]
    assert first[0].endswith("DG-1: on the bus")
    assert "load 950 kW" in first[1]
    assert "charge at least 42%" in first[1]
    assert len([*top.lines(SEEN, NOW)]) == 1


def test_an_address_that_is_none_is_said_in_one_sentence() -> None:
    with pytest.raises(top.UnreachableError, match="no daemon answers at http://plant:nine"):
        top.fetch("http://plant:nine")


async def test_a_running_daemon_is_asked_over_its_own_address(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = north()
    url = f"http://{place.site.north.metrics_host}:{place.site.north.metrics_port}"
    with pytest.raises(top.UnreachableError, match=url):
        top.fetch(url)
    async with serving(place) as publisher:
        assert await asyncio.to_thread(top.fetch, url) == {"ready": False}
        publisher.show(snapshot(place))
        wish = top.Wish(as_json=True)
        code = await asyncio.to_thread(top.top, url, wish, place.utc_ns, lambda _: None)
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["ok"]
    assert told["site"] == "board"
