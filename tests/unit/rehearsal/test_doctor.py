"""What is wrong with an installation: each thing broken for real, and named."""

from __future__ import annotations

import os
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal import doctor
from daemon.rehearsal.doctor import FAIL, OK, WARN, Finding
from daemon.settings import load, with_hook

if TYPE_CHECKING:
    from pathlib import Path


def of(found: list[Finding], name: str) -> Finding:
    (one,) = [each for each in found if each.name == name]
    return one


def test_a_machine_without_a_plant_runs_and_says_what_is_silent(tmp_path: Path) -> None:
    found = doctor.examine("ai_hall", tmp_path)
    told = doctor.report(found)
    assert told["ok"]
    assert of(found, "timers").text.endswith("99th percentile") or of(found, "timers").mend
    assert of(found, "gateways").state == WARN
    assert "GW-IN" in of(found, "gateways").text
    assert of(found, "encryption").state == WARN
    text = "\n".join(doctor.lines(found))
    assert "-> start it, or name another with --mqtt" in text
    assert all(each.mend for each in found if each.state != OK)


def test_a_site_that_is_wrong_is_a_failure(tmp_path: Path) -> None:
    found = doctor.examine("nowhere", tmp_path)
    assert of(found, "site").state == FAIL
    assert "ai_hall" in of(found, "site").text
    assert not doctor.report(found)["ok"]


def test_a_port_that_is_taken_and_one_that_answers(tmp_path: Path) -> None:
    north = load("ai_hall").site.north
    with (
        socket.create_server((north.metrics_host, north.metrics_port)),
        socket.create_server((north.mqtt_host, north.mqtt_port)),
    ):
        found = doctor.examine("ai_hall", tmp_path)
    assert of(found, "metrics").state == FAIL
    assert f"sport = :{north.metrics_port}" in of(found, "metrics").mend
    assert of(found, "broker").state == OK


def test_a_state_folder_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = doctor.examine("ai_hall", tmp_path / ("x" * 120))
    assert of(found, "door").state == FAIL
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = doctor.examine("ai_hall", tmp_path)
    assert of(found, "state folder").state == FAIL


def test_too_few_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    found = of(doctor.examine("ai_hall", tmp_path), "file descriptors")
    assert found.state == FAIL
    assert found.mend.startswith("ulimit -n")


def test_a_disk_that_is_smaller_than_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "LIMIT", 1 << 60)
    found = of(doctor.examine("nowhere", tmp_path), "state folder")
    assert found.state == WARN
    assert "--record-limit" in found.mend


def test_a_hook_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, state in (("/bin/true", OK), (str(tmp_path), FAIL)):
        site_file = with_hook(load("traditional"), program)
        monkeypatch.setattr(doctor, "load", lambda _, found=site_file: found)
        assert of(doctor.examine("traditional", tmp_path), "shutdown hook").state == state
