"""What programs that are not ours see of an outage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.outage import QUERIES

if TYPE_CHECKING:
    from daemon.model.plant import Site
    from tests.integration.outage import Outage

pytestmark = pytest.mark.timeout(400)


def test_a_subscriber_hears_the_outage_raised_and_over(outage: Outage, site: Site) -> None:
    topic = f"ridethrough/v1/{site.id}/alarm/outage-confirmed:{site.id}/state"
    heard = [json.loads(text) for name, text in outage.messages if name == topic]
    assert [body["active"] for body in heard][:1] == [True]
    assert not heard[-1]["active"]
    first = heard[0]
    assert (first["priority"], first["state_name"]) == (1, "unacknowledged")
    assert first["text"]
    assert first["response"]


def test_a_subscriber_sees_the_plant_and_that_the_daemon_leaves(outage: Outage, site: Site) -> None:
    base = f"ridethrough/v1/{site.id}"
    states = [json.loads(text) for name, text in outage.messages if name == f"{base}/state"]
    stages = {body["equipment"]["DG-1"]["stage"] for body in states}
    assert stages >= {"stopped", "cranking", "loaded"}
    lives = [
        json.loads(text) for name, text in outage.messages if name.startswith(f"{base}/daemon/")
    ]
    assert lives[-1]["role"] == "gone"
    beats = [body["seq"] for body in lives]
    assert beats == sorted(beats)


def test_every_transition_is_published_in_order(outage: Outage, site: Site) -> None:
    topic = f"ridethrough/v1/{site.id}/alarm/event"
    numbers = [json.loads(text)["seq"] for name, text in outage.messages if name == topic]
    assert len(numbers) > 10
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_prometheus_scrapes_and_answers_with_values_of_the_plant(outage: Outage) -> None:
    lowest, highest, scrapes = (float(outage.queries[q][0]["value"][1]) for q in QUERIES)
    assert lowest == 0.0
    assert highest == pytest.approx(6600.0, rel=0.05)
    assert scrapes > 60


def test_a_foreign_modbus_master_sees_the_intake_open(outage: Outage) -> None:
    assert [position for _, position in outage.positions] == ["closed", "open"]
