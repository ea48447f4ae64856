"""Where the daemon publishes, changed from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, with_broker_user, with_metrics

if TYPE_CHECKING:
    from pathlib import Path

HALL = load("ai_hall")


def test_nothing_said_changes_nothing() -> None:
    assert with_metrics(with_broker_user(HALL, None, None), None) is HALL


def test_the_secret_is_read_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    north = with_broker_user(HALL, "daemon", tmp_path / "secret").site.north
    assert (north.mqtt_user, north.mqtt_secret) == ("daemon", "open sesame")
    assert "sesame" not in repr(north)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("daemon", None, "cannot be read: .*secret: No such file"),
        ("daemon", b"", "empty"),
        ("daemon", b"\xff\xfe", "it is no text"),
        ("", b"x", "both a user and a secret file"),
    ],
)
def test_a_secret_that_cannot_be_had_is_refused(
    name: str, text: bytes | None, says: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "secret").write_bytes(text)
    with pytest.raises(ValueError, match=says):
        with_broker_user(HALL, name, tmp_path / "secret")


def test_a_user_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="both"):
        with_broker_user(HALL, "daemon", None)


def test_metrics_are_served_elsewhere() -> None:
    north = with_metrics(HALL, "0.0.0.0:9999").site.north
    assert (north.metrics_host, north.metrics_port) == ("0.0.0.0", 9999)


@pytest.mark.parametrize("address", ["9464", ":9464", "host:", "host:0", "host:65536", "host:x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="valid: host:port"):
        with_metrics(HALL, address)
