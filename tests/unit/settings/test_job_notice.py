"""What a scheduler says over the wire: taken as it is, or refused with all that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.model.commands import JobNotice
from daemon.settings import schema
from daemon.settings.job_notice import LARGEST, NoticeError, job_notice

GOOD = {
    "schema": 1,
    "id": "job-7",
    "action": "start",
    "at": "2026-11-23T02:00:00.25+01:00",
    "power_w": 4.5e6,
}
AT_NS = 1_795_395_600_250_000_000


def said(**other: Any) -> bytes:
    """Return a notice with something else in it; what is None is left out."""
    body = {name: value for name, value in {**GOOD, **other}.items() if value is not None}
    return json.dumps(body).encode()


def test_a_notice_says_who_what_when_and_how_much() -> None:
    assert job_notice(said(), "slurm") == JobNotice("job-7", "slurm", "start", AT_NS, 4.5e6)
    assert job_notice(said(action="stop"), "slurm").action == "stop"


def test_a_notice_is_taken_back_by_its_id_alone() -> None:
    text = said(action="cancel", at=None, power_w=None)
    assert job_notice(text, "slurm") == JobNotice("job-7", "slurm", "cancel", 0, 0.0)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (b"", "schema", "JSON"),
        (b"\xff\xfe", "schema", "JSON"),
        (b"[]", "schema", "object"),
        (b" " * (LARGEST + 1), "too_large", "4097 bytes"),
        (said(action="pause"), "schema", "'start', 'stop'"),
        (said(schema=2), "schema", "schema"),
        (said(at=None, power_w=None), "schema", "start.at"),
        (said(at="2026-11-23T02:00:00"), "schema", "timezone"),
        (said(at="soon"), "schema", "start.at"),
        (said(power_w=-1), "schema", "greater than 0"),
        (said(power_w="lots"), "schema", "start.power_w"),
        (said().replace(b"4500000.0", b"1e999"), "schema", "finite"),
        (said(id="../x"), "schema", "start.id"),
        (said(id="x" * 65), "schema", "start.id"),
        (said(command="open"), "schema", "start.command"),
    ],
)
def test_what_is_no_notice_is_refused_with_its_reason(text: bytes, name: str, words: str) -> None:
    with pytest.raises(NoticeError) as refused:
        job_notice(text, "slurm")
    assert refused.value.name == name
    assert words in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(NoticeError, match=r"start\.at.*start\.power_w"):
        job_notice(said(at="soon", power_w=0), "slurm")


def test_the_schema_says_what_is_taken() -> None:
    made = schema("job-notice")
    kinds = {name: made["$defs"][name] for name in ("JobForm", "CancelForm")}
    assert kinds["JobForm"]["required"] == ["schema", "id", "action", "at", "power_w"]
    assert kinds["CancelForm"]["required"] == ["schema", "id", "action"]
    assert all(kind["additionalProperties"] is False for kind in kinds.values())
