"""Addresses of brokers as people write them, right and wrong."""

from __future__ import annotations

import pytest

from daemon.settings import broker_at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("mqtt://10.0.0.5", ("10.0.0.5", 1883)),
        ("mqtt://broker.example:1884/", ("broker.example", 1884)),
        ("broker:1884", ("broker", 1884)),
        ("mqtt://[::1]:1884", ("::1", 1884)),
    ],
)
def test_a_broker_is_named_by_url_or_host_and_port(text: str, at: tuple[str, int]) -> None:
    assert broker_at(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "", "broker", ":1883", "mqtt://", "mqtt://:1883", "http://broker:1883", "mqtt://b:70000",
        "broker:0", "broker:port", "mqtt://me:secret@broker", "mqtt://broker/topic", "mqtt://[::1",
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no broker \(valid: mqtt://host"):
        broker_at(text)
